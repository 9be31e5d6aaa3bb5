// The loss chart: one thin line (training) and one thick line with dots (validation) for each run. The stages of the main
// run lie behind it; their own losses, which measure different things, have a scale each.
// Needs numbers.js, canvas.js, curve.js, run_stages.js, svg_pen.js and save_chart.js.

const BAND_TITLE = 24 // pixels above the curves for the names of the stages
const ROOM_FOR_NUMBERS = 56 // a stage that is narrower has no numbers on its scale
const AXES = { epoch: "epoch", seconds: "seconds of training", step: "step" }

class LossChart {
  constructor(panel) {
    this.canvas = panel.querySelector("canvas")
    this.readout = panel.querySelector(".note")
    this.terms = panel.querySelector(".terms")
    this.unit = panel.querySelector("[data-testid='unit']")
    this.legend = panel.querySelector(".legend")
    this.axisButtons = [...panel.querySelectorAll("[data-axis]")]
    this.logButton = panel.querySelector("[data-testid='log-toggle']")
    this.term = "loss"
    this.axis = "epoch"
    this.isLog = false
    this.readStep = null // the step that the crosshair stands at
    this.mark = panel.querySelector(".mark") // a line over the curves at one moment, where a view has one; see markAt
    this.runs = []
    for (const button of this.axisButtons) button.onclick = () => this.choose({ axis: button.dataset.axis })
    this.logButton.onclick = () => this.choose({ isLog: !this.isLog })
    this.canvas.onpointermove = this.canvas.onpointerdown = (event) => this.pointAt(event.offsetX)
    this.canvas.onpointerleave = (event) => event.pointerType === "mouse" && this.readAt(null)
    this.canvas.onblur = () => this.readAt(null)
    this.canvas.onkeydown = (event) => this.moveBy(event)
    offerSaving(this.canvas.parentElement, {
      canvases: () => [this.canvas],
      paint: () => this.paint(),
      theme: () => this.theme,
      title: () => this.title,
      legend: () => this.savedLegend,
    })
  }

  // --- as a file ---

  get title() {
    const name = this.runs.length === 1 && this.runs[0].name ? `${this.runs[0].name}: ` : ""
    const unit = this.unit?.textContent ? `, ${this.unit.textContent}` : ""
    return `${name}${termName(this.term, this.names)} by ${AXES[this.axis]}${unit}`
  }

  get savedLegend() {
    const { theme, runs } = this
    const colour = runs.length > 1 ? theme.text : theme.primary
    const names = runs.length > 1 ? runs.map((run) => ({ text: run.name, mark: lineMark(run.colour, 4) })) : []
    const kinds = [["training", 1.25, 0.7], ["validation", 2.75, 1]]
    return [...names, ...kinds.map(([text, width, alpha]) => ({ text, mark: lineMark(colour, width, { alpha }) }))]
  }

  // --- the curves ---

  choose(choice) {
    Object.assign(this, choice)
    this.draw(this.theme, this.runs, this.words)
  }

  // runs: [{feed, name, colour}], the main run first. words: {labels, explanations} of terms, and the unit of the losses.
  draw(theme, runs, words = {}) {
    Object.assign(this, { theme, runs, words, names: words.labels ?? {} })
    this.stages = stagesOf(runs[0]?.feed)
    if (this.stages.length) this.names = { ...this.names, loss: "Each stage's loss" }
    this.showControls()
    this.curves = runs.map((run) => ({ ...run, ...curvesOf(run.feed, this.term, this.axis) }))
    this.isSplit = this.stages.length > 0 && this.term === "loss" && runs.length === 1
    this.paint()
    this.showLegend()
  }

  get pointCounts() {
    const isShown = (value) => Number.isFinite(value) && (!this.isLog || value > 0)
    const [main] = this.curves
    return main ? [main.train.filter(isShown).length, main.validation.filter(isShown).length] : [0, 0]
  }

  // How many scales are beside each other.
  get partCount() {
    return this.parts?.length ?? 0
  }

  showControls() {
    const all = termsOf(this.runs.map((run) => run.feed))
    const repeated = repeatedTerms(this.stages, all)
    const terms = all.filter((term) => !repeated.includes(term))
    if (!terms.includes(this.term)) this.term = "loss"
    const wanted = terms.map((term) => `${term}:${termName(term, this.names)}`).join()
    if (this.terms.dataset.shown !== wanted) {
      this.terms.dataset.shown = wanted
      this.terms.replaceChildren(...terms.map((term) => this.makeChip(term)))
    }
    for (const chip of this.terms.children) chip.ariaPressed = chip.dataset.term === this.term
    for (const button of this.axisButtons) button.ariaPressed = button.dataset.axis === this.axis
    this.logButton.ariaPressed = this.isLog
    // Not every term is counted in what the reconstruction is: a deeper layer restores codes, an accuracy is a share.
    const isOther = /^(layer_\d+|softmax|labels|accuracy)$/.test(this.term) || (this.stages.length && this.term === "loss")
    setText(this.unit, isOther ? "" : (this.words.unit ?? ""))
  }

