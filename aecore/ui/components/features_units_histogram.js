// A histogram with lines at values that matter. Needs canvas.js, numbers.js, curve.js and
// features_units_layer.js, svg_pen.js and save_chart.js.

const TEXT = 14 // pixels
const MARK_ROW = 20 // of each line's text, above the bars
const LEAST_COUNT = 0.5 // where a logarithmic axis begins, so that a bar of one is seen

// histogram: {values, axis: [low, high], parts, across: what lies along the axis, up: what is counted, isLog: whether counts are
// drawn by their logarithm, marks: [{at, text, colour, isDashed}]}. Leaves the counts where tests find them.
function drawHistogram(canvas, theme, histogram) {
  paintHistogram(canvas, theme, histogram)
  const { up, across, marks = [] } = histogram
  const upwards = `${up[0].toUpperCase()}${up.slice(1)}`
  keepDrawing(canvas, {
    paint: () => paintHistogram(canvas, theme, histogram),
    theme: () => theme,
    title: () => [`${upwards} by ${across}`, ...marks.map(({ text }) => text)].join(", "),
  })
}

function paintHistogram(canvas, theme, { values, axis: [low, high], parts, across, up, isLog = false, marks = [] }) {
  const { pen, width, height } = penFor(canvas)
  if (!width) return
  const counts = histogramOf(values, low, high, parts)
  canvas.dataset.counts = counts.join(" ")
  const most = Math.max(1, ...counts)
  const ticks = isLog ? powersUpTo(most) : roundTicks(0, most, 4).filter(Number.isInteger)
  const texts = ticks.map((tick) => countText(tick || 0)) // the first may be −0
  const left = Math.ceil(Math.max(...texts.map((text) => widthOf(pen, theme, text, TEXT)))) + 30
  const box = { left, right: width - 8, top: 6 + MARK_ROW * marks.length, bottom: height - 44 }
  const toX = makeScale(low, high, box.left, box.right)
  const place = isLog ? (count) => Math.log(Math.max(count, LEAST_COUNT)) : (count) => count
  const toY = makeScale(place(0), place(most), box.bottom, box.top)

  ticks.forEach((tick, i) => {
    rule(pen, theme, box.left, toY(place(tick)), box.right, toY(place(tick)), 0.1)
    write(pen, theme, texts[i], box.left - 7, toY(place(tick)), { size: TEXT, align: "right" })
  })
  pen.fillStyle = theme.palette[0]
  const wide = (box.right - box.left) / parts
  counts.forEach((count, i) => {
    const top = toY(place(count))
    if (count) pen.fillRect(box.left + i * wide + 0.5, top, Math.max(1, wide - 1), box.bottom - top)
  })
  rule(pen, theme, box.left, box.bottom, box.right, box.bottom, 0.4)
  const xTicks = roundTicks(low, high, Math.max(2, (box.right - box.left) / 80))
  tickTexts(xTicks).forEach((text, i) => {
    const x = toX(xTicks[i])
    rule(pen, theme, x, box.bottom, x, box.bottom + 5, 0.4)
    const half = widthOf(pen, theme, text, TEXT) / 2
    write(pen, theme, text, Math.min(x, width - half), box.bottom + 15, { size: TEXT, align: "center" })
  })
  write(pen, theme, across, (box.left + box.right) / 2, height - 8, { size: TEXT, align: "center" })
  pen.save()
  pen.translate(9, (box.top + box.bottom) / 2)
  pen.rotate(-Math.PI / 2)
  write(pen, theme, up, 0, 0, { size: TEXT, align: "center" })
  pen.restore()
  const placed = marks.map((mark, i) => ({ ...mark, x: Math.max(left, Math.min(box.right, toX(mark.at))), y: 6 + MARK_ROW * (i + 0.5) }))
  for (const mark of placed) drawLine(pen, mark, box)
  for (const mark of placed) writeBeside(pen, theme, mark, box)
}

function powersUpTo(most) {
  return Array.from({ length: Math.floor(Math.log10(most) + 1e-9) + 1 }, (_, power) => 10 ** power)
}

function drawLine(pen, { x, y, colour, isDashed = false }, { bottom }) {
  pen.save()
  Object.assign(pen, { strokeStyle: colour, lineWidth: 2.5 })
  pen.setLineDash(isDashed ? [7, 4] : [])
  pen.beginPath()
  pen.moveTo(x, y - MARK_ROW / 2 + 2)
  pen.lineTo(x, bottom)
  pen.stroke()
  pen.restore()
}

// In a row of its own, on that side of its line where it fits, and over the other lines.
function writeBeside(pen, theme, { x, y, text }, { right }) {
  const length = widthOf(pen, theme, text, TEXT, 600)
  const start = x + 7 + length <= right ? x + 7 : x - 7 - length
  pen.fillStyle = theme.background
  pen.fillRect(start - 3, y - MARK_ROW / 2 + 1, length + 6, MARK_ROW - 2)
  write(pen, theme, text, start, y, { size: TEXT, weight: 600, quiet: false })
}
