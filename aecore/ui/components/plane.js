// A flat cut through a code space: what is drawn as a map. No screen. Needs random.js and principal_axes.js.

class Plane {
  // kind: "pair", "components" or "line"; name: what tells it from other planes; labels: of its two axes; directions: two
  // orthonormal ones (the second null for a line); origin: where their coordinates are 0, in code space;
  // centre, spread: of the prior along each axis, or where there is none, of the codes.
  constructor(properties) {
    Object.assign(this, properties)
  }

  coordinates(code) {
    return this.directions.map((direction) => {
      if (!direction) return 0
      let sum = 0
      for (let k = 0; k < direction.length; k++) sum += (code[k] - this.origin[k]) * direction[k]
      return sum
    })
  }

  // The code moved within the plane to these coordinates: what it has beside the plane stays.
  move(code, place) {
    const now = this.coordinates(code)
    return Float32Array.from(code, (value, k) =>
      this.directions.reduce((sum, direction, axis) => sum + (direction ? (place[axis] - now[axis]) * direction[k] : 0), value),
    )
  }

  // The posterior's shadow on the plane, one standard deviation: radii of the ellipse and the angle of the first of them, from
  // the covariance D·diag(σ²)·Dᵀ.
  ellipse(logVariance) {
    const [first, second] = this.directions
    const sum = (a, b) => (a && b ? logVariance.reduce((total, value, k) => total + Math.exp(value) * a[k] * b[k], 0) : 0)
    const [p, q, r] = [sum(first, first), sum(first, second), sum(second, second)]
    const middle = (p + r) / 2
    const half = Math.hypot((p - r) / 2, q)
    return { radii: [Math.sqrt(middle + half), Math.sqrt(Math.max(0, middle - half))], angle: 0.5 * Math.atan2(2 * q, p - r) }
  }
}

function axisOf(k, size) {
  const direction = new Float64Array(size)
  direction[k] = 1
  return direction
}

// The plane of two numbers of the code; of one, where the code has no more.
function pairPlane(space, i, j) {
  const size = space.codeSize
  const isLine = size === 1
  const pair = isLine ? [i] : [i, j]
  return new Plane({
    kind: isLine ? "line" : "pair",
    name: pair.map((k) => `z${k + 1}`).join(" and "),
    labels: isLine ? ["z1", ""] : pair.map((k) => `z${k + 1}`),
    directions: isLine ? [axisOf(i, size), null] : pair.map((k) => axisOf(k, size)),
    origin: new Float64Array(size),
    centre: isLine ? [space.centreOf(i), 0] : pair.map((k) => space.centreOf(k)),
    spread: isLine ? [space.spreadOf(i) || 1, 1] : pair.map((k) => space.spreadOf(k) || 1),
  })
}

// The plane of the first two principal components of the codes' means. before: coordinates that the first of these
// codes had in the last such plane, so that it does not turn round when the weights have changed a little.
function componentsPlane(space, before = null) {
  const codes = space.encodings.map(({ mean }) => mean)
  const { mean, directions } = principalAxes(codes)
  const plane = new Plane({ kind: "components", name: "the principal components", origin: mean, directions })
  plane.labels = ["first principal component", "second principal component"]
  const known = before && before.length <= codes.length && before.flat().every(Number.isFinite) ? before : []
  const now = codes.slice(0, known.length).map((code) => plane.coordinates(code))
  if (known.length) plane.directions = turnedLike(directions, now, known)
  // The prior N(0, I) seen from the codes' mean; without a prior, the codes' own spread about it.
  const places = codes.map((code) => plane.coordinates(code))
  const along = [0, 1].map((axis) => places.map((place) => place[axis]).filter(Number.isFinite))
  plane.centre = plane.directions.map((direction) => (space.isGaussian ? -innerProduct(mean, direction) : 0))
  plane.spread = along.map((values) => (space.isGaussian ? 1 : Math.sqrt(innerProduct(values, values) / values.length) || 1))
  return plane
}