  makeChip(term) {
    const chip = make("button", { type: "button", className: "chip", dataset: { term, testid: `term-${term}` } })
    chip.textContent = termName(term, this.names)
    const explanations = this.words.explanations ?? {}
    chip.title = explanations[term] ?? explanations[term.replace(/_\d+$/, "")] ?? ""
    chip.onclick = () => this.choose({ term })
    return chip
  }

  showLegend() {
    const wanted = this.runs.map(({ name, colour }) => `${name}:${colour}`).join()
    if (this.legend.dataset.shown === wanted) return
    this.legend.dataset.shown = wanted
    const colour = this.runs.length > 1 ? this.theme.text : this.theme.primary
    const entry = (kind, hue, text) => {
      const sample = make("i", { className: kind })
      sample.style.setProperty("--colour", hue)
      return make("li", {}, sample, make("span", { textContent: text }))
    }
    const entries = [entry("thin", colour, "training"), entry("thick", colour, "validation")]
    if (this.runs.length > 1) entries.unshift(...this.runs.map((run) => entry("swatch", run.colour, run.name)))
    this.legend.replaceChildren(...entries)
  }

  paint() {
    const { pen, width, height } = penFor(this.canvas)
    const { theme, curves, isLog } = this
    const xHigh = Math.max(0, ...curves.map((curve) => curve.x.findLast(Number.isFinite) ?? 0)) || 1
    const spans = curves.length ? spansOf(this.stages, curves[0]) : []
    this.parts = (this.isSplit ? spans : [{ from: 0, to: xHigh }]).map((part) => ({ ...part, range: this.rangeOf(part) }))
    this.toX = null
    if (!this.parts.some((part) => part.range)) {
      this.parts = []
      writeInTheMiddle(pen, theme, this.emptyText, width, height)
      this.placeMark()
      this.describe()
      return this.showReadout()
    }
    for (const part of this.parts) this.divide(part, height)
    const widest = Math.max(...this.parts.flatMap((part) => part.texts.map((text) => widthOf(pen, theme, text))))
    const box = { left: this.isSplit ? 8 : Math.ceil(widest) + 12, right: width - 10, bottom: height - 44 }
    box.top = spans.length ? 10 + BAND_TITLE : 10
    this.box = box
    this.toX = makeScale(0, xHigh, box.left, box.right)
    for (const part of this.parts) part.toY = makeScale(...(part.range ?? [0, 1]), box.bottom, box.top, isLog)

    for (const { index, name, title, from, to } of spans) {
      const place = { left: this.toX(from), right: this.toX(to), top: box.top - BAND_TITLE, bottom: box.bottom }
      paintBand(pen, theme, place, index, [title, termName(name, this.names), `${index + 1}`])
    }
    for (const part of this.parts) this.paintScale(pen, part)
    const xTicks = roundTicks(0, xHigh, Math.max(2, (box.right - box.left) / 90))
    tickTexts(xTicks).forEach((text, i) => {
      const x = this.toX(xTicks[i])
      rule(pen, theme, x, box.bottom, x, box.bottom + 5, 0.3)
      const half = widthOf(pen, theme, text) / 2
      write(pen, theme, text, Math.min(Math.max(x, half), width - half), box.bottom + 16, { align: "center" })
    })
    rule(pen, theme, box.left, box.bottom, box.right, box.bottom, 0.3)
    write(pen, theme, AXES[this.axis], (box.left + box.right) / 2, height - 8, { align: "center" })

    for (const curve of curves.toReversed()) {
      for (const piece of this.piecesOf(curve)) this.stroke(pen, piece.train, curve.colour, 1.25, 0.6)
    }
    for (const curve of curves.toReversed()) {
      for (const piece of this.piecesOf(curve)) this.strokeValidation(pen, piece.validation, curve.colour)
    }
    this.paintCrosshair(pen)
    this.placeMark()
    this.describe()
    this.showReadout()
  }

  // The range of what a part of the chart shows, of all its curves; null where there is nothing yet.
  rangeOf({ index }) {
    const isInside = (step) => !this.isSplit || stageOf(this.stages, step) === index
    const inside = (values, steps) => values.filter((_, i) => isInside(steps[i]))
    const lists = this.curves.flatMap((curve) => [
      inside(curve.train, curve.step),
      inside(curve.validation, curve.validationStep),
    ])
    return rangeOf(lists, this.isLog)
  }

