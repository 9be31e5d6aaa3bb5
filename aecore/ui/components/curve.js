// From the rows of a run to a line on a chart: which terms there are, where a value lies, and a path of few points.

const TERM_NAMES = { loss: "Total", kl: "KL", l1: "L1", l2: "L2" }

// "train_weight_decay" and "val_weight_decay" are two columns of one term, "weight_decay"; the total comes first.
function termsOf(feeds) {
  const names = feeds.flatMap((feed) => feed.columns).map((name) => name.match(/^(?:train|val)_(.+)$/)?.[1])
  return [...new Set(["loss", ...names.filter(Boolean)])]
}

function termName(term, names = {}) {
  const words = term.replaceAll("_", " ")
  return names[term] ?? TERM_NAMES[term] ?? words[0].toUpperCase() + words.slice(1)
}

// A scale turns values into pixels. On a log axis, values that are not positive have no place: NaN.
function makeScale(low, high, from, to, isLog = false) {
  const place = isLog ? (value) => (value > 0 ? Math.log10(value) : NaN) : (value) => value
  const [start, end] = [place(low), place(high)]
  return (value) => from + ((place(value) - start) / (end - start)) * (to - from)
}

// The range of all values that can be shown, with some room around it; null when there are none.
function rangeOf(lists, isLog) {
  let [low, high] = [Infinity, -Infinity]
  for (const list of lists) {
    for (const value of list) {
      if (!Number.isFinite(value) || (isLog && value <= 0)) continue
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  if (low > high) return null
  if (isLog) {
    const room = Math.max((high / low) ** 0.06, 1.02)
    return [low / room, high * room]
  }
  const room = 0.06 * (high - low) || 0.05 * Math.abs(high) || 1
  return [low - room, high + room]
}

// Add the curve to the pen's path. Of the points that share a column of pixels only the first, the lowest, the
// highest and the last are drawn: the picture is the same, and ten thousand rows cost no more than the chart is wide.
// A value that is missing leaves a gap.
function traceCurve(pen, xs, ys) {
  let isDown = false
  let column = null
  const flush = () => {
    if (!column) return
    const { x, first, low, high, last } = column
    if (isDown) pen.lineTo(x, first)
    else pen.moveTo(x, first)
    // A point on its own is drawn as a short dash.
    if (!isDown) pen.lineTo(x + 0.5, first)
    if (high > low) pen.lineTo(x, low), pen.lineTo(x, high)
    pen.lineTo(x, last)
    isDown = true
    column = null
  }
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = [xs[i], ys[i]]
    if (!Number.isFinite(y) || !Number.isFinite(x)) {
      flush()
      isDown = false
    } else if (column && x - column.x < 1) {
      column.low = Math.min(column.low, y)
      column.high = Math.max(column.high, y)
      column.last = y
    } else {
      flush()
      column = { x, first: y, low: y, high: y, last: y }
    }
  }
  flush()
}

const only = (values, at) => Float64Array.from(at, (i) => values[i])

// The two curves of one run: training as logged, validation where one was made.
function curvesOf(feed, term, axis) {
  const x = feed.column(axis)
  const train = feed.column(`train_${term}`)
  const validation = feed.column(`val_${term}`)
  const made = [...validation.keys()].filter((i) => Number.isFinite(validation[i]))
  const step = feed.column("step")
  const found = { validationX: only(x, made), validationStep: only(step, made), validation: only(validation, made) }
  return { feed, x, train, step, ...found }
}

// Where in an ascending list the value nearest to x is; -1 in an empty list.
function nearestAt(xs, x) {
  let [low, high] = [0, xs.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (xs[middle] < x) low = middle + 1
    else high = middle
  }
  return low > 0 && x - xs[low - 1] <= xs[low] - x ? low - 1 : xs.length ? low : -1
}

// Where in an ascending list the last value up to x is; -1 when all are larger.
function lastUpTo(xs, x) {
  const at = nearestAt(xs, x)
  return at >= 0 && xs[at] > x + 1e-9 * Math.abs(x) ? at - 1 : at
}
