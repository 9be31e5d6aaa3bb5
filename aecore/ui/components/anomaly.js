// Anomaly detection by reconstruction error: scores, a threshold, what follows from it, and the cases themselves. Everything is
// computed here, and the threshold stays here: a rerun of the page for it would cut off whatever the person clicks next. Python hears
// of labels only. Needs the other files of this view.

const NO_CURVE = {
  none: "No case has a label: a curve needs anomalous and normal ones.",
  positive: "No case is known to be anomalous: the curve needs both kinds.",
  negative: "No case is known to be normal: the curve needs both kinds.",
}

class AnomalyView {
  constructor(root) {
    this.root = root
    this.isLog = null // as suits the scores
    const parts = new Map([...root.querySelectorAll("[data-testid]")].map((element) => [element.dataset.testid, element]))
    const part = (this.part = (name) => parts.get(name)) // looked for once: a threshold that is dragged touches dozens a frame
    const hooks = {
      axis: () => this.axis,
      threshold: () => this.threshold,
      onmove: (threshold, event) => this.moveTo(threshold, event),
      onsettle: () => this.settle(),
    }
    this.controls = new ThresholdControls(part, {
      tally: () => this.tally,
      onchoose: (threshold) => this.setThreshold(threshold),
      onsettle: hooks.onsettle,
    })
    this.histogram = new ScoreHistogram(part("histogram"))
    const box = () => this.histogram.box
    this.handle = new ThresholdHandle(part("handle"), part("histogram"), [1, 0], { ...hooks, box, isEverywhere: true })
    this.rates = new Rates(part)
    const onpick = (called, event) => this.moveTo(thresholdFor(this.cases.ranking, called), event)
    const curveHooks = { onpick, onsettle: hooks.onsettle }
    const roc = { across: "false-alarm rate", up: "recall (found)", isStep: false, hooks: curveHooks }
    this.roc = new ThresholdCurve(part("roc"), roc)
    const pr = { across: "recall (found)", up: "precision", isStep: true, hooks: curveHooks }
    this.precisionRecall = new ThresholdCurve(part("pr"), pr)
    this.series = new SeriesView(part("series"), { onpick: (i) => this.showWindow(i), onread: (text) => setText(part("reading"), text) })
    const seriesBox = () => this.series.box
    this.grip = new ThresholdHandle(part("grip"), part("series"), [0, -1], { ...hooks, box: seriesBox })
    this.gallery = new Gallery(part, { onlabel: (position, label) => this.label([position], label), onturn: () => this.requestDraw() })
    part("log").onchange = ({ target }) => this.chooseAxis(target.checked)
    part("forget").onclick = () => this.label(this.own.positions, null)
    part("csv").onclick = () => this.saveCsv()
    this.bootstrap = new IdleWork()
    this.watcher = new ResizeObserver(() => this.renew())
    this.watcher.observe(root)
  }

  close() {
    this.watcher.disconnect()
    this.bootstrap.stop()
    cancelAnimationFrame(this.request)
  }

  // --- what Python sends ---------------------------------------------------------------------------------------------

  // The same measurement again: everything stays as the person left it.
  update(data, trigger) {
    this.trigger = trigger
    const block = unpackBlock(data)
    if (block.id !== this.cases?.id) this.start(block)
    if (this.own.hear(block.own) || !this.tally) this.count()
    if (this.threshold === null) this.threshold = this.controls.start(this.cases)
    this.axis ??= this.makeAxis()
    this.renew()
  }

  start(block) {
    this.cases = new Cases(block)
    this.own = new OwnLabels()
    Object.assign(this, { threshold: null, tally: null, axis: null, isLog: null })
    this.gallery.start()
  }

  // The axis has room for what the rules say, too.
  makeAxis() {
    const { scores, references, series } = this.cases
    const { training, validation } = references
    const lists = [scores, training, validation, series?.scores ?? []]
    if (training.length) lists.push([REFERENCE_RULES.mean(training, START.strictness.mean)])
    return new ScoreAxis(lists, this.isLog)
  }

