// How the arms of a sweep look: a colour for each, and for each objective a shape. Needs canvas.js.

// The path of a mark around a place; radius: of a circle of about the same area.
function traceMark(pen, objective, x, y, radius) {
  pen.beginPath()
  if (objective === "kl") pen.arc(x, y, radius, 0, 2 * Math.PI)
  else if (objective === "total-correlation") pen.rect(x - 0.89 * radius, y - 0.89 * radius, 1.78 * radius, 1.78 * radius)
  else {
    const reach = 1.3 * radius
    pen.moveTo(x, y - reach)
    pen.lineTo(x + reach, y)
    pen.lineTo(x, y + reach)
    pen.lineTo(x - reach, y)
    pen.closePath()
  }
}

// The same mark beside a text.
function makeMark({ objective, colour }) {
  const mark = make("i", { className: "mark", dataset: { objective } })
  mark.style.setProperty("--colour", colour)
  return mark
}
