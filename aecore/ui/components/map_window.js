// Which part of a plane is seen, and where on the canvas it is. A map is square. It is drawn by value, or so that every part of
// it is as likely under the prior: then a coordinate stands at the share of the prior below it, from 0 to 1 (Kingma & Welling
// 2014, figure 4). Needs normal_distribution.js.

const MARGINS = { left: 46, right: 8, top: 8, bottom: 40 } // pixels, for the ticks
const LIKELIEST = [0.0005, 0.9995] // shares beyond which a place is too unlikely to be reached
const ZOOM_LIMITS = [1e-3, 50] // of the half width that shows everything
const AIR = 1.06 // around what must be seen

class MapWindow {
  constructor() {
    this.isWarped = false
    this.plane = null
    this.home = { middle: [0, 0], half: 1 }
    this.goHome()
  }

  goHome() {
    this.middle = [...this.home.middle]
    this.half = this.home.half
  }

  get isHome() {
    return this.half === this.home.half && this.middle.every((value, axis) => value === this.home.middle[axis])
  }

  // places: coordinates that have to be seen. The window stays where a person has put it.
  fit(plane, places) {
    const wasHome = this.isHome || plane.name !== this.plane?.name
    this.plane = plane
    this.home = this.isWarped ? { middle: [0.5, 0.5], half: 0.5 } : this.around(places)
    if (wasHome) this.goHome()
  }

  warp(isWarped, places) {
    if (isWarped === this.isWarped) return
    this.isWarped = isWarped
    this.home = isWarped ? { middle: [0.5, 0.5], half: 0.5 } : this.around(places)
    this.goHome()
  }

  around(places) {
    const ranges = [0, 1].map((axis) => {
      const values = places.map((place) => place[axis]).filter(Number.isFinite)
      const { centre, spread } = this.plane
      values.push(centre[axis] - 2.5 * spread[axis], centre[axis] + 2.5 * spread[axis])
      return [Math.min(...values), Math.max(...values)]
    })
    const half = AIR * Math.max(...ranges.map(([low, high]) => (high - low) / 2))
    return { middle: ranges.map(([low, high]) => (low + high) / 2), half: half || 1 }
  }

  resize(width, height) {
    this.side = Math.max(10, Math.min(width - MARGINS.left - MARGINS.right, height - MARGINS.top - MARGINS.bottom))
    this.box = { left: MARGINS.left, top: MARGINS.top, right: MARGINS.left + this.side, bottom: MARGINS.top + this.side }
  }

  // A coordinate in the window's own unit, and back.
  toUnit(value, axis) {
    return this.isWarped ? shareBelow((value - this.plane.centre[axis]) / this.plane.spread[axis]) : value
  }

  fromUnit(unit, axis) {
    if (!this.isWarped) return unit
    const [least, most] = LIKELIEST
    return this.plane.centre[axis] + this.plane.spread[axis] * normalQuantile(Math.min(most, Math.max(least, unit)))
  }

  get edges() {
    return this.middle.map((value) => [value - this.half, value + this.half])
  }

  toPixels([a, b]) {
    const scale = this.side / (2 * this.half)
    const across = (this.toUnit(a, 0) - this.middle[0] + this.half) * scale
    const down = (this.middle[1] + this.half - this.toUnit(b, 1)) * scale
    return [this.box.left + across, this.box.top + down]
  }

  toPlace([x, y]) {
    const scale = (2 * this.half) / this.side
    const across = this.middle[0] - this.half + (x - this.box.left) * scale
    const down = this.middle[1] + this.half - (y - this.box.top) * scale
    return [this.fromUnit(across, 0), this.fromUnit(down, 1)]
  }

  isInside([x, y]) {
    const { left, right, top, bottom } = this.box
    return x >= left && x <= right && y >= top && y <= bottom
  }

  // factor below 1 goes nearer; what is at these pixels stays there.
  zoom(factor, [x, y]) {
    const [least, most] = ZOOM_LIMITS.map((limit) => limit * this.home.half)
    const half = Math.min(most, Math.max(least, this.half * factor))
    const change = (2 * (this.half - half)) / this.side
    this.middle[0] += (x - (this.box.left + this.box.right) / 2) * change
    this.middle[1] -= (y - (this.box.top + this.box.bottom) / 2) * change
    this.half = half
  }

  pan(across, down) {
    const scale = (2 * this.half) / this.side
    this.middle[0] -= across * scale
    this.middle[1] += down * scale
  }

  // Round values within what is seen, for the ticks: where the map is warped there are fewer towards its edges.
  ticks(axis, count) {
    const [low, high] = this.edges[axis].map((unit) => this.fromUnit(unit, axis))
    return roundTicks(low, high, count)
  }
}