  // Labels have changed.
  count() {
    this.labels = this.own.over(this.cases.given)
    this.tally = tallyOf(this.cases.ranking, this.labels)
    const hasBoth = this.tally.positive > 0 && this.tally.negative > 0
    this.areas = hasBoth ? { auroc: aurocOf(this.cases.ranking, this.tally), ap: averagePrecisionOf(this.cases.ranking, this.tally) } : null
    this.intervals = null
    this.bootstrap.stop()
    if (hasBoth) this.startBootstrap()
  }

  startBootstrap() {
    const steps = bootstrapIntervals(this.cases.ranking, this.labels)
    let found = null
    const remember = function* () {
      found = yield* steps
    }
    this.bootstrap.start(remember(), () => {
      this.intervals = found
      this.renew()
    })
  }

  // --- what the person does ------------------------------------------------------------------------------------------

  // By hand, along an axis or a curve.
  moveTo(threshold, event) {
    this.controls.rule = null
    this.setThreshold(threshold, event)
  }

  setThreshold(threshold, event = null) {
    if (!Number.isFinite(threshold)) return
    this.threshold = threshold
    this.bootstrap.postpone()
    this.requestDraw(event)
  }

  // The threshold is let go.
  settle() {
    this.controls.remember(this.threshold)
    this.requestDraw()
  }

  // label: null to take them back. Best F1 depends on labels, and stays the best.
  label(positions, label) {
    if (!positions.length) return
    this.trigger("label", { positions: this.own.give(positions, label), value: label })
    this.count()
    if (this.controls.rule === "f1") {
      this.setThreshold(this.controls.thresholdNow())
      this.settle()
    }
    this.renew()
  }

  chooseAxis(isLog) {
    this.isLog = isLog
    this.axis = this.makeAxis()
    this.renew()
  }

  saveCsv() {
    const { cases, own, threshold } = this
    const href = URL.createObjectURL(new Blob([scoresCsv(cases, own, threshold)], { type: "text/csv" }))
    make("a", { href, download: cases.file_name }).click()
    setTimeout(() => URL.revokeObjectURL(href), 60_000)
  }

