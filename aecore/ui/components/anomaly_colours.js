// What stands for what, the same in every drawing of this view. Needs canvas.js.

// The kinds of cases, in the order in which their bars lie over each other: their label, name, place in the palette of the theme.
const KINDS = [
  { label: -1, name: "not labelled", colour: 3, look: "dotted" },
  { label: 0, name: "normal", colour: 0, look: "filled" },
  { label: 1, name: "anomalous", colour: 6, look: "hatched" },
]
const ANOMALY_COLOUR = 6

// Inferno (Smith & van der Walt 2015, public domain): its lightness grows evenly, for colour-blind readers too.
const RAMP = ["#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06", "#f7d13d", "#fcffa4"]
const RAMP_STEPS = 256

// Red, green, blue, opacity of no error up to the largest.
function errorColours() {
  const canvas = make("canvas", { width: RAMP_STEPS, height: 1 })
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  const colours = pen.createLinearGradient(0, 0, RAMP_STEPS, 0)
  RAMP.forEach((colour, i) => colours.addColorStop(i / (RAMP.length - 1), colour))
  pen.fillStyle = colours
  pen.fillRect(0, 0, RAMP_STEPS, 1)
  return pen.getImageData(0, 0, RAMP_STEPS, 1).data
}

// Stripes to fill an area with that has a colour and must be told from another without it.
function hatching(pen, colour, ratio) {
  const side = Math.round(7 * ratio)
  const tile = make("canvas", { width: side, height: side })
  const brush = tile.getContext("2d")
  Object.assign(brush, { strokeStyle: colour, lineWidth: 2 * ratio, lineCap: "square" })
  brush.beginPath()
  for (const shift of [-side, 0, side]) {
    brush.moveTo(shift, side)
    brush.lineTo(shift + side, 0)
  }
  brush.stroke()
  const pattern = pen.createPattern(tile, "repeat")
  pattern.setTransform(new DOMMatrix().scale(1 / ratio))
  return pattern
}
