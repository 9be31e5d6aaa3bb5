// A small line chart: thin lines for training, thick ones for validation, a logarithmic axis where values span much.
// Needs numbers.js, canvas.js and curve.js.

const SPANS_MUCH = 5 // the largest value is more than so many times the smallest
const PAD = { top: 10, bottom: 34, right: 10 }

// curves: [{x, train, validationX, validation, colour}]; span: [from, to] across; marks: [{at, title}] to write at the top;
// at: where the crosshair stands, or null. Returns {toX, isEmpty} for whoever reads values off.
function drawSmallChart(canvas, theme, { curves, span, across, emptyText, marks = [], at = null }) {
  const { pen, width, height } = penFor(canvas)
  const values = curves.flatMap(({ train, validation }) => [train, validation])
  const plain = rangeOf(values, false)
  if (!plain) {
    writeInTheMiddle(pen, theme, emptyText, width, height)
    return { toX: null }
  }
  const least = Math.min(...values.map((list) => list.reduce((low, value) => (value < low ? value : low), Infinity)))
  const isLog = least > 0 && plain[1] > SPANS_MUCH * least
  const range = isLog ? rangeOf(values, true) : plain
  const yTicks = (isLog ? logTicks : roundTicks)(...range, Math.max(2, height / 60))
  const yTexts = tickTexts(yTicks)
  const left = Math.ceil(Math.max(...yTexts.map((text) => widthOf(pen, theme, text)))) + 10
  const box = { left, right: width - PAD.right, top: PAD.top + (marks.length ? 16 : 0), bottom: height - PAD.bottom }
  const toX = makeScale(...span, box.left, box.right)
  const toY = makeScale(...range, box.bottom, box.top, isLog)
  yTicks.forEach((tick, i) => {
    rule(pen, theme, box.left, toY(tick), box.right, toY(tick), 0.1)
    write(pen, theme, yTexts[i], box.left - 8, toY(tick), { align: "right" })
  })
  drawAcross(pen, theme, box, span, toX, across, height)
  for (const [i, mark] of marks.entries()) {
    const next = marks[i + 1] ? toX(marks[i + 1].at) : box.right
    if (i) rule(pen, theme, toX(mark.at), PAD.top, toX(mark.at), box.bottom, 0.35)
    const room = next - toX(mark.at) - 8
    if (widthOf(pen, theme, mark.title) <= room) write(pen, theme, mark.title, toX(mark.at) + 5, PAD.top + 4)
    else if (widthOf(pen, theme, String(i + 1)) <= room) write(pen, theme, String(i + 1), toX(mark.at) + 5, PAD.top + 4)
  }
  for (const { x, train, validationX, validation, colour } of curves.toReversed()) {
    strokeLine(pen, x.map(toX), train.map(toY), colour, 1.25, 0.6)
    strokeLine(pen, validationX.map(toX), validation.map(toY), colour, 2.75, 1)
  }
  if (at !== null) rule(pen, theme, toX(at), box.top, toX(at), box.bottom, 0.5)
  return { toX }
}

function drawAcross(pen, theme, box, span, toX, across, height) {
  rule(pen, theme, box.left, box.bottom, box.right, box.bottom, 0.3)
  const ticks = roundTicks(...span, Math.max(2, (box.right - box.left) / 80)).filter(Number.isInteger).map(Math.abs) // no “−0”
  const name = widthOf(pen, theme, across)
  write(pen, theme, across, box.right, height - 8, { align: "right" })
  for (const tick of ticks) {
    const text = countText(tick)
    const half = widthOf(pen, theme, text) / 2
    rule(pen, theme, toX(tick), box.bottom, toX(tick), box.bottom + 4, 0.3)
    if (toX(tick) + half < box.right - name - 8 || tick === ticks[0]) {
      write(pen, theme, text, toX(tick), height - 8, { align: "center" })
    }
  }
}

function strokeLine(pen, xs, ys, colour, lineWidth, alpha) {
  pen.save()
  Object.assign(pen, { strokeStyle: colour, lineWidth, globalAlpha: alpha, lineJoin: "round", lineCap: "round" })
  pen.beginPath()
  traceCurve(pen, xs, ys)
  pen.stroke()
  pen.restore()
}
