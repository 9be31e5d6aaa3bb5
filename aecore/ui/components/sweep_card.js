// One run among the small multiples: how it uses its code, its scores while it trains, and what each number of its code draws.
// Needs numbers.js, canvas.js, curve.js, sweep_series.js, sweep_member.js, sweep_traversals.js, svg_pen.js
// and save_chart.js.

const ROWS_AT_FIRST = 10 // a longer code has no room for all its numbers
const NAMED_AT_MOST = 12 // of more bars the names would touch
const LABEL = 13 // CSS pixels, of what is written into a drawing
const HEADROOM = 17 // CSS pixels above a drawing, where the end of its scale is written
const RUN_STATES = {
  queued: "Queued",
  preparing: "Getting ready",
  running: "Training",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  interrupted: "Interrupted",
}
const THOUSANDS = /\B(?=(\d{3})+$)/g // where a comma belongs
const SCORES = { mig: "MIG", sap: "SAP" }

class SweepCard {
  // data: of the page; i: the run's place in the sweep; onchange(): other rows are wanted.
  constructor(member, data, i, onchange) {
    Object.assign(this, { member, data, colour: data.arms[member.arm].colour, isSeen: false, isOpen: false, isReserved: false })
    const testid = (name) => ({ testid: `${name}-${i}` })
    this.pill = make("span", { className: "pill" })
    this.facts = make("p", { className: "facts", dataset: testid("facts") })
    this.bars = make("canvas", { className: "bars", role: "img", dataset: testid("bars") })
    this.curves = make("canvas", { className: "curves", role: "img", dataset: testid("curves") })
    this.names = make("div", { className: "names", ariaHidden: true })
    this.cursor = make("i", { className: "cursor" })
    this.missing = make("p", { className: "missing", hidden: true, dataset: testid("missing") })
    this.ofStep = make("p", { className: "of-step", dataset: testid("of-step") })
    this.labels = make("div", { className: "labels" })
    this.pictures = make("canvas", { className: "pictures", role: "img", hidden: true, dataset: testid("traversals") })
    this.sizer = make("i", { className: "sizer" })
    this.more = make("button", { type: "button", className: "more", dataset: testid("more"), onclick: () => this.toggle() })
    this.traversals = new TraversalCanvas(this.pictures, data.across, data.picture)
    this.onchange = onchange
    this.barsBox = make("div", {}, this.bars)
    this.box = make(
      "article",
      { className: "run", dataset: testid("run"), ariaLabel: `${data.arms[member.arm].title}, seed ${member.seed}` },
      make("header", {}, make("b", { textContent: `Seed ${member.seed}` }), this.pill),
      this.facts,
      this.barsBox,
      this.names,
      ...(data.knows_factors ? [this.makeScores(), make("div", { className: "course" }, this.curves, this.cursor, this.missing)] : []),
      this.ofStep,
      make("div", { className: "rows" }, this.labels, this.pictures, this.sizer),
      this.more,
    )
    this.box.style.setProperty("--colour", this.colour)
    this.offerFiles(`${data.arms[member.arm].title}, seed ${member.seed}`)
  }

  offerFiles(name) {
    const theme = () => this.theme
    const paintScores = () => {
      this.painted = null // they are painted only when there is more of them
      this.paintScores()
    }
    const bars = { canvases: () => [this.bars], paint: () => this.paintBars(), theme, title: () => `KL of each number of the code: ${name}` }
    offerSaving(this.barsBox, bars)
    const scores = Object.entries(SCORES).map(([score, text]) => ({ text, mark: lineMark(this.colour, 2, { dashes: score === "sap" ? [4, 3] : [] }) }))
    const curves = { canvases: () => [this.curves], paint: paintScores, theme, title: () => `MIG and SAP by step: ${name}`, legend: () => scores }
    if (this.scores) offerSaving(this.curves.parentElement, curves)
  }

  makeScores() {
    this.scores = {}
    const entries = Object.entries(SCORES).map(([name, title]) => {
      this.scores[name] = make("b")
      return make("span", {}, make("i", { className: `line ${name}` }), `${title} `, this.scores[name])
    })
    return make("p", { className: "scores" }, ...entries)
  }

  toggle() {
    this.isOpen = !this.isOpen
    this.onchange()
  }

  // The numbers of the code whose traversals are shown, the most used first. Where room is kept, it is also used.
  get numbers() {
    return this.isOpen ? this.member.order : this.first
  }

