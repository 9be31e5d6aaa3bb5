// A map of a code space: test pictures as points coloured by class, clouds of codes as ellipses, the person's own code, a path.
// It has two canvases: points change seldom, what follows the pointer is drawn over them.
// Needs canvas.js, numbers.js, markers.js, plane.js, map_window.js, map_points.js, svg_pen.js and save_chart.js.

const REACH = 10 // pixels within which a point is meant
const TICKS_APART = 64 // pixels
const TICK_HEIGHT = 10
const TICK_GAP = 10
const SMALL = 400 // pixels: a map with smaller points

class MapView {
  // box: an element to fill, square; hooks.ondraw: called when the map wants to be drawn again.
  constructor(box, space, { ondraw = () => {} } = {}) {
    Object.assign(this, { box, space, ondraw })
    this.base = make("canvas", { ariaHidden: "true" })
    this.over = make("canvas", { ariaHidden: "true" })
    box.replaceChildren(this.base, this.over)
    this.window = new MapWindow()
    this.points = new MapPoints(space)
    this.plane = null
    this.marks = [] // [{mean, logVariance or null, colour}]: codes drawn with their clouds
    this.path = [] // coordinates
    this.highlighted = new Set() // classes; none: all
    this.picked = -1 // the picture that is pointed at
    this.hasPoints = true
    this.hasEllipses = false
    this.grid = null // a MapGrid, where pictures are drawn under the points
    this.isOld = true
    this.watcher = new ResizeObserver(() => this.renew())
    this.watcher.observe(box)
    offerSaving(box, {
      canvases: () => [this.base, this.over],
      paint: () => this.paintAll(),
      theme: () => this.theme ?? readTheme(box),
      title: () => `Code space: ${this.plane?.name ?? "no codes yet"}`,
      legend: () => this.savedLegend,
    })
  }

  paintAll() {
    if (!this.plane || !this.theme) return
    this.drawBase()
    this.drawOver()
  }

  get savedLegend() {
    const { theme, space } = this
    if (!theme || !this.hasPoints) return []
    const trace = (kind) => (pen, x, y) => traceMarker(pen, markerOf(theme, kind), x, y, 5.5)
    return space.classes.map((text, kind) => ({ text, mark: filledMark(colourOf(theme, kind), trace(kind)) }))
  }

  close() {
    this.watcher.disconnect()
    cancelAnimationFrame(this.request)
  }

  // What lies under the pointer's drawings has changed.
  renew() {
    this.isOld = true
    this.ondraw()
  }

  // The usual plane of a space: its two numbers, or where there are more, the first two principal components.
  setUsualPlane() {
    const { space } = this
    this.setPlane(space.codeSize > 2 ? componentsPlane(space, this.lastPlaces) : pairPlane(space, 0, 1))
  }

  // Where the codes lie now in a plane of principal components, for the next such plane to lie alike.
  get lastPlaces() {
    return this.plane?.kind === "components" ? this.points.target : null
  }

  setPlane(plane) {
    this.points.place(plane, plane.name === this.plane?.name)
    this.plane = plane
    this.window.fit(plane, this.points.target)
    this.renew()
  }

  // By value, or by the prior's quantiles.
  setWarped(isWarped) {
    this.window.warp(isWarped, this.points.target)
    this.renew()
  }

  highlight(classes) {
    this.highlighted = classes
    this.renew()
  }

  placeOf(code) {
    return this.plane.coordinates(code)
  }

