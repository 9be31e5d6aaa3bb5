// The units of one layer of an encoder: what they answer to pictures, how much they are used, and what they respond to, as
// pictures. No screen and no state. A unit is a number of a dense layer, or a filter of a convolution, whose answer to a picture
// is then its largest anywhere in it. Needs network.js and code_statistics.js.

const DEAD_SHARE = 0.01 // of the range: a unit whose answers differ by no more answers to all pictures alike
const ROWS_AT_ONCE = 32 // units whose pictures are summed up in one slice of work

// Above what a unit is called active: 0 where that is where it rests, else the middle of its range. A linear unit has neither.
const ACTIVE_ABOVE = { relu: 0, leaky_relu: 0, gelu: 0, silu: 0, sigmoid: 0.5, tanh: 0 }
const ENDS = { sigmoid: [0, 1], tanh: [-1, 1] }

// What is known of a layer before its weights; depth counts from 1; null where the network has no such layer.
//   layers: the encoder's up to this one
//   count: its units
//   activation, topK: of its numbers; topK undefined unless only the largest are kept
//   rests: whether a unit that is not active answers exactly 0
//   activeAbove: see ACTIVE_ABOVE; null of a linear unit
//   ends: of its range; null where it has none
//   isCode, isGaussian: whether it is the code, and the means of a Gaussian one
//   drawn: what its units are drawn as: "weights", "combinations" (of the weights below), "filters", or "best" (the picture
//          that excites a unit most), where its weights are none
function layerOf(description, depth) {
  const { encoder, code_size: codeSize, gaussian } = description
  if (!(depth >= 1 && depth <= encoder.length)) return null
  const layers = encoder.slice(0, depth)
  const last = layers.at(-1)
  const isCode = depth === encoder.length
  const isGaussian = isCode && gaussian
  const hasOnlyDense = layers.every(({ kind }) => kind === "dense")
  const first = last.kind === "dense" ? "weights" : "filters"
  return {
    layers,
    count: isGaussian ? codeSize : (last.output_shape?.[0] ?? last.outputs),
    activation: last.activation,
    topK: last.top_k,
    rests: last.activation === "relu" || last.top_k !== undefined,
    activeAbove: last.top_k !== undefined ? 0 : (ACTIVE_ABOVE[last.activation] ?? null),
    ends: ENDS[last.activation] ?? null,
    isCode,
    isGaussian,
    drawn: depth === 1 ? first : hasOnlyDense ? "combinations" : "best",
  }
}

// What the units answer to the pictures, unit by unit: unit u to picture p at [u * pictures + p]. Yields after each picture.
// isEnough(done, spent): whether so many pictures are enough after so many milliseconds.
function* answersOf({ layers, count }, floats, pictures, isEnough = () => false) {
  const steps = makeSteps(layers, floats)
  const places = layers.at(-1).kind === "dense" ? 1 : layers.at(-1).outputs / count
  const rows = []
  let spent = 0
  for (const picture of pictures) {
    if (isEnough(rows.length, spent)) break
    const start = performance.now()
    rows.push(strongest(run(steps, picture).at(-1), count, places))
    spent += performance.now() - start
    yield
  }
  const answers = new Float32Array(count * rows.length)
  rows.forEach((row, p) => row.forEach((value, unit) => (answers[unit * rows.length + p] = value)))
  return answers
}

function strongest(numbers, count, places) {
  if (places === 1) return numbers.slice(0, count)
  return Float32Array.from({ length: count }, (_, unit) => {
    let largest = -Infinity
    for (let i = unit * places; i < (unit + 1) * places; i++) if (!(numbers[i] <= largest)) largest = numbers[i]
    return largest
  })
}

