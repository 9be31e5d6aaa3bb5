// What was measured of a run at some of its steps, and read off at any step. No screen. Needs curve.js.

const ROWS_KEPT = 1200 // of one run: of more, every second of the older half is let go

const SMOOTH_OVER = 1.1 // single batches differ widely: a smooth value is the mean from step / 1.1 to step × 1.1

// Steps are far apart at the end of a training and near each other at its beginning: their logarithm is what is even.
const placeOfStep = (step) => Math.log1p(step)
const stepAtPlace = (place) => Math.expm1(place)

// Numbers measured at ascending steps. Between two of them they lie on a straight line over the logarithm of the step.
class Series {
  constructor(steps, values) {
    Object.assign(this, { steps, values })
  }

  get length() {
    return this.steps.length
  }

  get last() {
    return this.values.at(-1) ?? NaN
  }

  // Before the first measurement that, after the last that; NaN where there is none.
  at(step) {
    const { steps, values } = this
    const i = lastUpTo(steps, step)
    if (i < 0) return values[0] ?? NaN
    if (i === steps.length - 1) return values[i]
    const [from, to] = [placeOfStep(steps[i]), placeOfStep(steps[i + 1])]
    const share = (placeOfStep(step) - from) / (to - from)
    return values[i] + share * (values[i + 1] - values[i])
  }

  // Each value is the mean of those around it.
  get smoothed() {
    const { steps, values } = this
    const sums = new Float64Array(values.length + 1)
    values.forEach((value, i) => (sums[i + 1] = sums[i] + value))
    let [from, to] = [0, 0]
    const means = values.map((_, i) => {
      while (steps[from] * SMOOTH_OVER < steps[i]) from++
      while (to < steps.length && steps[to] <= steps[i] * SMOOTH_OVER) to++
      return (sums[to] - sums[from]) / (to - from)
    })
    return new Series(steps, means)
  }
}

// The rows of a table that grows; the first column is the step.
class Table {
  constructor() {
    this.columns = []
    this.rows = []
    this.series = new Map()
  }

  get lastStep() {
    return this.rows.at(-1)?.[0] ?? -1
  }

  has(name) {
    return this.columns.includes(name)
  }

  accept(columns, rows) {
    this.columns = columns
    if (!rows.length) return
    this.rows.push(...rows)
    if (this.rows.length > ROWS_KEPT) {
      const older = this.rows.splice(0, this.rows.length >> 1)
      // A row with a validation says more than its neighbour without one.
      const sayMore = (a, b) => (b.filter((value) => value !== null).length > a.filter((value) => value !== null).length ? b : a)
      const kept = []
      for (let i = 0; i < older.length; i += 2) kept.push(older[i + 1] ? sayMore(older[i], older[i + 1]) : older[i])
      this.rows.unshift(...kept)
    }
    this.series.clear()
  }

  smooth(name) {
    const key = `smooth ${name}`
    if (!this.series.has(key)) this.series.set(key, this.of(name).smoothed)
    return this.series.get(key)
  }

  // Of the rows in which this column has a value.
  of(name) {
    if (!this.series.has(name)) {
      const at = this.columns.indexOf(name)
      const made = this.rows.filter((row) => Number.isFinite(row[at]))
      const list = (column) => Float64Array.from(made, (row) => row[column])
      this.series.set(name, new Series(list(0), list(at)))
    }
    return this.series.get(name)
  }
}
