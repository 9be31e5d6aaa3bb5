// The two directions in which codes vary most. No screen and no state.

const POWER_STEPS = 60
const CLOSE_ENOUGH = 1e-10

const innerProduct = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)

function unit(vector) {
  const length = Math.sqrt(innerProduct(vector, vector))
  return length > 0 ? vector.map((value) => value / length) : null
}

// A vector without its parts along others, which have length 1 and are at right angles.
function without(vector, others) {
  for (const other of others) {
    const share = innerProduct(vector, other)
    vector = vector.map((value, i) => value - share * other[i])
  }
  return vector
}

// The mean of codes, and their first two principal components: orthonormal directions, by the power iteration on XᵀX without
// ever making that matrix (Golub & Van Loan 2013, section 8.2). Where codes do not vary enough for two, axes fill in.
function principalAxes(codes) {
  const size = codes[0].length
  const mean = new Float64Array(size)
  for (const code of codes) code.forEach((value, k) => (mean[k] += value / codes.length))
  const centred = codes.map((code) => Float64Array.from(code, (value, k) => value - mean[k]))
  const directions = []
  while (directions.length < 2) directions.push(nextAxis(centred, directions, size))
  return { mean, directions }
}

function nextAxis(centred, found, size) {
  const start = startingPoint(centred, found, size)
  const largest = Math.max(...centred.map((row) => innerProduct(row, row)))
  // What is left of the codes may be nothing but what rounding left.
  let axis = innerProduct(start, start) > 1e-12 * largest ? unit(without(start, found)) : null
  if (!axis) return fillingAxis(found, size)
  for (let step = 0; step < POWER_STEPS; step++) {
    const sum = new Float64Array(size)
    for (const row of centred) {
      const share = innerProduct(row, axis)
      for (let k = 0; k < size; k++) sum[k] += share * row[k]
    }
    const next = unit(without(sum, found))
    if (!next) return fillingAxis(found, size)
    const change = 1 - Math.abs(innerProduct(next, axis))
    axis = next
    if (change < CLOSE_ENOUGH) break
  }
  return axis
}

// The code that is farthest out: it has a part along the axis that is looked for.
function startingPoint(centred, found, size) {
  const rest = centred.map((row) => without(row, found))
  const lengths = rest.map((row) => innerProduct(row, row))
  const farthest = lengths.indexOf(Math.max(...lengths))
  return rest[farthest] ?? new Float64Array(size)
}

// The first axis of the space that is not along one that was found.
function fillingAxis(found, size) {
  for (let k = 0; k < size; k++) {
    const axis = new Float64Array(size)
    axis[k] = 1
    const rest = without(axis, found)
    if (innerProduct(rest, rest) > 1e-6) return unit(rest)
  }
  return new Float64Array(size)
}

// The two directions turned or mirrored within their plane so that the codes lie as they did before: orthogonal Procrustes in
// two dimensions (Schönemann 1966). before, now: [[a, b], ...] of the same codes.
function turnedLike(directions, now, before) {
  const cross = [0, 0, 0, 0] // nowᵀ · before
  now.forEach(([a, b], i) => {
    const [c, d] = before[i]
    cross[0] += a * c
    cross[1] += a * d
    cross[2] += b * c
    cross[3] += b * d
  })
  const [ac, ad, bc, bd] = cross
  const turn = [ac + bd, ad - bc] // the best rotation is along this, the best reflection along the other
  const flip = [ac - bd, ad + bc]
  const isFlip = Math.hypot(...flip) > Math.hypot(...turn)
  const [x, y] = unit(isFlip ? flip : turn) ?? [1, 0]
  const [first, second] = directions
  const sign = isFlip ? -1 : 1
  // In coordinates: (a, b) becomes (x·a − sign·y·b, y·a + sign·x·b).
  return [first.map((value, k) => x * value - sign * y * second[k]), first.map((value, k) => y * value + sign * x * second[k])]
}