  get first() {
    const { order, activeCount } = this.member
    return order.slice(0, Math.min(this.isReserved ? order.length : activeCount, ROWS_AT_FIRST))
  }

  // moment: {step, span, updates, layout, mostKl, mostScore, traversals(card)}, the same for all cards.
  paint(theme, moment) {
    Object.assign(this, { theme, moment })
    this.paintBars()
    if (this.scores) this.paintScores()
    this.found = moment.traversals(this)
    if (this.found && this.numbers.length) this.traversals.paint(this.found, this.numbers)
  }

  // What is written, after all cards are painted: a browser lays the page out again as soon as somebody asks for a size.
  tell() {
    const { member, moment, numbers, found } = this
    const step = Math.min(moment.step, member.step)
    const valueOf = (name) => member.code.of(name).at(step)
    if (this.box.dataset.state !== member.state) this.box.dataset.state = member.state ?? ""
    setText(this.pill, RUN_STATES[member.state] ?? "")
    setText(this.facts, this.factsText())
    this.showMore()
    this.pictures.hidden = !found || !numbers.length
    Object.assign(this.pictures.dataset, { step: found?.step ?? "", numbers: numbers.join(), stamp: found?.stamp ?? "" })
    numbers.forEach((k, i) => {
      const label = this.labels.children[i]
      label.classList.toggle("collapsed", member.isCollapsed(k))
      setText(label.lastChild, fixed(valueOf(`kl_${k + 1}`), 1))
    })
    const most = member.order[0]
    const mostText = `z${most + 1} with ${fixed(valueOf(`kl_${most + 1}`), 2)} nats`
    describe(this.bars, `KL of each of ${member.codeSize} numbers of the code; the most used is ${mostText}.`)
    this.tellStep(step)
    if (!this.scores) return
    this.cursor.style.transform = `translateX(${(100 * placeOfStep(step)) / placeOfStep(moment.span)}%)`
    this.cursor.hidden = !member.hasBegun
    const missing = this.whyNoScores
    setText(this.missing, missing)
    this.missing.hidden = !missing
    for (const name of Object.keys(SCORES)) setText(this.scores[name], fixed(valueOf(name), 2))
    describe(this.curves, Object.entries(SCORES).map(([name, title]) => `${title} ${fixed(valueOf(name), 2)}`).join(", "))
  }

  // Of which step the pictures are. step: the one that is shown; pictures were kept of a few alone.
  tellStep(step) {
    const { member, numbers, found } = this
    const isOther = Boolean(found) && numbers.length > 0 && found.step !== Math.round(step)
    const key = `${found?.step} ${isOther} ${numbers.length}`
    if (this.told === key) return
    this.told = key
    const text = found ? `Pictures of step ${countText(found.step)}` : ""
    setText(this.ofStep, isOther ? text : "")
    const range = `from −${this.data.reach} to ${this.data.reach}`
    const not = isOther ? ", not of the step that is shown" : ""
    describe(this.pictures, `What ${numbers.length} of ${member.codeSize} numbers of the code draw ${range}. ${text}${not}.`)
  }

  // Why a run that is measured has no MIG and SAP at all; nothing where it has, or may still get them.
  get whyNoScores() {
    const { code } = this.member
    if (!code.rows.length || Object.keys(SCORES).some((name) => code.of(name).length)) return ""
    const why = code.has("mig") ? "the code holds numbers that are not finite" : "too few different pictures"
    return `${NOTHING} Not measured: ${why}.`
  }

  factsText() {
    const { member, moment } = this
    if (member.state === "queued" && !member.hasBegun) {
      return member.queue ? `Number ${member.queue} in the queue` : "Waits for its turn"
    }
    if (member.state === "failed") return member.reason || "The training ended with an error."
    const at = Math.min(moment.step, member.step)
    const last = (name) => member.losses.of(name).at(at)
    const more = { train_capacity: "C", train_total_correlation: "TC" }
    const extra = Object.keys(more).filter((name) => member.losses.has(name) && Number.isFinite(last(name)))
    const code = member.order.reduce((sum, k) => sum + member.klOf(k).at(at), 0)
    const extras = extra.map((name) => `${more[name]} ${fixed(last(name), 1)}`)
    const parts = [`Step ${fixed(at, 0).replace(THOUSANDS, ",")}`, `KL ${fixed(code, 1)} nats`, ...extras]
    return member.hasBegun ? parts.join(" · ") : ""
  }