  // The numbers on a part's scale.
  divide(part, height) {
    const count = Math.max(2, height / (this.isSplit ? 110 : 64))
    part.ticks = part.range ? (this.isLog ? logTicks : roundTicks)(...part.range, count) : []
    part.texts = part.ticks.length ? tickTexts(part.ticks) : []
  }

  // A part on its own has its numbers on the left of the chart; one of several inside, at its right, where curves are low.
  paintScale(pen, part) {
    const { theme, box } = this
    const [left, right] = this.isSplit ? [this.toX(part.from), this.toX(part.to)] : [box.left, box.right]
    part.ticks.forEach((tick, i) => {
      const y = part.toY(tick)
      rule(pen, theme, left, y, right, y, 0.1)
      if (!this.isSplit) write(pen, theme, part.texts[i], box.left - 10, y, { align: "right" })
      else if (right - left >= ROOM_FOR_NUMBERS) write(pen, theme, part.texts[i], right - 5, y - 8, { align: "right", size: 12 })
    })
  }

  // The paths of one run: cut where a stage ends if the term is then another one.
  piecesOf(curve) {
    const stages = this.term === "loss" ? stagesOf(curve.feed) : []
    const pathOf = (xs, values, steps, index) => {
      const toY = (this.isSplit ? this.parts[index] : this.parts[0])?.toY
      const isInside = (step) => !stages.length || stageOf(stages, step) === index
      const at = [...steps.keys()].filter((i) => isInside(steps[i]))
      return toY ? [only(xs, at).map(this.toX), only(values, at).map(toY)] : [[], []]
    }
    return (stages.length ? stages : [null]).map((_, index) => ({
      train: pathOf(curve.x, curve.train, curve.step, index),
      validation: pathOf(curve.validationX, curve.validation, curve.validationStep, index),
    }))
  }

  stroke(pen, path, colour, lineWidth, alpha) {
    pen.save()
    Object.assign(pen, { strokeStyle: colour, lineWidth, globalAlpha: alpha, lineJoin: "round", lineCap: "round" })
    pen.beginPath()
    traceCurve(pen, ...path)
    pen.stroke()
    pen.restore()
  }

  strokeValidation(pen, [xs, ys], colour) {
    this.stroke(pen, [xs, ys], colour, 2.75, 1)
    if (xs.length > 1 && xs.length > (xs.at(-1) - xs[0]) / 9) return // the dots would touch
    xs.forEach((x, i) => Number.isFinite(ys[i]) && this.dot(pen, x, ys[i], colour, 4))
  }

  dot(pen, x, y, colour, radius) {
    pen.beginPath()
    pen.arc(x, y, radius, 0, 2 * Math.PI)
    Object.assign(pen, { fillStyle: colour, strokeStyle: this.theme.background, lineWidth: 1.5 })
    pen.fill()
    pen.stroke()
  }

  // --- the present moment ---

  // Put the line at a step of the main run, also between two of its rows. It is not painted: it can move without the curves.
  markAt(step) {
    this.markedStep = step
    this.placeMark()
  }

  placeMark() {
    if (!this.mark) return
    const { toX, leader } = this
    this.mark.hidden = !toX || !leader || !Number.isFinite(this.markedStep)
    if (this.mark.hidden) return
    const { step, x } = leader
    const [at, last] = [Math.max(0, lastUpTo(step, this.markedStep)), step.length - 1]
    const share = at < last ? Math.max(0, (this.markedStep - step[at]) / (step[at + 1] - step[at])) : 0
    this.markX = toX(x[at] + (share ? share * (x[at + 1] - x[at]) : 0))
    this.mark.style.transform = `translateX(${this.markX}px)`
    Object.assign(this.mark.style, { top: `${this.box.top}px`, height: `${this.box.bottom - this.box.top}px` })
  }

  // --- reading values off the curves ---

  // The run whose steps the crosshair follows: the main one, or another one while the main one has no rows.
  get leader() {
    return this.curves?.find((curve) => curve.x.length)
  }

  pointAt(offsetX) {
    if (!this.toX) return
    const { x, step } = this.leader
    this.readAt(step[nearestAt(x.map(this.toX), offsetX)])
  }

