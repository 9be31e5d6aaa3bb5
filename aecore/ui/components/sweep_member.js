// One run of a sweep as the browser knows it. No screen. Needs sweep_series.js.

const OVER = ["finished", "stopped", "failed", "interrupted"]
const OUT_OF_ORDER = [1.2, 0.05] // a number overtakes another when its KL is larger by this factor and so many nats more

class SweepMember {
  // facts: what the page says of the run: its token, arm and seed; codeSize: how many numbers its code has; collapsedBelow:
  // nats, a number with a smaller KL says next to nothing of a picture.
  constructor(facts, codeSize, collapsedBelow) {
    Object.assign(this, facts, { codeSize, collapsedBelow })
    this.forget()
  }

  forget() {
    Object.assign(this, { state: null, step: 0, steps: NaN, queue: null, reason: "", kept: [] })
    this.losses = new Table()
    this.code = new Table()
    this.order = Array.from({ length: this.codeSize }, (_, k) => k) // the numbers of the code, the most used first
  }

  get isOver() {
    return OVER.includes(this.state)
  }

  get isTraining() {
    return this.state === "running" || this.state === "preparing"
  }

  // What the server is told of what is here.
  get since() {
    return `${this.losses.lastStep}:${this.code.lastStep}:${this.kept.at(-1) ?? -1}`
  }

  // A run that was resumed may go on from an earlier step: then all of it is asked for again.
  accept({ state, step, steps, queue, reason, kept, ...tables }) {
    if (step < this.step) return this.forget()
    Object.assign(this, { state, step, steps, queue, reason })
    this.losses.accept(tables.loss_columns, tables.loss_rows)
    this.code.accept(tables.code_columns, tables.code_rows)
    this.kept.push(...kept)
    if (tables.code_rows.length || this.isOver) this.arrange()
  }

  // A run that waits for its turn has no numbers yet.
  get hasBegun() {
    return this.losses.rows.length > 0
  }

  // --- how good it is -----------------------------------------------------------------------------------------------

  // part: "val", or "train", which is of one batch or a few and therefore smoothed. Both are measured in the same rows.
  lossesOf(part) {
    const series = (name) => (part === "train" ? this.losses.smooth(`train_${name}`) : this.losses.of(`val_${name}`))
    return { kl: series("kl"), reconstruction: series("reconstruction") }
  }

  // Where the run is in the plane of reconstruction and KL after a step, or null.
  positionAt(step, part) {
    const { kl, reconstruction } = this.lossesOf(part)
    const position = { kl: kl.at(step), reconstruction: reconstruction.at(step) }
    return Number.isFinite(position.kl) && Number.isFinite(position.reconstruction) ? position : null
  }

  // --- how it uses its code -----------------------------------------------------------------------------------------

  klOf(k) {
    return this.code.of(`kl_${k + 1}`)
  }

  isCollapsed(k) {
    return !(this.klOf(k).last >= this.collapsedBelow)
  }

  get activeCount() {
    return this.order.filter((k) => !this.isCollapsed(k)).length
  }

  // The most used numbers come first. While the run is in training they keep their places as long as that is nearly so.
  arrange() {
    const kl = this.order.map((_, k) => this.klOf(k).last || 0)
    const [factor, more] = OUT_OF_ORDER
    const isOut = (k, i) => i > 0 && kl[k] > factor * kl[this.order[i - 1]] + more
    if (this.isOver || this.order.some(isOut)) this.order = [...this.order].sort((a, b) => kl[b] - kl[a] || a - b)
  }
}
