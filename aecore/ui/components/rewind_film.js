// The film of one run as the browser knows it: every kept moment of its training, fetched in one answer. While the run is in
// training, what is new is asked for every second. Knows no screen; every answer that changes something calls onNews.
// What charts and pictures need of a run is here under the names that they know it by. Needs pixels.js.

const OVER = ["finished", "stopped", "failed", "interrupted", "gone"]
const ASK_EVERY = 1000 // milliseconds
const LONGEST_PAUSE = 8000

class Film {
  constructor({ base, token, stamp, state }, onNews) {
    Object.assign(this, { base, token, stamp, state, onNews })
    this.frames = [] // {step, epoch, pictures, positions, filters}, ascending
    this.gallery = this.status = null
    this.columns = []
    this.rows = new Float64Array() // row by row
    this.starts = [] // steps from which training can be started again
    this.stages = []
    this.problem = "" // a sentence, where there is nothing to show
    this.failures = 0
    this.asked = 0
    this.isBusy = this.isWhole = false // isWhole: all that there is of a run that is over
    this.closing = new AbortController()
  }

  close() {
    clearTimeout(this.timer)
    this.closing.abort()
  }

  get isOver() {
    return OVER.includes(this.state)
  }

  get rowCount() {
    return this.columns.length ? this.rows.length / this.columns.length : 0
  }

  // Values of a column, row by row: numbers, and NaN where there is none.
  column(name) {
    const at = this.columns.indexOf(name)
    const width = this.columns.length
    return Float64Array.from({ length: this.rowCount }, (_, row) => (at < 0 ? NaN : this.rows[row * width + at]))
  }

  // The page says how the run is now: resumed, or over.
  update({ stamp, state }) {
    if (stamp === this.stamp && (stamp !== null || !this.isWhole)) return
    Object.assign(this, { stamp, state, isWhole: false })
  }

  wake() {
    if (!this.isWhole) this.ask()
  }

  get address() {
    const base = `${this.base}/api/runs/${encodeURIComponent(this.token)}/film`
    if (this.stamp !== null) return `${base}?stamp=${encodeURIComponent(this.stamp)}`
    return this.frames.length ? `${base}?have=${this.frames.at(-1).step}` : base
  }

  async ask() {
    clearTimeout(this.timer)
    if (this.isBusy || document.hidden || this.closing.signal.aborted) return
    this.isBusy = true
    this.asked += 1
    const { address } = this
    try {
      const response = await fetch(address, { signal: this.closing.signal })
      if (response.status === 204) this.hear(response.headers.get("X-Run-State"), address)
      else if (response.ok) this.take(unpackBlock(await response.arrayBuffer()), address)
      else if (response.status === 404) this.lack(await response.json(), response.headers.get("X-Run-State"))
      else throw new Error(`The server answered ${response.status}.`)
      this.failures = 0
    } catch {
      this.failures += 1
      if (!this.frames.length) this.problem = "The server does not answer. Trying again…"
    }
    this.isBusy = false
    if (this.closing.signal.aborted) return
    const pause = Math.min(LONGEST_PAUSE, ASK_EVERY * 2 ** this.failures)
    if (!this.isWhole) this.timer = setTimeout(() => this.ask(), this.failures ? pause : ASK_EVERY)
    this.onNews()
  }

  // Nothing is newer. Of a run that has ended meanwhile all is asked for once more, for its last curve and its weights.
  hear(state, address) {
    this.state = state
    if (this.isOver && this.stamp === null && address.includes("?have=")) this.stamp = ""
  }

  lack({ error }, state) {
    Object.assign(this, { state: state ?? "gone", problem: this.frames.length ? "" : error })
    this.isWhole = this.isOver
  }

  take({ parts, ...facts }, address) {
    const [originals, corrupted, pointLabels, pictures, positions, filters, rows] = parts
    const isWhole = !address.includes("?have=")
    if (isWhole) this.takeGallery(facts, originals, corrupted, pointLabels)
    const keep = ({ step }) => !isWhole && step <= facts.after
    this.frames = [...this.frames.filter(keep), ...this.framesIn(facts, pictures, positions, filters)]
    const stepColumn = facts.columns.indexOf("step")
    const width = facts.columns.length
    let kept = 0
    const isSame = !isWhole && String(facts.columns) === String(this.columns)
    while (isSame && kept < this.rowCount && this.rows[kept * width + stepColumn] <= facts.after) kept += 1
    const added = new Float64Array(rows.slice().buffer)
    const all = new Float64Array(kept * width + added.length)
    all.set(this.rows.subarray(0, kept * width))
    all.set(added, kept * width)
    const { columns, starts, stages, state, step, total, epochs, missing, left_out: leftOut, fleeting } = facts
    Object.assign(this, { columns, rows: all, starts, stages, state, problem: "" })
    this.status = { step, steps: total, epochs }
    if (isWhole) Object.assign(this, { missing, leftOut })
    this.isFleeting = fleeting
    if (this.isOver && isWhole) this.isWhole = true
    else if (this.isOver) this.stamp = "" // all of it once more
  }

  takeGallery(facts, originals, corrupted, pointLabels) {
    const { count, channels, height, width, classes, positions_kind: kind } = facts
    this.gallery = { count, channels, height, width, classes, positions_kind: kind, originals, pointLabels }
    this.gallery.corrupted = facts.has_corrupted ? corrupted : null
  }

  framesIn({ steps, total, epochs, filters: shape }, pictures, positions, filters) {
    const count = steps.length
    const share = (bytes, i) => bytes.subarray((i * bytes.length) / count, ((i + 1) * bytes.length) / count)
    return steps.map((step, i) => ({
      step,
      epoch: (step / Math.max(1, total)) * epochs,
      pictures: share(pictures, i),
      positions: new Float32Array(share(positions, i).slice().buffer),
      filters: shape && { shape, bytes: share(filters, i) },
    }))
  }
}

// What a run's log says of a step: its last row up to there, and the last validation made until then.
class Log {
  constructor(film) {
    const column = (name) => film.column(name)
    Object.assign(this, { step: column("step"), seconds: column("seconds") })
    this.training = column("train_loss")
    this.validation = column("val_loss")
  }

  at(step) {
    const row = lastUpTo(this.step, step)
    const last = (values) => {
      for (let i = row; i >= 0; i--) if (Number.isFinite(values[i])) return values[i]
      return NaN
    }
    return { seconds: row < 0 ? NaN : this.seconds[row], training: last(this.training), validation: last(this.validation) }
  }
}
