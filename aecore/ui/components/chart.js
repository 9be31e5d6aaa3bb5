// The loss chart: one thin line (training) and one thick line with dots (validation) for each run.
// Needs numbers.js, canvas.js and curve.js.

const AXES = { epoch: "epoch", seconds: "seconds of training", step: "step" }

class LossChart {
  constructor(panel) {
    this.canvas = panel.querySelector("canvas")
    this.readout = panel.querySelector(".note")
    this.terms = panel.querySelector(".terms")
    this.legend = panel.querySelector(".legend")
    this.axisButtons = [...panel.querySelectorAll("[data-axis]")]
    this.logButton = panel.querySelector("[data-testid='log-toggle']")
    this.term = "loss"
    this.axis = "epoch"
    this.isLog = false
    this.readStep = null // the step that the crosshair stands at
    this.runs = []
    for (const button of this.axisButtons) button.onclick = () => this.choose({ axis: button.dataset.axis })
    this.logButton.onclick = () => this.choose({ isLog: !this.isLog })
    this.canvas.onpointermove = this.canvas.onpointerdown = (event) => this.pointAt(event.offsetX)
    this.canvas.onpointerleave = (event) => event.pointerType === "mouse" && this.readAt(null)
    this.canvas.onblur = () => this.readAt(null)
    this.canvas.onkeydown = (event) => this.moveBy(event)
  }

  choose(choice) {
    Object.assign(this, choice)
    this.draw(this.theme, this.runs, this.names)
  }

  // runs: [{feed, name, colour}], the main run first. Returns what the tests and the reader of the page are told.
  draw(theme, runs, names = {}) {
    Object.assign(this, { theme, runs, names })
    this.showControls()
    this.curves = runs.map((run) => ({ ...run, ...curvesOf(run.feed, this.term, this.axis) }))
    this.paint()
    this.showLegend()
  }

  get pointCounts() {
    const isShown = (value) => Number.isFinite(value) && (!this.isLog || value > 0)
    const [main] = this.curves
    return main ? [main.train.filter(isShown).length, main.validation.filter(isShown).length] : [0, 0]
  }

  showControls() {
    const terms = termsOf(this.runs.map((run) => run.feed))
    if (!terms.includes(this.term)) this.term = "loss"
    const wanted = terms.map((term) => `${term}:${termName(term, this.names)}`).join()
    if (this.terms.dataset.shown !== wanted) {
      this.terms.dataset.shown = wanted
      this.terms.replaceChildren(...terms.map((term) => this.makeChip(term)))
    }
    for (const chip of this.terms.children) chip.ariaPressed = chip.dataset.term === this.term
    for (const button of this.axisButtons) button.ariaPressed = button.dataset.axis === this.axis
    this.logButton.ariaPressed = this.isLog
  }

  makeChip(term) {
    const chip = make("button", { type: "button", className: "chip", dataset: { term, testid: `term-${term}` } })
    chip.textContent = termName(term, this.names)
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
    const range = rangeOf(curves.flatMap((curve) => [curve.train, curve.validation]), isLog)
    this.toX = null
    if (!range) {
      writeInTheMiddle(pen, theme, this.emptyText, width, height)
      this.describe()
      return this.showReadout()
    }
    const yTicks = (isLog ? logTicks : roundTicks)(...range, Math.max(2, height / 64))
    const yTexts = tickTexts(yTicks)
    const left = Math.ceil(Math.max(...yTexts.map((text) => widthOf(pen, theme, text)))) + 12
    const box = { left, right: width - 10, top: 10, bottom: height - 44 }
    const toY = makeScale(...range, box.bottom, box.top, isLog)
    this.box = box
    this.toX = makeScale(0, xHigh, box.left, box.right)

    yTicks.forEach((tick, i) => {
      rule(pen, theme, box.left, toY(tick), box.right, toY(tick), 0.1)
      write(pen, theme, yTexts[i], box.left - 10, toY(tick), { align: "right" })
    })
    const xTicks = roundTicks(0, xHigh, Math.max(2, (box.right - box.left) / 90))
    tickTexts(xTicks).forEach((text, i) => {
      const x = this.toX(xTicks[i])
      rule(pen, theme, x, box.bottom, x, box.bottom + 5, 0.3)
      const half = widthOf(pen, theme, text) / 2
      write(pen, theme, text, Math.min(x, width - half), box.bottom + 16, { align: "center" })
    })
    rule(pen, theme, box.left, box.bottom, box.right, box.bottom, 0.3)
    write(pen, theme, AXES[this.axis], (box.left + box.right) / 2, height - 8, { align: "center" })

    const placed = curves.map((curve) => ({
      ...curve,
      trainPath: [curve.x.map(this.toX), curve.train.map(toY)],
      validationPath: [curve.validationX.map(this.toX), curve.validation.map(toY)],
    }))
    for (const curve of placed.toReversed()) this.stroke(pen, curve.trainPath, curve.colour, 1.25, 0.6)
    for (const curve of placed.toReversed()) this.strokeValidation(pen, curve)
    this.paintCrosshair(pen, toY)
    this.describe()
    this.showReadout()
  }

  stroke(pen, path, colour, lineWidth, alpha) {
    pen.save()
    Object.assign(pen, { strokeStyle: colour, lineWidth, globalAlpha: alpha, lineJoin: "round", lineCap: "round" })
    pen.beginPath()
    traceCurve(pen, ...path)
    pen.stroke()
    pen.restore()
  }

  strokeValidation(pen, { validationPath: [xs, ys], colour }) {
    this.stroke(pen, [xs, ys], colour, 2.75, 1)
    const room = (this.box.right - this.box.left) / 9
    if (xs.length > room) return // the dots would touch
    xs.forEach((x, i) => Number.isFinite(ys[i]) && this.dot(pen, x, ys[i], colour, 4))
  }

  dot(pen, x, y, colour, radius) {
    pen.beginPath()
    pen.arc(x, y, radius, 0, 2 * Math.PI)
    Object.assign(pen, { fillStyle: colour, strokeStyle: this.theme.background, lineWidth: 1.5 })
    pen.fill()
    pen.stroke()
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
      const made = lastUpTo(curve.validationX, curve.x[row])
      const validation = made < 0 ? null : { x: curve.validationX[made], y: curve.validation[made] }
      return { curve, training: { x: curve.x[row], y: curve.train[row] }, validation }
    })
  }

  paintCrosshair(pen, toY) {
    const [first] = this.readings
    if (!first) return
    const x = this.toX(first.training.x)
    rule(pen, this.theme, x, this.box.top, x, this.box.bottom, 0.45)
    for (const { curve, training, validation } of this.readings) {
      for (const point of [training, validation]) {
        if (point && Number.isFinite(toY(point.y))) this.dot(pen, this.toX(point.x), toY(point.y), curve.colour, 5)
      }
    }
  }

  showReadout() {
    const { readings, readout } = this
    readout.hidden = !readings.length
    if (readout.hidden) return
    const { leader } = this
    const row = nearestAt(leader.step, this.readStep)
    const when = `epoch\u00a0${decimals(leader.feed.column("epoch")[row], 2)} · step\u00a0${countText(leader.step[row])}`
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
