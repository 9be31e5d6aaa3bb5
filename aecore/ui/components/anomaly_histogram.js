// How often which score is, for each kind of cases, and the threshold across it.
// Needs numbers.js, canvas.js, curve.js, anomaly_axis.js, anomaly_colours.js, svg_pen.js and
// save_chart.js.

const BAR_WIDTH = 13 // pixels, about
const MOST_BARS = 70
const [HEAD, FOOT] = [30, 50] // pixels above the bars for the names of the two sides, and below them
const LABEL_SIZE = 14

class ScoreHistogram {
  constructor(plot) {
    this.plot = plot
    this.canvas = plot.querySelector("canvas")
    this.box = { left: 0, right: 1, top: HEAD, bottom: 1 }
    offerSaving(plot, {
      canvases: () => [this.canvas],
      paint: () => this.paintWithThreshold(),
      theme: () => this.theme,
      title: () => `${this.drawn.across.at(-1)} of each case`,
      legend: () => this.savedLegend,
    })
  }

  // On the page the threshold is an element of its own, which can be dragged.
  paintWithThreshold() {
    this.draw(this.theme, this.drawn)
    const { left, right, bottom } = this.box
    const { pen } = penFor(this.canvas)
    const x = left + this.drawn.axis.shareOf(this.threshold) * (right - left)
    if (x < left || x > right) return
    pen.fillStyle = this.theme.text
    pen.fillRect(x - 1, HEAD - 6, 2, bottom - HEAD + 6)
    const side = x > (left + right) / 2 ? "right" : "left"
    write(pen, this.theme, `threshold ${lossText(this.threshold)}`, x + (side === "left" ? 7 : -7), HEAD - 14, { size: LABEL_SIZE, align: side, weight: 600, quiet: false })
  }

  get savedLegend() {
    const present = KINDS.filter(({ label }) => this.drawn.labels.includes(label))
    return present.map(({ name, colour, look }) => ({
      text: name,
      mark: (pen, x, y) => drawSwatch(pen, this.theme.palette[colour], look, x, y),
    }))
  }

  // labels: of each case; across: what lies along the axis, in ever fewer words.
  draw(theme, drawn) {
    const { scores, labels, axis, across } = drawn
    Object.assign(this, { theme, drawn })
    const { pen, width, height, ratio } = penFor(this.canvas)
    if (!width) return
    const present = KINDS.filter(({ label }) => labels.includes(label))
    const bars = Math.max(8, Math.min(MOST_BARS, Math.round((width - 60) / BAR_WIDTH)))
    const counts = countsOf(scores, labels, axis, bars)
    const most = Math.max(...present.map(({ label }) => Math.max(...counts.get(label))))
    const yTicks = rootTicks(most, (height - HEAD - FOOT) / 44)
    const texts = yTicks.map(countText)
    const left = Math.ceil(Math.max(...texts.map((text) => widthOf(pen, theme, text, LABEL_SIZE)))) + 32
    const box = (this.box = { left, right: width - 14, top: HEAD, bottom: height - FOOT })
    // By the root, so that a few anomalous cases are seen beside many normal ones.
    const toY = (count) => box.bottom - Math.sqrt(count / most) * (box.bottom - box.top)
    yTicks.forEach((tick, i) => {
      rule(pen, theme, box.left, toY(tick), box.right, toY(tick), 0.1)
      write(pen, theme, texts[i], box.left - 7, toY(tick), { size: LABEL_SIZE, align: "right" })
    })
    const step = (box.right - box.left) / bars
    for (const kind of present) drawBars(pen, theme, kind, counts.get(kind.label), { box, step, toY, ratio })
    drawScores(pen, theme, axis, box)
    const name = across.find((words) => widthOf(pen, theme, words, LABEL_SIZE) < box.right - box.left + 20) ?? across.at(-1)
    write(pen, theme, name, (box.left + box.right) / 2, height - 10, { size: LABEL_SIZE, align: "center" })
    pen.save()
    pen.translate(10, (box.top + box.bottom) / 2)
    pen.rotate(-Math.PI / 2)
    write(pen, theme, "cases (root axis)", 0, 0, { size: LABEL_SIZE, align: "center" })
    pen.restore()
    this.sides = [...this.plot.querySelectorAll(".side")]
    this.room = Math.max(...this.sides.map(({ textContent }) => widthOf(pen, theme, textContent, LABEL_SIZE, 600))) + 16
  }

