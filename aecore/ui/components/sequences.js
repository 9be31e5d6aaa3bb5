// The validation sequences of a training run, a cell each: the original as a thin line, the reconstruction over it as a thick one,
// and where the training corrupts, what the network was given as dots. Channels lie one above the other.
// Needs canvas.js.

const [NARROWEST_CELL, CELL_GAP] = [230, 18]
const [LANE_HEIGHT, LANE_PAD, LEGEND_HEIGHT] = [{ one: 92, several: 52 }, 6, 30]
const MOST_CELLS = 12

const isSequences = (size) => size.height === 1

// How many cells there are room for and how large they are, in CSS pixels; whole rows of them.
function cellsFor(room, { count, channels }) {
  const columns = Math.max(1, Math.floor((room + CELL_GAP) / (NARROWEST_CELL + CELL_GAP)))
  const shown = Math.min(count, MOST_CELLS, columns === 1 ? 4 : MOST_CELLS)
  const rows = Math.ceil(shown / columns)
  const width = (room - (columns - 1) * CELL_GAP) / columns
  const lane = channels === 1 ? LANE_HEIGHT.one : LANE_HEIGHT.several
  const height = channels * lane
  return { columns, shown, rows, width, lane, height, total: LEGEND_HEIGHT + rows * height + (rows - 1) * CELL_GAP }
}

// bytes: 0..255 of all sequences, one after the other, channel by channel. Calls with the place of each time step.
function eachStep(bytes, { channels, width }, cell, channel, visit) {
  const start = (cell * channels + channel) * width
  for (let step = 0; step < width; step++) visit(step / Math.max(1, width - 1), 1 - bytes[start + step] / 255)
}

function drawSequences(canvas, theme, size, { originals, corrupted, reconstructions }) {
  const plan = cellsFor(canvas.clientWidth, size)
  canvas.style.height = `${Math.ceil(plan.total)}px`
  const { pen } = penFor(canvas)
  legendOfSequences(pen, theme, Boolean(corrupted))
  for (let cell = 0; cell < plan.shown; cell++) {
    const left = (cell % plan.columns) * (plan.width + CELL_GAP)
    const top = LEGEND_HEIGHT + Math.floor(cell / plan.columns) * (plan.height + CELL_GAP)
    pen.save()
    pen.beginPath()
    pen.roundRect(left, top, plan.width, plan.height, 6)
    pen.fillStyle = theme.surface
    pen.fill()
    pen.clip()
    for (let channel = 0; channel < size.channels; channel++) {
      const lane = { left, top: top + channel * plan.lane + LANE_PAD, width: plan.width, height: plan.lane - 2 * LANE_PAD }
      if (corrupted) dotSteps(pen, theme, lane, corrupted, size, cell, channel)
      if (originals) strokeSteps(pen, lane, originals, size, cell, channel, { colour: theme.text, width: 1.25, alpha: 0.75 })
      if (reconstructions) {
        strokeSteps(pen, lane, reconstructions, size, cell, channel, { colour: theme.primary, width: 2.25, alpha: 0.95 })
      }
    }
    pen.restore()
  }
}

function strokeSteps(pen, lane, bytes, size, cell, channel, { colour, width, alpha }) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: width, globalAlpha: alpha, lineJoin: "round" })
  pen.beginPath()
  eachStep(bytes, size, cell, channel, (x, y) => pen.lineTo(lane.left + x * lane.width, lane.top + y * lane.height))
  pen.stroke()
  pen.globalAlpha = 1
}

function dotSteps(pen, theme, lane, bytes, size, cell, channel) {
  Object.assign(pen, { fillStyle: theme.text, globalAlpha: 0.35 })
  eachStep(bytes, size, cell, channel, (x, y) => pen.fillRect(lane.left + x * lane.width - 1, lane.top + y * lane.height - 1, 2, 2))
  pen.globalAlpha = 1
}

function legendOfSequences(pen, theme, hasCorrupted) {
  const entries = [["Original", theme.text, 1.25], ["Reconstruction", theme.primary, 2.5]]
  let x = 0
  for (const [name, colour, width] of entries) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width })
    pen.beginPath()
    pen.moveTo(x, 11)
    pen.lineTo(x + 22, 11)
    pen.stroke()
    write(pen, theme, name, x + 29, 11, { size: 14, quiet: false })
    x += 29 + widthOf(pen, theme, name, 14) + 22
  }
  if (hasCorrupted) write(pen, theme, "dots: what it was given", x, 11, { size: 14 })
}
