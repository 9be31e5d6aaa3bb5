// The two directions in which codes vary most. No screen and no state. Needs random.js.

const KRYLOV_STEPS = 16 // enough: of five trained networks, no position is off by more than 2e-8 of the largest
const JACOBI_SWEEPS = 8
const ROUNDING = 1e-10 // of a vector's length: less is nothing but what rounding left

// Four sums at a time, none of which waits for another.
function innerProduct(a, b) {
  let p = 0, q = 0, r = 0, s = 0
  let i = 0
  for (; i + 3 < a.length; i += 4) {
    p += a[i] * b[i]
    q += a[i + 1] * b[i + 1]
    r += a[i + 2] * b[i + 2]
    s += a[i + 3] * b[i + 3]
  }
  for (; i < a.length; i++) p += a[i] * b[i]
  return p + q + r + s
}

function unit(vector) {
  const length = Math.sqrt(innerProduct(vector, vector))
  return length > 0 ? vector.map((value) => value / length) : null
}

function addTo(sum, weight, vector) {
  for (let k = 0; k < sum.length; k++) sum[k] += weight * vector[k]
}

function weightedSum(vectors, weights, size) {
  const sum = new Float64Array(size)
  vectors.forEach((vector, i) => addTo(sum, weights[i], vector))
  return sum
}

function difference(a, b) {
  const rest = Float64Array.from(a)
  addTo(rest, -1, b)
  return rest
}

// A vector without its parts along others, which have length 1 and are at right angles: zeros if that is all it has. Twice,
// because rounding leaves a trace of them the first time.
function without(vector, others) {
  const rest = Float64Array.from(vector)
  for (let time = 0; time < 2; time++) {
    for (const other of others) addTo(rest, -innerProduct(rest, other), other)
  }
  return innerProduct(rest, rest) > ROUNDING ** 2 * innerProduct(vector, vector) ? rest : rest.fill(0)
}

// The mean of codes, and their first two principal components: orthonormal directions. Codes that are no numbers do not count.
//
// Krylov: from a random mixture of the codes, multiplied by their covariance again and again, comes a small basis, in which the
// covariance is a small matrix with nearly the same largest eigenvectors (Rayleigh–Ritz; Golub & Van Loan 2013, chapter 10).
// The covariance itself is never made: for 4,096 numbers it would have 16 million. Where codes do not vary enough for two
// directions, axes fill in.
function principalAxes(codes) {
  const size = codes[0].length
  const known = codes.filter((code) => Number.isFinite(innerProduct(code, code)))
  const mean = weightedSum(known, known.map(() => 1 / known.length), size)
  const centred = known.map((code) => difference(code, mean))
  const basis = []
  const images = [] // the covariance times each of the basis, but for a factor
  let next = weightedSum(centred, normals(centred.length, makeRandom(1)), size)
  for (let step = 0; step < Math.min(size, KRYLOV_STEPS); step++) {
    const direction = unit(without(next, basis)) ?? fillingAxis(basis, size)
    basis.push(direction)
    next = new Float64Array(size)
    for (const row of centred) addTo(next, innerProduct(row, direction), row)
    images.push(next)
  }
  const vectors = eigenvectors(basis.map((direction) => images.map((image) => innerProduct(direction, image))))
  return { mean, directions: [0, 1].map((i) => weightedSum(basis, vectors[i], size)) }
}

// The eigenvectors of a small symmetric matrix, that of the largest eigenvalue first: turned until nothing beside the diagonal
// is left (Jacobi's method; Golub & Van Loan 2013, section 8.5).
function eigenvectors(matrix) {
  const size = matrix.length
  const vectors = matrix.map((_, i) => matrix.map((_, j) => Number(i === j)))
  for (let sweep = 0; sweep < JACOBI_SWEEPS; sweep++) {
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) turnAway(matrix, vectors, p, q)
  }
  return matrix.map((row, i) => [row[i], vectors[i]]).sort(([a], [b]) => b - a).map(([, vector]) => vector)
}

// Turn two rows and columns so that what they have in common is 0.
function turnAway(matrix, vectors, p, q) {
  if (matrix[p][q] === 0) return
  const angle = 0.5 * Math.atan2(2 * matrix[p][q], matrix[p][p] - matrix[q][q])
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const turn = (a, b) => [cos * a + sin * b, cos * b - sin * a]
  for (const row of matrix) [row[p], row[q]] = turn(row[p], row[q])
  for (let i = 0; i < matrix.length; i++) {
    ;[matrix[p][i], matrix[q][i]] = turn(matrix[p][i], matrix[q][i])
    ;[vectors[p][i], vectors[q][i]] = turn(vectors[p][i], vectors[q][i])
  }
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