  // Only styles are set, so that this costs next to nothing while the threshold is dragged.
  place(axis, threshold) {
    this.threshold = threshold
    const { left, right, bottom } = this.box
    const x = left + axis.shareOf(threshold) * (right - left)
    const { style, dataset } = this.plot
    style.setProperty("--x", `${x}px`)
    style.setProperty("--called", 1 - x / right)
    style.setProperty("--right", `${right}px`)
    style.setProperty("--bottom", `${bottom}px`)
    this.sides.forEach((side, i) => side.toggleAttribute("data-off", (i ? right - x : x - left) < this.room))
    dataset.half = x > (left + right) / 2 ? "right" : "left" // the number goes to where there is room
    dataset.beyond = threshold > axis.high ? "right" : threshold < axis.low ? "left" : ""
  }
}

// Zero and round counts, about so many of them, as far from each other as an axis by the root allows.
function rootTicks(most, count) {
  const ticks = [0]
  for (let unit = 1; unit <= most; unit *= 10) {
    for (const tick of [unit, 2 * unit, 5 * unit]) {
      if (tick <= most && Math.sqrt(tick) - Math.sqrt(ticks.at(-1)) > Math.sqrt(most) / count) ticks.push(tick)
    }
  }
  return ticks
}

// How many cases of each kind lie in each of so many equal parts of the axis.
function countsOf(scores, labels, axis, parts) {
  const counts = new Map(KINDS.map(({ label }) => [label, new Array(parts).fill(0)]))
  for (let i = 0; i < scores.length; i++) counts.get(labels[i])[Math.min(parts - 1, Math.floor(parts * axis.shareOf(scores[i])))]++
  return counts
}

function drawBars(pen, theme, { colour, look }, counts, { box, step, toY, ratio }) {
  const hue = theme.palette[colour]
  pen.save()
  pen.beginPath()
  counts.forEach((count, i) => {
    const [x, y] = [box.left + i * step, toY(count)]
    if (!count) return
    pen.rect(x + 0.75, y, Math.max(1, step - 1.5), box.bottom - y)
  })
  pen.fillStyle = look === "hatched" ? hatching(pen, hue, ratio) : hue
  pen.globalAlpha = look === "filled" ? 0.8 : look === "hatched" ? 1 : 0.5
  pen.fill()
  Object.assign(pen, { strokeStyle: hue, globalAlpha: 1, lineWidth: 1.5 })
  pen.setLineDash(look === "dotted" ? [2, 3] : [])
  if (look !== "filled") pen.stroke()
  pen.restore()
}

// What stands for a kind in a legend.
function drawSwatch(pen, hue, look, x, y) {
  pen.beginPath()
  pen.rect(x - 7, y - 6, 14, 12)
  pen.fillStyle = look === "hatched" ? hatching(pen, hue, 2) : hue
  pen.globalAlpha = look === "filled" ? 0.8 : look === "hatched" ? 1 : 0.5
  pen.fill()
  Object.assign(pen, { strokeStyle: hue, globalAlpha: 1, lineWidth: 1.5 })
  pen.setLineDash(look === "dotted" ? [2, 3] : [])
  pen.stroke()
}

function drawScores(pen, theme, axis, { left, right, bottom }) {
  rule(pen, theme, left, bottom, right, bottom, 0.4)
  const ticks = axis.ticks(axis.low, axis.high, Math.max(2, (right - left) / 84))
  let free = -Infinity
  tickTexts(ticks).forEach((text, i) => {
    const x = left + axis.shareOf(ticks[i]) * (right - left)
    const half = widthOf(pen, theme, text, LABEL_SIZE) / 2
    rule(pen, theme, x, bottom, x, bottom + 5, 0.4)
    const middle = Math.min(x, right + 14 - half)
    if (middle - half < free) return // between the powers of ten of a narrow axis
    write(pen, theme, text, middle, bottom + 16, { size: LABEL_SIZE, align: "center" })
    free = middle + half + 8
  })
}
