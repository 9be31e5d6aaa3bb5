// Ways from one code, or one picture, to another, and how unusual the places on a way are. No screen and no state.
// Needs network.js for the error function.

// A place t of the straight way from a (t = 0) to b (t = 1); of two pictures, their cross-fade.
function mix(a, b, t) {
  return Float32Array.from(a, (value, k) => (1 - t) * value + t * b[k])
}

function linePath(a, b) {
  return { at: (t) => mix(a, b, t), isLine: true }
}

// Where the sine of the angle between two codes is smaller, there is no arc to tell from the line, or no plane to turn in.
const LEAST_SINE = 1e-4

const norm = (vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))

// The great circle: White (2016), "Sampling generative networks", arXiv:1609.04468. The direction from the centre turns from
// that of a to that of b at constant speed in their common plane; the distance from the centre goes evenly from one's to the
// other's, so that both ends are met. Where an end is the centre itself, or both lie in one direction or in opposite ones,
// that leaves no or any way to turn: then it is the line.
function circlePath(a, b, centre) {
  const [from, to] = [a, b].map((code) => Float64Array.from(code, (value, k) => value - centre[k]))
  const [start, end] = [norm(from), norm(to)]
  const cosine = from.reduce((sum, value, k) => sum + value * to[k], 0) / (start * end)
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)))
  const sine = Math.sin(angle)
  if (!(sine > LEAST_SINE)) return linePath(a, b) // also where there are no numbers to compare
  const at = (t) => {
    if (t === 0 || t === 1) return Float32Array.from(t ? b : a)
    const distance = (1 - t) * start + t * end
    const [share, rest] = [Math.sin((1 - t) * angle) / sine / start, Math.sin(t * angle) / sine / end]
    return Float32Array.from(from, (value, k) => centre[k] + distance * (share * value + rest * to[k]))
  }
  return { at, isLine: false }
}

function distanceBetween(a, b, limit = Infinity) {
  let sum = 0
  const enough = limit * limit
  for (let k = 0; k < a.length && !(sum > enough); k++) sum += (a[k] - b[k]) ** 2
  return Math.sqrt(sum)
}

// From a code to the nearest of others, the one at position `except` left out; NaN where there is none.
function distanceToNearest(code, others, except = -1) {
  let nearest = Infinity
  for (let i = 0; i < others.length; i++) {
    if (i !== except) nearest = Math.min(nearest, distanceBetween(code, others[i], nearest))
  }
  return nearest === Infinity ? NaN : nearest
}

// The share of random codes of the prior N(0, 1) that lie nearer to its middle than this distance: the squared distance of a
// random code has the χ² distribution with as many degrees of freedom as the code has numbers. With x half the squared
// distance, Q the share that lies farther and Γ the gamma function: Q(½) = 1 − erf √x, Q(1) = exp −x, and
// Q(a + 1) = Q(a) + x^a exp(−x) / Γ(a + 1) (Abramowitz & Stegun 1964, 6.5.21), up to a, half the number of degrees.
function shareNearer(distance, degrees) {
  const x = distance ** 2 / 2
  const isOdd = degrees % 2 === 1
  let a = isOdd ? 0.5 : 1
  let farther = isOdd ? 1 - erf(Math.sqrt(x)) : Math.exp(-x)
  let logarithm = a * Math.log(x) - x - (isOdd ? Math.log(Math.PI) / 2 - Math.LN2 : 0) // of the summand for a
  for (; a < degrees / 2; a++) {
    farther += Math.exp(logarithm)
    logarithm += Math.log(x) - Math.log(a + 1)
  }
  return Math.min(1, Math.max(0, 1 - farther))
}
