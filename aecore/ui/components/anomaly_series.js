// A long series as a whole: its channels, what of it was trained on, what is called anomalous, and the scores of its windows on
// the same time axis with the threshold across them.
// Needs numbers.js, canvas.js, curve.js, small_chart.js, anomaly_axis.js, anomaly_colours.js, anomaly_spans.js, svg_pen.js and save_chart.js.

const PARTS = ["trained on", "validation", "test"]
const SERIES_TEXT = 14
const NAMES_ABOVE = 24 // pixels
const CHANNEL_HEIGHTS = [130, 74, 44] // of one, of up to four, of each of more
const TRUTH_STRIP = 26
const SCORE_PANEL = 170
const TIME_AXIS = 46

class SeriesView {
  // hooks: onpick(window) when the person clicked there; onread(text) of what is pointed at, "" of nothing.
  constructor(plot, hooks) {
    Object.assign(this, { plot, hooks, at: null })
    ;[this.under, this.ground, this.over] = plot.querySelectorAll("canvas")
    this.grip = plot.querySelector("[role=slider]")
    plot.addEventListener("pointerdown", ({ target }) => (this.isOnGrip = this.grip.contains(target)))
    plot.addEventListener("pointermove", (event) => this.point(event))
    plot.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && this.read(null))
    plot.addEventListener("click", (event) => this.click(event))
    offerSaving(plot, {
      canvases: () => [this.under, this.ground, this.over],
      paint: () => this.paintWithThreshold(),
      theme: () => this.theme,
      title: () => "The series, and the score of each window",
    })
  }

  // On the page the threshold is an element of its own, which can be dragged.
  paintWithThreshold() {
    this.place(this.threshold)
    this.draw(this.theme, this.drawn)
    const { pen } = penFor(this.over)
    const { left, right } = this.layout
    const y = this.toY(this.threshold)
    pen.fillStyle = this.theme.text
    pen.fillRect(left, y - 1, right - left, 2)
    write(pen, this.theme, `threshold ${lossText(this.threshold)}`, right - 6, y - 10, { size: SERIES_TEXT, align: "right", weight: 600, quiet: false })
  }

  get box() {
    const { left, right, scoreTop: top, scoreBottom: bottom } = this.layout
    return { left, right, top, bottom }
  }

  layoutFor(width) {
    const { channels, hasTruth } = this
    const row = CHANNEL_HEIGHTS[channels === 1 ? 0 : channels <= 4 ? 1 : 2]
    const rowsEnd = NAMES_ABOVE + channels * row
    const scoreTop = rowsEnd + (hasTruth ? TRUTH_STRIP : 0) + 26
    const scoreBottom = scoreTop + SCORE_PANEL
    return { left: 66, right: width - 10, row, rowsEnd, scoreTop, scoreBottom, total: scoreBottom + TIME_AXIS }
  }

  // labels: of the cases; scoreName: what the scores are.
  draw(theme, drawn) {
    const { series, axis, labels, names } = drawn
    Object.assign(this, { theme, series, axis, names, drawn })
    const { positions, truth } = series
    this.truth = truth.map((label, i) => (positions[i] >= 0 ? labels[positions[i]] : label))
    this.hasTruth = this.truth.some((label) => label >= 0)
    this.channels = names.length
    this.layout = this.layoutFor(this.plot.clientWidth)
    this.plot.style.height = `${this.layout.total}px`
    const { pen, width } = penFor(this.ground)
    if (!width) return
    this.toX = makeScale(0, series.length, this.layout.left, this.layout.right)
    this.toY = (score) => this.layout.scoreBottom - axis.shareOf(score) * SCORE_PANEL
    this.drawParts(pen)
    for (let channel = 0; channel < this.channels; channel++) this.drawChannel(pen, channel)
    if (this.hasTruth) this.drawTruth(pen)
    this.drawScores(pen)
    this.drawTime(pen)
  }

  drawParts(pen) {
    const { theme, series, layout, toX } = this
    const { starts, parts, window } = series
    for (const part of [0, 1, 2]) {
      for (const [from, to] of spansOf({ starts, window }, (i) => parts[i] === part)) {
        const [left, right] = [toX(from), toX(Math.min(to, series.length))]
        if (part === 0) {
          pen.save()
          Object.assign(pen, { fillStyle: theme.primary, globalAlpha: 0.09 })
          pen.fillRect(left, NAMES_ABOVE, right - left, layout.scoreBottom - NAMES_ABOVE)
          pen.restore()
        }
        if (part) rule(pen, theme, left, 6, left, layout.scoreBottom, 0.3)
        if (widthOf(pen, theme, PARTS[part], SERIES_TEXT) + 10 < right - left) write(pen, theme, PARTS[part], left + 6, 12, { size: SERIES_TEXT })
      }
    }
  }

  // Its lowest and highest value in each column.
  drawChannel(pen, channel) {
    const { theme, series, layout, names } = this
    const columns = series.low.length / this.channels
    const [low, high] = [series.low, series.high].map((values) => values.subarray(channel * columns, (channel + 1) * columns))
    const top = NAMES_ABOVE + channel * layout.row
    const range = rangeOf([low, high], false) ?? [0, 1]
    const toY = makeScale(...range, top + layout.row - 4, top + 4)
    const toX = makeScale(0, columns, layout.left, layout.right)
    pen.save()
    Object.assign(pen, { fillStyle: theme.text, strokeStyle: theme.text, lineWidth: 1, lineJoin: "round", globalAlpha: 0.8 })
    pen.beginPath()
    for (let i = 0; i < columns; i++) pen.lineTo(toX(i + 0.5), toY(high[i]))
    for (let i = columns - 1; i >= 0; i--) pen.lineTo(toX(i + 0.5), toY(low[i]))
    pen.closePath()
    pen.fill()
    pen.stroke()
    pen.restore()
    rule(pen, theme, layout.left, top + layout.row, layout.right, top + layout.row, 0.15)
    this.nameBeside(pen, names[channel] ?? "", top + layout.row / 2)
  }

  // At the left; as much of it as there is room for.
  nameBeside(pen, name, y) {
    let text = name
    while (text.length > 1 && widthOf(pen, this.theme, text, SERIES_TEXT) > this.layout.left - 8) text = `${text.slice(0, text.endsWith("…") ? -2 : -1)}…`
    write(pen, this.theme, text, this.layout.left - 8, y, { size: SERIES_TEXT, align: "right" })
  }

  drawTruth(pen) {
    const { theme, series, layout, toX, truth } = this
    const y = layout.rowsEnd + 10
    this.nameBeside(pen, "truth", y + 6)
    rule(pen, theme, layout.left, y + 12, layout.right, y + 12, 0.3)
    pen.save()
    pen.fillStyle = theme.text
    for (const [from, to] of spansOf(series, (i) => truth[i] === 1)) pen.fillRect(toX(from), y, Math.max(2, toX(to) - toX(from)), 12)
    pen.restore()
  }

  drawScores(pen) {
    const { theme, series, layout, axis, toX, toY } = this
    const ticks = axis.ticks(axis.low, axis.high, 4)
    tickTexts(ticks).forEach((text, i) => {
      rule(pen, theme, layout.left, toY(ticks[i]), layout.right, toY(ticks[i]), 0.1)
      write(pen, theme, text, layout.left - 8, toY(ticks[i]), { size: SERIES_TEXT, align: "right" })
    })
    this.nameAbove(pen, "score")
    const xs = Float64Array.from(series.starts, (start) => toX(start + series.window / 2))
    strokeLine(pen, xs, Float64Array.from(series.scores, toY), theme.text, 1.75, 1)
    rule(pen, theme, layout.left, layout.scoreBottom, layout.right, layout.scoreBottom, 0.4)
  }

  nameAbove(pen, name) {
    write(pen, this.theme, name, this.layout.left - 8, this.layout.scoreTop - 10, { size: SERIES_TEXT, align: "right" })
  }

  drawTime(pen) {
    const { theme, series, layout, toX } = this
    const { scoreBottom: bottom, left, right, total } = layout
    for (const tick of roundTicks(0, series.length, Math.max(2, (right - left) / 110))) {
      const text = countText(tick || 0) // the first may be −0
      const half = widthOf(pen, theme, text, SERIES_TEXT) / 2
      rule(pen, theme, toX(tick), bottom, toX(tick), bottom + 5, 0.4)
      write(pen, theme, text, Math.min(toX(tick), right + 10 - half), bottom + 15, { size: SERIES_TEXT, align: "center" })
    }
    write(pen, theme, "time step", (left + right) / 2, total - 9, { size: SERIES_TEXT, align: "center" })
  }

  // What moves with the threshold: the bands, and the line.
  place(threshold) {
    this.threshold = threshold
    const { theme, series, layout, toX } = this
    const { pen, width } = penFor(this.under)
    if (!width) return
    this.spans = spansOf(series, (i) => series.scores[i] > threshold)
    const height = layout.scoreBottom - NAMES_ABOVE
    pen.fillStyle = theme.palette[ANOMALY_COLOUR]
    let free = -Infinity
    for (const [from, to] of this.spans) {
      const left = Math.max(free, toX(from))
      const across = Math.max(1.5, toX(to) - left)
      if (left + across <= free) continue
      free = left + across
      pen.globalAlpha = 0.24
      pen.fillRect(left, NAMES_ABOVE, across, height)
      pen.globalAlpha = 1
      pen.fillRect(left, NAMES_ABOVE - 5, across, 5) // seen without colour, too
    }
    pen.globalAlpha = 1
    const { style } = this.plot
    style.setProperty("--y", `${this.toY(threshold)}px`)
    style.setProperty("--left", `${layout.left}px`)
    if (this.at !== null) this.drawReading()
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  stepAt({ clientX }) {
    const { left, right } = this.layout
    const share = (clientX - this.plot.getBoundingClientRect().left - left) / (right - left)
    return share >= 0 && share <= 1 ? share * this.series.length : null
  }

  point(event) {
    this.read(this.stepAt(event))
  }

  read(step) {
    this.at = step === null ? null : windowAt(this.series, step)
    this.step = step
    this.drawReading()
  }

  drawReading() {
    const { pen } = penFor(this.over)
    const { at, series, theme, layout } = this
    if (at === null || at < 0) return this.hooks.onread("")
    const x = this.toX(this.step)
    rule(pen, theme, x, NAMES_ABOVE, x, layout.scoreBottom, 0.6)
    const start = series.starts[at]
    const middle = this.toX(start + series.window / 2)
    pen.beginPath()
    pen.arc(middle, this.toY(series.scores[at]), 5, 0, 2 * Math.PI)
    Object.assign(pen, { fillStyle: theme.text, strokeStyle: theme.background, lineWidth: 2 })
    pen.stroke()
    pen.fill()
    const verdict = series.scores[at] > this.threshold ? "called anomalous" : "left alone"
    this.hooks.onread(
      `Step ${countText(this.step)}: window ${countText(start)} to ${countText(start + series.window - 1)}, score ${lossText(series.scores[at])}, ${verdict}.`,
    )
  }

  click(event) {
    const step = this.isOnGrip ? null : this.stepAt(event)
    if (step !== null) this.hooks.onpick(windowAt(this.series, step))
  }
}
