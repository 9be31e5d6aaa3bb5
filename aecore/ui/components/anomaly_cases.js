// The cases of a measurement, as the server sends them, and the labels that a person gives them. No screen.
// Needs numbers.js, pixels.js and anomaly_numbers.js.

const floatsIn = (part) => new Float32Array(part.slice().buffer)
const integersIn = (part) => new Int32Array(part.slice().buffer)
const bytesIn = (part) => new Int8Array(part.slice().buffer)

class Cases {
  // data: what `AnomalyView.data` in Python makes.
  constructor({ parts, ...facts }) {
    const [scores, labels, classes, numbers, training, validation, shown, originals, reconstructions, ...series] = parts
    Object.assign(this, facts)
    this.scores = floatsIn(scores)
    this.given = bytesIn(labels)
    this.classes = new Int16Array(classes.slice().buffer)
    this.numbers = integersIn(numbers)
    this.references = { training: floatsIn(training), validation: floatsIn(validation) }
    this.shown = integersIn(shown)
    this.placeOf = new Map(Array.from(this.shown, (position, place) => [position, place]))
    const values = facts.kind === "pictures" ? (part) => part.slice() : floatsIn
    this.originals = values(originals)
    this.reconstructions = values(reconstructions)
    if (facts.series) this.series = this.seriesIn(facts.series, series)
    this.ranking = rankingOf(this.scores)
    this.rankOf = new Int32Array(this.count)
    this.ranking.order.forEach((position, rank) => (this.rankOf[position] = rank))
  }

  seriesIn(facts, [low, high, starts, scores, parts, positions, truth]) {
    const windows = { starts: integersIn(starts), scores: floatsIn(scores), parts: bytesIn(parts) }
    return { ...facts, low: floatsIn(low), high: floatsIn(high), ...windows, positions: integersIn(positions), truth: bytesIn(truth) }
  }

  get count() {
    return this.scores.length
  }

  // Of a picture or a sequence.
  get size() {
    return { channels: this.channels, height: this.height, width: this.width }
  }

  // Original and reconstruction of a case whose data are here.
  pairOf(position) {
    const length = this.channels * (this.kind === "pictures" ? this.height : 1) * this.width
    const start = this.placeOf.get(position) * length
    return [this.originals, this.reconstructions].map((all) => all.subarray(start, start + length))
  }

  nameOf(position) {
    return `${this.called} ${countText(this.numbers[position])}`
  }

  classOf(position) {
    return this.class_names[this.classes[position]] ?? ""
  }
}

// Labels that the person gives: those that Python knows of, and those on their way to it, which win until it knows them.
class OwnLabels {
  constructor() {
    this.known = new Map()
    this.sent = new Map() // null: to be taken back
  }

  // own: of Python, by position. Returns whether a label has changed by it.
  hear(own) {
    const before = this.text
    this.known = new Map(Object.entries(own).map(([position, label]) => [Number(position), label]))
    for (const [position, label] of this.sent) if ((this.known.get(position) ?? null) === label) this.sent.delete(position)
    return this.text !== before
  }

  get text() {
    return this.positions.map((position) => `${position}:${this.of(position)}`).join()
  }

  // Returns the positions to send: with those of the same label that are on their way still, for of two messages that overtake
  // each other the server hears the last.
  give(positions, label) {
    for (const position of positions) this.sent.set(position, label)
    return [...this.sent.keys()].filter((position) => this.sent.get(position) === label)
  }

  // undefined: not labelled by the person.
  of(position) {
    return (this.sent.has(position) ? this.sent.get(position) : this.known.get(position)) ?? undefined
  }

  get positions() {
    const all = new Set([...this.known.keys(), ...this.sent.keys()])
    return [...all].filter((position) => this.of(position) !== undefined).sort((a, b) => a - b)
  }

  // All labels, with the person's own in place of those that are given.
  over(given) {
    const labels = given.slice()
    for (const position of this.positions) labels[position] = this.of(position)
    return labels
  }
}