  draw(theme) {
    if (!this.plane || !this.box.clientWidth) return
    this.theme = theme
    if (this.isOld || this.points.isMoving) this.drawBase()
    this.drawOver()
    if (!this.points.isMoving) return
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.renew()
    })
  }

  // --- what changes seldom -------------------------------------------------------------------------------------------

  drawBase() {
    const { pen, width, height } = penFor(this.base)
    this.window.resize(width, height)
    this.drawAxes(pen)
    pen.save()
    this.clip(pen)
    this.grid?.paint(pen, this.window)
    if (this.hasEllipses) this.drawEllipses(pen)
    if (this.hasPoints) this.drawPoints(pen)
    pen.restore()
    this.isOld = this.points.isMoving
  }

  clip(pen) {
    const { left, top } = this.window.box
    pen.beginPath()
    pen.rect(left, top, this.window.side, this.window.side)
    pen.clip()
  }

  drawAxes(pen) {
    const { window, plane, theme } = this
    const { left, right, top, bottom } = window.box
    const isLine = plane.kind === "line"
    for (const { value, text, at: x } of this.ticks(0, left, right, (text) => widthOf(pen, theme, text))) {
      rule(pen, theme, x, top, x, bottom, value === 0 ? 0.28 : 0.09)
      write(pen, theme, text, x, bottom + 13, { align: "center" })
    }
    for (const { value, text, at: y } of isLine ? [] : this.ticks(1, top, bottom, () => TICK_HEIGHT)) {
      rule(pen, theme, left, y, right, y, value === 0 ? 0.28 : 0.09)
      write(pen, theme, text, left - 7, y, { align: "right" })
    }
    write(pen, theme, plane.labels[0], (left + right) / 2, bottom + 31, { align: "center" })
    pen.save()
    pen.translate(9, (top + bottom) / 2)
    pen.rotate(-Math.PI / 2)
    write(pen, theme, isLine ? "a row for each class" : plane.labels[1], 0, 0, { align: "center" })
    pen.restore()
  }

  // [{value, text, at: pixels}] of the ticks whose texts have room: in a warped map they crowd at its edges, so the ones in the
  // middle come first.
  ticks(axis, start, end, lengthOf) {
    const { window } = this
    const values = window.ticks(axis, Math.max(2, window.side / TICKS_APART))
    const texts = tickTexts(values)
    const ticks = values.map((value, i) => ({ value, text: texts[i], at: window.toPixels([value, value])[axis] }))
    const fromMiddle = ({ at }) => Math.abs(at - (start + end) / 2)
    const kept = []
    for (const tick of ticks.sort((a, b) => fromMiddle(a) - fromMiddle(b))) {
      tick.half = lengthOf(tick.text) / 2
      const hasRoom = kept.every(({ at, half }) => Math.abs(at - tick.at) > half + tick.half + TICK_GAP)
      if (tick.at >= start - 1 && tick.at <= end + 1 && hasRoom) kept.push(tick)
    }
    return kept
  }

  isFaded(i) {
    return this.highlighted.size > 0 && !this.highlighted.has(this.space.labels[i])
  }

  drawPoints(pen) {
    const { theme, window, space } = this
    const hasPictures = this.grid !== null
    const radius = window.side < SMALL ? 3 : 4.5
    this.points.now.forEach((place, i) => {
      const kind = space.labels[i]
      const [x, y] = window.toPixels(place)
      pen.globalAlpha = this.isFaded(i) ? 0.1 : 0.85
      pen.beginPath()
      traceMarker(pen, markerOf(theme, kind), x, y, radius)
      pen.fillStyle = colourOf(theme, kind)
      pen.fill()
      if (!hasPictures || this.isFaded(i)) return
      Object.assign(pen, { strokeStyle: theme.background, lineWidth: 1.5 }) // to be told from what is under it
      pen.stroke()
    })
    pen.globalAlpha = 1
  }

  drawEllipses(pen) {
    this.space.encodings.forEach(({ logVariance }, i) => {
      if (!logVariance || this.isFaded(i)) return
      pen.globalAlpha = this.grid ? 0.9 : 0.45
      this.traceCloud(pen, this.points.now[i], logVariance, 1)
      Object.assign(pen, { strokeStyle: colourOf(this.theme, this.space.labels[i]), lineWidth: 1 })
      pen.stroke()
    })
    pen.globalAlpha = 1
  }

  // The outline of so many standard deviations around a place. In a warped map an ellipse is none, hence the many corners.
  traceCloud(pen, place, logVariance, deviations) {
    const { radii: [long, short], angle } = this.plane.ellipse(logVariance)
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    pen.beginPath()
    for (let step = 0; step <= 40; step++) {
      const turn = (2 * Math.PI * step) / 40
      const [u, v] = [deviations * long * Math.cos(turn), deviations * short * Math.sin(turn)]
      pen.lineTo(...this.window.toPixels([place[0] + u * cos - v * sin, place[1] + u * sin + v * cos]))
    }
  }

  // --- what follows the pointer --------------------------------------------------------------------------------------

  drawOver() {
    const { pen } = penFor(this.over)
    pen.save()
    this.clip(pen)
    this.drawPath(pen)
    for (const mark of this.marks) this.drawMark(pen, mark)
    if (this.picked >= 0) this.drawPicked(pen)
    this.drawCode(pen)
    pen.restore()
  }

  drawPath(pen) {
    if (this.path.length < 2) return
    const lines = [
      [this.theme.background, 6],
      [this.theme.primary, 3],
    ]
    for (const [strokeStyle, lineWidth] of lines) {
      pen.beginPath()
      for (const place of this.path) pen.lineTo(...this.window.toPixels(place))
      Object.assign(pen, { strokeStyle, lineWidth, lineJoin: "round", lineCap: "round" })
      pen.stroke()
    }
  }

  drawMark(pen, { mean, logVariance, colour }) {
    const place = this.placeOf(mean)
    pen.save()
    Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: 2 })
    for (const deviations of logVariance ? [2, 1] : []) {
      this.traceCloud(pen, place, logVariance, deviations)
      pen.globalAlpha = 0.18
      pen.fill()
      pen.globalAlpha = 1
      pen.stroke()
    }
    pen.beginPath()
    pen.arc(...this.window.toPixels(place), 5, 0, 2 * Math.PI)
    pen.fill()
    Object.assign(pen, { strokeStyle: this.theme.background, lineWidth: 2 })
    pen.stroke()
    pen.restore()
  }

  drawPicked(pen) {
    const { space, theme, picked } = this
    const place = this.points.now[picked]
    const { logVariance } = space.encodings[picked]
    const kind = space.labels[picked]
    if (logVariance) {
      this.traceCloud(pen, place, logVariance, 1)
      Object.assign(pen, { strokeStyle: theme.text, lineWidth: 2 })
      pen.stroke()
    }
    pen.beginPath()
    traceMarker(pen, markerOf(theme, kind), ...this.window.toPixels(place), 7)
    Object.assign(pen, { fillStyle: colourOf(theme, kind), strokeStyle: theme.text, lineWidth: 2 })
    pen.fill()
    pen.stroke()
  }

  // Where the person is: a ring in a cross, light and dark so that it is seen on points and on pictures.
  drawCode(pen) {
    const [x, y] = this.window.toPixels(this.placeOf(this.space.code))
    const { left, right, top, bottom } = this.window.box
    rule(pen, this.theme, x, top, x, bottom, 0.35)
    rule(pen, this.theme, left, y, right, y, 0.35)
    const rings = [
      [this.theme.background, 6],
      [this.theme.primary, 3],
    ]
    for (const [strokeStyle, lineWidth] of rings) {
      pen.beginPath()
      pen.arc(x, y, 9, 0, 2 * Math.PI)
      Object.assign(pen, { strokeStyle, lineWidth })
      pen.stroke()
    }
  }
}