  showWindow(i) {
    const position = caseOfSpan(this.cases.series, i, this.threshold, (at) => this.cases.placeOf.has(at))
    if (position >= 0) this.gallery.reveal(position)
    else setText(this.part("reading"), "No case below comes from here.")
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  // More than the threshold has changed.
  renew() {
    this.isStale = true
    this.requestDraw()
  }

  // Once a frame of the display, however often the hand moves.
  requestDraw(event = null) {
    this.touchedAt ??= event?.timeStamp ?? null
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.draw()
    })
  }

  draw() {
    const start = performance.now()
    if (this.isStale) this.drawGround()
    this.isStale = false
    this.follow()
    const now = performance.now()
    const { dataset } = this.root
    dataset.frames = Number(dataset.frames ?? 0) + 1
    dataset.frameMs = (now - start).toFixed(2)
    if (this.touchedAt !== null) dataset.latencyMs = (now - this.touchedAt).toFixed(2)
    this.touchedAt = null
  }

  // What stays while the threshold moves.
  drawGround() {
    const { cases, labels, axis, tally, areas, part } = this
    const theme = (this.theme = readTheme(this.root))
    const scale = axis.isLog ? " (log axis)" : ""
    const across = [`${cases.score_name}, ${cases.unit}${scale}`, `${cases.score_name}${scale}`, cases.score_name]
    this.histogram.draw(theme, { scores: cases.scores, labels, axis, across })
    this.showLegend()
    const emptyText = NO_CURVE[tally.positive ? "negative" : tally.negative ? "positive" : "none"]
    const { ends } = cases.ranking
    const curveOf = (make) => (areas ? make(cases.ranking, tally) : null)
    this.roc.draw(theme, { curve: curveOf(rocOf), ends, base: [0, 1], emptyText })
    const prevalence = tally.positive / (tally.positive + tally.negative)
    this.precisionRecall.draw(theme, { curve: curveOf(precisionRecallOf), ends, base: [prevalence, prevalence], emptyText })
    for (const [name, title] of Object.entries({ auroc: "AUROC", ap: "Average precision" })) this.showArea(name, title)
    part("prevalence").textContent = areas ? `Dashed: a score that knows nothing, whose precision is ${decimals(prevalence, 3)} everywhere, the share of anomalous cases.` : ""
    part("log").checked = axis.isLog
    part("log").disabled = !axis.canBeLog
    part("log").parentElement.title = axis.canBeLog ? "" : "A logarithmic axis has no place for a score of zero or less."
    part("series-card").hidden = !cases.series
    this.gallery.arrange(cases)
    if (cases.series) this.series.draw(theme, { series: cases.series, axis, labels, names: cases.channel_names })
    const own = this.own.positions.length
    part("own-row").hidden = !cases.can_label && own === 0
    setText(part("own"), own ? (own === 1 ? "1 label is yours." : `${countText(own)} labels are yours.`) : "Label cases yourself: the numbers follow.")
    part("forget").disabled = own === 0
    this.root.dataset.own = own
  }

  showLegend() {
    const { theme, labels, part } = this
    for (const { label, colour } of KINDS) {
      const entry = part("legend").querySelector(`[data-label="${label}"]`)
      entry.hidden = !labels.includes(label)
      entry.style.setProperty("--colour", theme.palette[colour])
    }
    this.root.style.setProperty("--anomalous", theme.palette[ANOMALY_COLOUR])
    this.root.style.setProperty("--normal", theme.palette[0])
  }

  showArea(name, title) {
    const { areas, intervals, part } = this
    setText(part(`${name}-title`), areas ? `${title} ${decimals(areas[name], 3)}` : title)
    const [low, high] = intervals?.[name].map((value) => decimals(value, 3)) ?? []
    const text = low ? `95\u00a0% interval ${low} to ${high}` : "95\u00a0% interval: being computed…"
    setText(part(`${name}-interval`), areas ? text : "")
    this.root.dataset[name] = areas ? areas[name].toFixed(6) : ""
    this.root.dataset[`${name}Interval`] = low ? `${low} ${high}` : ""
  }

  // What moves with the threshold. Nothing in here asks for a size, which would have the browser lay out the page in between.
  follow() {
    const { cases, labels, own, tally, threshold, axis, theme, part, controls } = this
    const called = calledAt(cases.ranking, threshold)
    const confusion = confusionAt(tally, called)
    if (cases.series) this.series.place(threshold)
    this.histogram.place(axis, threshold)
    setText(part("threshold"), lossText(threshold))
    const words = `${lossText(threshold)}: ${countText(called)} of ${countText(cases.count)} cases called anomalous`
    for (const handle of [this.handle, this.grip]) handle.describe(threshold, words)
    controls.draw(threshold, tally.positive > 0)
    const rates = this.rates.draw({ called, count: cases.count, confusion, own: own.positions.length, canLabel: cases.can_label })
    this.roc.place(called)
    this.precisionRecall.place(called)
    this.gallery.draw(theme, { cases, threshold, labels, own })
    this.leaveReadings({
      id: cases.id,
      threshold,
      called,
      ...confusion,
      precision: rates.precision.toFixed(6),
      recall: rates.recall.toFixed(6),
      rule: controls.rule ?? "",
      log: axis.isLog,
      page: this.gallery.page,
      order: this.gallery.shownNow.join(" "),
      spans: cases.series ? this.series.spans.length : "",
    })
  }

  // What tests read. Each that is written costs, so those that stay are not.
  leaveReadings(readings) {
    for (const [name, value] of Object.entries(readings)) if (this.readings?.[name] !== value) this.root.dataset[name] = value
    this.readings = readings
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const make = (root) => new AnomalyView(root)
  return keepView(parentElement, "[data-testid]", make, (view) => view.update(data, setTriggerValue))
}
