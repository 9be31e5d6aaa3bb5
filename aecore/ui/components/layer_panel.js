// One small chart of a run: what a stage trains, its loss, and the numbers at the crosshair (or the newest ones).
// Needs numbers.js, canvas.js, curve.js, small_chart.js, svg_pen.js and save_chart.js.

class LayerPanel {
  // spec: {title, term, first, last, unit, svg, words}, as the page gives it; i: its place.
  constructor(spec, i) {
    this.at = null // the epoch at which the crosshair stands
    this.drawing = make("div", { className: "drawing" })
    this.words = make("p", { className: "words" })
    this.title = make("span")
    this.unit = make("p", { className: "unit" })
    this.canvas = make("canvas", { role: "img", tabIndex: 0, dataset: { testid: `curve-${i}` } })
    this.reading = make("p", { className: "reading", dataset: { testid: `reading-${i}` } })
    const plot = make("div", { className: "plot" }, this.canvas)
    const head = make("h4", {}, this.title)
    this.box = make("article", { dataset: { testid: `panel-${i}` } }, head, this.drawing, this.words, this.unit, plot, this.reading)
    this.canvas.onpointermove = this.canvas.onpointerdown = (event) => this.pointAt(event.offsetX)
    this.canvas.onpointerleave = (event) => event.pointerType === "mouse" && this.readAt(null)
    this.canvas.onblur = () => this.readAt(null)
    this.canvas.onkeydown = (event) => this.moveBy(event)
    offerSaving(plot, {
      canvases: () => [this.canvas],
      paint: () => this.paint(),
      theme: () => this.theme,
      title: () => [this.spec.title, this.spec.unit].filter(Boolean).join(", "),
      legend: () => this.savedLegend,
    })
    this.renew(spec)
  }

  get savedLegend() {
    const { runs, theme } = this
    const colour = runs.length > 1 ? theme.text : runs[0].colour
    const names = runs.length > 1 ? runs.map((run) => ({ text: run.name, mark: lineMark(run.colour, 4) })) : []
    const kinds = [["training", 1.25, 0.6], ["validation", 2.75, 1]]
    return [...names, ...kinds.map(([text, width, alpha]) => ({ text, mark: lineMark(colour, width, { alpha }) }))]
  }

  renew(spec) {
    this.spec = spec
    this.box.className = spec.isWide ? "panel wide" : "panel"
    setText(this.title, spec.title)
    setText(this.words, spec.words)
    setText(this.unit, spec.unit)
    this.words.hidden = !spec.words
    this.drawing.hidden = !spec.svg
    if (this.svg !== spec.svg) this.drawing.innerHTML = this.svg = spec.svg
  }

  // runs: [{feed, name, colour}]; perEpoch: steps an epoch.
  draw(theme, runs, perEpoch) {
    Object.assign(this, { theme, runs, perEpoch })
    this.curves = runs.map(({ feed, ...run }) => ({ ...run, ...this.curveOf(feed) }))
    this.paint()
  }

  // The rows of this panel's own steps; its epochs begin at 0.
  curveOf(feed) {
    const { term, first, last } = this.spec
    const steps = feed.column("step")
    const train = feed.column(`train_${term}`)
    const validation = feed.column(`val_${term}`)
    // What a row says is of the steps before it: the one at the very beginning belongs to the stage before.
    const mine = [...steps.keys()].filter((i) => (steps[i] > first || (first === 0 && steps[i] === 0)) && steps[i] <= last)
    const epoch = (at) => Float64Array.from(at, (i) => (steps[i] - first) / this.perEpoch)
    // Through all stages only the validation is measured, of the network so far.
    const trained = this.spec.isWide ? [] : mine.filter((i) => Number.isFinite(train[i]))
    const validated = mine.filter((i) => Number.isFinite(validation[i]))
    return { x: epoch(trained), train: only(train, trained), validationX: epoch(validated), validation: only(validation, validated) }
  }

  get span() {
    return [0, Math.max(1e-9, (this.spec.last - this.spec.first) / this.perEpoch)]
  }

  paint() {
    const { canvas, theme, curves, spec, span, at } = this
    const marks = spec.marks ?? []
    const across = spec.isWide ? "epoch, all stages" : "epoch"
    const emptyText = spec.emptyText ?? "Its turn comes later"
    Object.assign(this, drawSmallChart(canvas, theme, { curves, span, across, emptyText, marks, at }))
    const [main] = curves
    this.box.dataset.points = main.x.length
    this.box.dataset.validationPoints = main.validationX.length
    this.box.dataset.last = main.train.at(-1) ?? main.validation.at(-1) ?? ""
    this.say()
  }

  say() {
    const { curves, at, spec } = this
    const sentences = curves.map((curve) => {
      const train = curve.x.length ? curve.train[at === null ? curve.x.length - 1 : nearestAt(curve.x, at)] : NaN
      const made = at === null ? curve.validationX.length - 1 : lastUpTo(curve.validationX, at)
      const validation = made < 0 ? NaN : curve.validation[made]
      const parts = []
      if (Number.isFinite(train)) parts.push(`training ${lossText(train)}`)
      if (Number.isFinite(validation)) parts.push(`validation ${lossText(validation)}`)
      return parts.length ? (curves.length > 1 ? `${curve.name}: ${parts.join(", ")}` : parts.join(", ")) : ""
    })
    const said = sentences.filter(Boolean).join(" · ")
    const when = at === null || !said ? "" : `epoch ${epochText(at)}: `
    setText(this.reading, `${when}${said}`)
    const label = said ? `${spec.title}: ${said}. Left and right arrow keys read values.` : `${spec.title}: no values yet.`
    if (this.canvas.ariaLabel !== label) this.canvas.ariaLabel = label
  }

  // --- reading values off ---

  // Places across at which there is something to read.
  get places() {
    const [main] = this.curves ?? []
    return main ? (main.x.length ? main.x : main.validationX) : []
  }

  pointAt(offsetX) {
    if (!this.toX || !this.places.length) return
    this.readAt(this.places[nearestAt(this.places.map(this.toX), offsetX)])
  }

  moveBy(event) {
    const { places } = this
    if (event.key === "Escape") this.readAt(null)
    if (!places.length) return
    const now = this.at === null ? places.length - 1 : nearestAt(places, this.at)
    const stride = Math.max(1, Math.round(places.length / 60))
    const moves = { ArrowLeft: now - stride, ArrowRight: now + stride, Home: 0, End: places.length - 1 }
    if (!(event.key in moves)) return
    event.preventDefault()
    this.readAt(places[Math.max(0, Math.min(places.length - 1, moves[event.key]))])
  }

  readAt(at) {
    if (this.at === at) return
    this.at = at
    if (this.theme) this.paint()
  }
}