// What each unit responds to, one after the other. Of the first layer the weights themselves. Above it a unit has no weights to
// the pixels: its picture is the sum of those of the layer below, times its weights to them (Lee, Ekanadham & Ng 2008, "Sparse
// deep belief net model for visual area V2"; Erhan et al. 2009, "Visualizing higher-layer features of a deep network").
function* picturesOf({ layers, count }, floats) {
  const [first, ...others] = layers
  const channels = first.kind === "dense" ? first.outputs : first.output_shape[0]
  const length = first.kind === "dense" ? first.inputs : first.input_shape[0] * first.kernel_size ** 2
  let below = take(floats, first.weight, channels * length)
  let units = channels
  for (const layer of others) {
    const weight = take(floats, layer.weight, layer.outputs * layer.inputs)
    const columns = transposed(below, units, length)
    const sums = new Float32Array(layer.outputs * length)
    for (let row = 0; row < layer.outputs; row += ROWS_AT_ONCE) {
      const rows = Math.min(ROWS_AT_ONCE, layer.outputs - row)
      const part = weight.subarray(row * units, (row + rows) * units)
      multiply(part, rows, columns, length, units, sums.subarray(row * length, (row + rows) * length))
      yield
    }
    below = sums
    units = layer.outputs
  }
  return below.subarray(0, count * length)
}

// Of each unit over the pictures: mean, deviation (divides by their count), low, high; active: for how many pictures it is
// active (null of linear units); dead: whether it is of no use.
function unitStatistics({ count, rests, activeAbove, ends, isGaussian }, answers) {
  const pictures = answers.length / count
  const [mean, deviation, low, high] = [0, 0, 0, 0].map(() => new Float64Array(count))
  const active = activeAbove === null ? null : new Int32Array(count)
  for (let unit = 0, i = 0; unit < count; unit++) {
    let [sum, least, most, above] = [0, Infinity, -Infinity, 0]
    const end = i + pictures
    for (let at = i; at < end; at++) {
      const value = answers[at]
      sum += value
      if (value < least) least = value
      if (value > most) most = value
      if (rests ? value !== 0 : value > activeAbove) above++
    }
    mean[unit] = sum / pictures
    let squares = 0
    for (; i < end; i++) squares += (answers[i] - mean[unit]) ** 2
    deviation[unit] = Math.sqrt(squares / pictures)
    low[unit] = least
    high[unit] = most
    if (active) active[unit] = above
  }
  const range = ends ? ends[1] - ends[0] : high.reduce((most, value, unit) => Math.max(most, value - low[unit]), 0)
  const isDead = (unit) => {
    if (rests) return active[unit] === 0
    if (isGaussian) return deviation[unit] ** 2 <= ACTIVE_VARIANCE
    return high[unit] - low[unit] <= DEAD_SHARE * range
  }
  return { mean, deviation, low, high, active, dead: Array.from(mean, (_, unit) => isDead(unit)) }
}

// The units, the most used first: by "mean", by "deviation", or simply by "number".
function unitsInOrder(statistics, by) {
  const units = [...statistics.mean.keys()]
  return by === "number" ? units : units.sort((a, b) => statistics[by][b] - statistics[by][a] || a - b)
}

// The pictures to which a unit answers most, the first of equal ones first.
function mostExciting(answers, pictures, unit, most) {
  const own = answers.subarray(unit * pictures, (unit + 1) * pictures)
  return [...own.keys()].sort((a, b) => own[b] - own[a] || a - b).slice(0, most)
}

// How many values lie in each of so many equal parts from low to high; what is outside counts at the end that is nearer.
function histogramOf(values, low, high, parts) {
  const counts = new Array(parts).fill(0)
  for (const value of values) {
    const part = Math.floor((parts * (value - low)) / (high - low))
    counts[Math.max(0, Math.min(parts - 1, part))]++
  }
  return counts
}

// The next round number that is at least as large: an axis that ends there seldom changes while a run trains.
function roundAbove(value) {
  if (!(value > 0)) return 0
  const unit = 10 ** Math.floor(Math.log10(value))
  return unit * [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * unit >= value * (1 - 1e-9))
}

// From where to where an axis of these values goes: the ends of the range, or round numbers around them and zero. A range of no
// length becomes one of 1.
function axisOf(values, ends = null) {
  if (ends) return ends
  let [low, high] = [0, 0]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  const axis = [-roundAbove(-low) || 0, roundAbove(high)]
  return axis[0] === axis[1] ? [0, 1] : axis
}