  // A bar for each number of the code, on the same scale in all runs.
  paintBars() {
    const { member, theme, moment } = this
    const { pen, width, height } = penFor(this.bars)
    const pitch = width / member.codeSize
    const gap = Math.min(2, 0.15 * pitch)
    const most = Math.max(1, moment.mostKl)
    write(pen, theme, `${fixed(most, 1)} nats`, width, 8, { size: LABEL, align: "right" })
    rule(pen, theme, 0, height - 1, width, height - 1, 0.25)
    pen.fillStyle = this.colour
    member.order.forEach((k, i) => {
      const value = member.klOf(k).at(moment.step)
      const tall = value > 0 ? (value / most) * (height - 1 - HEADROOM) : 0
      pen.fillRect(i * pitch + gap, height - 1 - tall, pitch - 2 * gap, tall)
    })
  }

  // MIG and SAP over the steps, as the slider counts them. They are painted when there is more of them; where the slider stands
  // is a line of its own.
  paintScores() {
    const { member, theme, moment, curves } = this
    const placeOf = (step) => placeOfStep(step) / placeOfStep(moment.span)
    const key = [moment.updates, moment.layout, moment.span, moment.mostScore, theme.text].join()
    if (this.painted === key) return
    this.painted = key
    const { pen, width, height } = penFor(curves)
    const toX = (step) => placeOf(step) * (width - 2) + 1
    const toY = makeScale(0, Math.max(0.1, moment.mostScore), height - 2, HEADROOM)
    pen.setLineDash([])
    rule(pen, theme, 0, height - 1, width, height - 1, 0.25)
    write(pen, theme, fixed(Math.max(0.1, moment.mostScore), 2), 0, 8, { size: LABEL })
    Object.assign(pen, { strokeStyle: this.colour, lineWidth: 2, lineJoin: "round" })
    for (const name of Object.keys(SCORES)) {
      const series = member.code.of(name)
      pen.setLineDash(name === "sap" ? [4, 3] : [])
      pen.beginPath()
      traceCurve(pen, series.steps.map(toX), series.values.map(toY))
      pen.stroke()
    }
  }

  // Give the rows their room. Also of cards that are not seen, so that nothing moves when they are. isReserved: whether to keep
  // room for rows that may come, for the run was in training when it was first seen.
  arrange({ layout }, isReserved) {
    this.isReserved = isReserved
    const { member, numbers } = this
    if (this.layout !== layout) {
      this.layout = layout
      this.rowHeight = this.traversals.fit(this.sizer.clientWidth)
      this.labels.style.gridAutoRows = `${this.rowHeight}px`
    }
    const order = member.order.join()
    if (this.names.dataset.order !== order) {
      this.names.dataset.order = order
      const isRoomy = member.codeSize <= NAMED_AT_MOST
      this.names.replaceChildren(...(isRoomy ? member.order.map((k) => make("span", { textContent: `z${k + 1}` })) : []))
    }
    const height = `${numbers.length * this.rowHeight}px`
    if (this.sizer.style.height !== height) this.sizer.style.height = height
    const names = numbers.join()
    if (this.labels.dataset.numbers === names) return
    this.labels.dataset.numbers = names
    this.labels.replaceChildren(...numbers.map((k) => make("span", {}, `z${k + 1}`, make("small"))))
    this.showMore()
  }

  showMore() {
    const { member, first, isOpen } = this
    const rest = member.order.slice(first.length)
    const collapsed = rest.filter((k) => member.isCollapsed(k)).length
    const parts = [[rest.length - collapsed, "more"], [collapsed, "collapsed"]].filter(([count]) => count)
    const text = parts.map((part) => part.join(" ")).join(" and ")
    setText(this.more, `${isOpen ? "Hide" : "Show"} ${text} ${rest.length === 1 ? "number" : "numbers"}`)
    this.more.ariaExpanded = isOpen
    this.more.hidden = !rest.length || !member.hasBegun
  }
}

function describe(canvas, text) {
  if (canvas.ariaLabel !== text) canvas.ariaLabel = text
}

// Hundreds of these are written at every frame: grouping their thousands would take most of its time.
function fixed(value, digits) {
  if (!Number.isFinite(value)) return NOTHING
  const text = value.toFixed(digits)
  return text.startsWith("-") ? (Number(text) === 0 ? text.slice(1) : `−${text.slice(1)}`) : text
}
