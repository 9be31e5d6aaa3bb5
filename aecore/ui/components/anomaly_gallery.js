// The cases whose data are here: which of them, in which order, a page at a time, and one of them large.
// Needs numbers.js, canvas.js, anomaly_card.js and what it needs.

const PAGE_ROWS = { 1: 4, 2: 3 } // by columns; of more, as many as make twelve cases
const PAGE_CASES = 12
const LEAST_WIDTHS = { pictures: 300, sequences: 300 }
const CASE_GAP = 14

const FILTERS = {
  all: () => true,
  called: ({ isCalled }) => isCalled,
  alarms: ({ isCalled, label }) => isCalled && label === 0,
  missed: ({ isCalled, label }) => !isCalled && label === 1,
  unlabelled: ({ label }) => label < 0,
}
const NONE = {
  called: "No case that is shown here is called anomalous.",
  alarms: "No false alarm here.",
  missed: "None is missed here.",
  unlabelled: "Every case here has a label.",
}

class Gallery {
  // hooks: onlabel(position, label or null), onturn() when there is something else to draw.
  constructor(part, hooks) {
    Object.assign(this, { part, hooks, cards: [], page: 0 })
    this.filters = [...part("filters").querySelectorAll("input")]
    this.orders = [...part("orders").querySelectorAll("input")]
    for (const input of [...this.filters, ...this.orders]) input.onchange = () => this.choose({ [input.name]: input.value, page: 0 })
    part("before").onclick = () => this.choose({ page: this.page - 1 })
    part("after").onclick = () => this.choose({ page: this.page + 1 })
    this.dialog = part("large")
    this.large = new CaseCard({ isLarge: true, hooks })
    part("large-case").append(this.large.box)
    part("close").onclick = () => this.dialog.close()
    this.dialog.onclick = ({ target }) => target === this.dialog && this.dialog.close() // beside it
    this.dialog.onclose = () => this.choose({ opened: null })
  }

  // Of another measurement, or the first.
  start() {
    if (this.dialog.open) this.dialog.close()
    Object.assign(this, { filter: "all", order: "most", page: 0, opened: null, stamp: (this.stamp ?? 0) + 1 })
  }

  choose(choice) {
    Object.assign(this, choice)
    this.hooks.onturn()
  }

  open(position) {
    this.dialog.showModal()
    this.choose({ opened: position })
  }

  // Turn to the page of a case, whatever is filtered.
  reveal(position) {
    const { cases } = this.now
    if (!this.listed.includes(position)) this.filter = "all"
    this.page = Math.floor(this.casesInOrder().indexOf(position) / this.onPage)
    this.drawNow()
    const card = this.cards.find((each) => each.position === position && !each.box.hidden)
    card?.box.focus({ preventScroll: true })
    card?.box.scrollIntoView({ block: "nearest", behavior: "smooth" })
    return cases.nameOf(position)
  }

  casesInOrder() {
    const { cases, threshold, labels } = this.now
    const keep = FILTERS[this.filter]
    const listed = [...cases.shown].filter((i) => keep({ isCalled: cases.scores[i] > threshold, label: labels[i] }))
    const place = {
      most: (i) => cases.rankOf[i],
      least: (i) => -cases.rankOf[i],
      nearest: (i) => Math.abs(cases.scores[i] - threshold),
    }[this.order]
    return listed.sort((a, b) => place(a) - place(b))
  }

  // now: {cases, threshold, labels, own}
  draw(theme, now) {
    Object.assign(this, { theme, now })
    this.table ??= errorColours()
    this.drawNow()
  }

  drawNow() {
    const { part, now } = this
    const { cases, threshold, labels } = now
    this.listed = this.casesInOrder()
    const pages = Math.max(1, Math.ceil(this.listed.length / this.onPage))
    this.page = Math.max(0, Math.min(pages - 1, this.page))
    const first = this.page * this.onPage
    const shown = (this.shownNow = this.listed.slice(first, first + this.onPage))
    const scale = this.scaleOf(shown)
    this.cards.forEach((card, at) => {
      card.box.hidden = at >= shown.length
      if (at < shown.length) card.draw(this.theme, shown[at], now, scale, scale.key)
    })
    this.showControls({ cases, threshold, labels, pages, first, shown })
    if (this.opened !== null) this.large.draw(this.theme, this.opened, now, scale, [scale.key, this.dialog.clientWidth].join())
    setText(part("none"), cases.shown.length ? (NONE[this.filter] ?? "") : "No case comes with its data: there is nothing to look at.")
    part("none").hidden = shown.length > 0
    this.showLegend(cases, scale)
  }

  // As many cards as a page has. Before draw, whenever the width or the measurement may be another.
  arrange(cases) {
    const grid = this.part("cards")
    const width = grid.clientWidth
    const columns = Math.max(1, Math.floor((width + CASE_GAP) / (LEAST_WIDTHS[cases.kind] + CASE_GAP)))
    this.width = width
    this.onPage = columns * (PAGE_ROWS[columns] ?? Math.ceil(PAGE_CASES / columns))
    if (this.cards.length === this.onPage) return
    grid.style.setProperty("--columns", columns)
    this.cards = Array.from({ length: this.onPage }, () => {
      const hooks = { onlabel: this.hooks.onlabel, onopen: (position) => this.open(position) }
      return new CaseCard({ isLarge: false, hooks })
    })
    grid.replaceChildren(...this.cards.map(({ box }) => box))
  }

  // What all cards of the page share, so that they can be compared. Remembered: a page that stays costs nothing.
  scaleOf(shown) {
    const { cases } = this.now
    const key = [this.stamp, this.width, this.theme.text, this.theme.primary, window.devicePixelRatio, ...shown].join()
    if (this.scale?.key === key) return this.scale
    const pairs = (shown.length ? shown : [...cases.shown].slice(0, 1)).map((position) => cases.pairOf(position))
    if (cases.kind === "sequences") return (this.scale = { key, ...sequenceScale(pairs, cases.size) })
    const largest = Math.max(0, ...pairs.map((pair) => largestOf(pixelErrors(pair, cases.size))))
    return (this.scale = { key, largest, table: this.table })
  }

  showControls({ cases, threshold, labels, pages, first, shown }) {
    const { part } = this
    const facts = Array.from(cases.shown, (i) => ({ isCalled: cases.scores[i] > threshold, label: labels[i] }))
    for (const input of this.filters) {
      input.checked = input.value === this.filter
      setText(input.parentElement.lastElementChild, countText(facts.filter(FILTERS[input.value]).length))
    }
    for (const input of this.orders) input.checked = input.value === this.order
    part("before").disabled = this.page === 0
    part("after").disabled = this.page === pages - 1
    const total = countText(this.listed.length)
    setText(part("page"), shown.length ? `${countText(first + 1)} to ${countText(first + shown.length)} of ${total}` : "0 of 0")
    const isPart = cases.shown.length < cases.count
    setText(part("about-cases"), isPart ? `${countText(cases.shown.length)} of the ${countText(cases.count)} cases come with their data.` : "")
  }

  showLegend(cases, { key, largest, table }) {
    if (this.explained === key) return
    this.explained = key
    this.part("picture-legend").hidden = cases.kind !== "pictures"
    this.part("sequence-legend").hidden = cases.kind !== "sequences"
    if (cases.kind !== "pictures") return
    paint(this.part("ramp"), { width: RAMP_STEPS, height: 1 }, (data) => data.set(table))
    setText(this.part("ramp-largest"), decimals(largest, 2))
  }
}
