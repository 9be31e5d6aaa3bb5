// How classes look on every map: a colour, and where there are more than ten, another shape.

const MARKERS = ["circle", "square", "triangle"] // from the eleventh class on, colours repeat with another marker

const colourOf = (theme, kind) => theme.palette[kind % theme.palette.length]

const markerOf = (theme, kind) => MARKERS[Math.floor(kind / theme.palette.length) % MARKERS.length]

function traceMarker(pen, marker, x, y, radius) {
  if (marker === "circle") {
    pen.moveTo(x + radius, y)
    pen.arc(x, y, radius, 0, 2 * Math.PI)
  } else if (marker === "square") {
    pen.rect(x - 0.9 * radius, y - 0.9 * radius, 1.8 * radius, 1.8 * radius)
  } else {
    pen.moveTo(x, y - 1.25 * radius)
    pen.lineTo(x + 1.15 * radius, y + 0.85 * radius)
    pen.lineTo(x - 1.15 * radius, y + 0.85 * radius)
    pen.closePath()
  }
}