  moveBy(event) {
    const steps = this.leader?.step
    if (!steps) return
    const at = this.readStep === null ? steps.length - 1 : nearestAt(steps, this.readStep)
    const stride = Math.max(1, Math.round(steps.length / 100))
    const moves = { ArrowLeft: at - stride, ArrowRight: at + stride, Home: 0, End: steps.length - 1 }
    if (event.key === "Escape") this.readAt(null)
    if (!(event.key in moves)) return
    event.preventDefault()
    this.readAt(steps[Math.max(0, Math.min(steps.length - 1, moves[event.key]))], true)
  }

  readAt(step, byKeyboard = false) {
    this.readStep = step
    this.readout.ariaLive = byKeyboard ? "polite" : "off"
    if (this.theme) this.paint()
  }

  // What every run says where the crosshair stands; of its validations the last one made until there.
  get readings() {
    const { leader } = this
    if (this.readStep === null || !leader || !this.toX) return []
    const x = leader.x[nearestAt(leader.step, this.readStep)]
    const reaching = this.curves.filter((curve) => curve.x.length && x <= curve.x.at(-1) * (1 + 1e-9))
    return reaching.map((curve) => {
      const row = nearestAt(curve.x, x)
      const training = { x: curve.x[row], y: curve.train[row], step: curve.step[row] }
      const made = lastUpTo(curve.validationX, curve.x[row])
      const { [made]: step } = curve.validationStep
      const isAnotherLoss = made >= 0 && this.term === "loss" && this.isAcross(curve.feed, step, training.step)
      const validation = made < 0 || isAnotherLoss ? null : { x: curve.validationX[made], y: curve.validation[made], step }
      return { curve, training, validation }
    })
  }

  // Whether a stage ends between two steps of a run.
  isAcross(feed, step, later) {
    const stages = stagesOf(feed)
    return stages.length > 0 && stageOf(stages, step) !== stageOf(stages, later)
  }

  paintCrosshair(pen) {
    const [first] = this.readings
    if (!first) return
    const x = this.toX(first.training.x)
    rule(pen, this.theme, x, this.box.top, x, this.box.bottom, 0.45)
    for (const { curve, training, validation } of this.readings) {
      for (const point of [training, validation]) {
        if (!point) continue
        const y = this.parts[this.isSplit ? stageOf(this.stages, point.step) : 0].toY(point.y)
        if (Number.isFinite(y)) this.dot(pen, this.toX(point.x), y, curve.colour, 5)
      }
    }
  }

  showReadout() {
    const { readings, readout } = this
    readout.hidden = !readings.length
    if (readout.hidden) return
    const { leader } = this
    const row = nearestAt(leader.step, this.readStep)
    const stage = stagesOf(leader.feed)[stageOf(stagesOf(leader.feed), leader.step[row])]
    const moment = `epoch\u00a0${decimals(leader.feed.column("epoch")[row], 2)} · step\u00a0${countText(leader.step[row])}`
    const when = stage ? `${stage.title} · ${moment}` : moment
    const isMadeHere = readings.every(({ validation }) => !validation || validation.x === leader.x[row])
    const heads = [when, "training", isMadeHere ? "validation" : "last validation"]
    const head = make("tr", {}, ...heads.map((textContent) => make("th", { scope: "col", textContent })))
    const lines = readings.map(({ curve, training, validation }) => {
      const name = make("th", { scope: "row" }, make("i", { className: "swatch" }), curve.name)
      name.firstChild.style.setProperty("--colour", curve.colour)
      const cell = (kind, value) =>
        make("td", { dataset: { testid: "reading", run: curve.feed.token, kind }, textContent: exactText(value) })
      return make("tr", {}, name, cell("training", training.y), cell("validation", validation?.y))
    })
    readout.replaceChildren(make("table", {}, head, ...lines))
    const { clientWidth, clientHeight } = this.canvas
    placeBeside(readout, this.toX(leader.x[row]), this.box.top + readout.offsetHeight / 2, clientWidth, clientHeight)
  }

  get emptyText() {
    if (this.isLog && this.curves.some((curve) => curve.train.some(Number.isFinite))) {
      return "A log axis shows only values above zero, and there are none yet"
    }
    return this.curves.some((curve) => curve.x.length) ? "This term has no values yet" : "The curve starts when training starts"
  }

  describe() {
    const [main] = this.curves
    const name = termName(this.term, this.names)
    const last = main?.train.findLast(Number.isFinite)
    const text =
      last === undefined
        ? `Chart of the loss. ${this.emptyText}.`
        : `Chart of the loss (${name}) by ${AXES[this.axis]}: training ${lossText(last)}, ` +
          `validation ${lossText(main.validation.at(-1))}. Left and right arrow keys read values.`
    if (this.canvas.ariaLabel !== text) this.canvas.ariaLabel = text
  }
}
