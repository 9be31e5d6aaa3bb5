// One map of pictures as points, coloured by class. Needs canvas.js, markers.js, svg_pen.js and save_chart.js.

const MAP_AIR = 14 // pixels around the outermost points
const POINT_REACH = 24 // pixels within which a point is meant: a finger is no needle
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

class PointMap {
  // box: a square element; hooks.onpick(picture or -1, isByKeyboard).
  constructor(box, { onpick }) {
    Object.assign(this, { box, onpick })
    this.base = make("canvas", { ariaHidden: "true" })
    this.over = make("canvas", { ariaHidden: "true" })
    box.replaceChildren(this.base, this.over)
    box.onpointermove = box.onpointerdown = (event) => this.point(event)
    box.onpointerleave = (event) => event.pointerType === "mouse" && onpick(-1, false)
    box.onkeydown = (event) => this.key(event)
    offerSaving(box, {
      canvases: () => [this.base, this.over],
      paint: () => {
        this.draw(this.theme, this.highlighted)
        this.drawPicked(this.picked)
      },
      theme: () => this.theme,
      title: () => this.title,
      legend: () => this.classes.map((text, kind) => ({ text, mark: filledMark(colourOf(this.theme, kind), this.traced(kind)) })),
    })
  }

  traced(kind) {
    return (pen, x, y) => traceMarker(pen, markerOf(this.theme, kind), x, y, 5.5)
  }

  // places: [x, y], −1 to 1, y upwards, of each picture; labels: their classes.
  setPlaces(places, labels) {
    Object.assign(this, { places, labels })
  }

  toPixels([x, y]) {
    const { clientWidth: width, clientHeight: height } = this.box
    return [MAP_AIR + ((1 + x) / 2) * (width - 2 * MAP_AIR), MAP_AIR + ((1 - y) / 2) * (height - 2 * MAP_AIR)]
  }

  isFaded(i) {
    return this.highlighted.size > 0 && !this.highlighted.has(this.labels[i])
  }

  // highlighted: classes to pick out; none: all.
  draw(theme, highlighted) {
    Object.assign(this, { theme, highlighted })
    const { pen, width, height } = penFor(this.base)
    const [middleX, middleY] = this.toPixels([0, 0])
    rule(pen, theme, middleX, 0, middleX, height, 0.1)
    rule(pen, theme, 0, middleY, width, middleY, 0.1)
    const radius = width < 400 ? 3 : 4.5
    this.places.forEach((_, i) => {
      pen.globalAlpha = this.isFaded(i) ? 0.1 : 0.85
      this.dot(pen, i, radius)
    })
    pen.globalAlpha = 1
  }

  dot(pen, i, radius) {
    const kind = this.labels[i]
    pen.beginPath()
    traceMarker(pen, markerOf(this.theme, kind), ...this.toPixels(this.places[i]), radius)
    pen.fillStyle = colourOf(this.theme, kind)
    pen.fill()
  }

  // What follows the pointer: the picture that is pointed at, in this map or the other; -1: none.
  drawPicked(picked) {
    const { pen } = penFor(this.over)
    this.picked = picked
    if (picked < 0) return
    const [x, y] = this.toPixels(this.places[picked])
    pen.beginPath()
    pen.arc(x, y, 13, 0, 2 * Math.PI)
    for (const [strokeStyle, lineWidth] of [[this.theme.background, 6], [this.theme.text, 3]]) {
      Object.assign(pen, { strokeStyle, lineWidth })
      pen.stroke()
    }
    this.dot(pen, picked, 7)
  }

  // --- pointing ------------------------------------------------------------------------------------------------------

  point({ clientX, clientY }) {
    const { left, top } = this.box.getBoundingClientRect()
    this.onpick(this.nearestTo([clientX - left, clientY - top]), false)
  }

  nearestTo([x, y]) {
    let [nearest, closest] = [-1, POINT_REACH]
    this.places.forEach((place, i) => {
      if (this.isFaded(i)) return
      const [across, down] = this.toPixels(place)
      const distance = Math.hypot(across - x, down - y)
      if (distance < closest) [nearest, closest] = [i, distance]
    })
    return nearest
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    if (event.key === "Escape") return this.onpick(-1, true)
    if (!Object.hasOwn(WAYS, event.key)) return
    event.preventDefault()
    this.onpick(this.nextFrom(this.picked, WAYS[event.key]), true)
  }

  // The nearest picture in a direction (within 45°), one that lies aside counting as farther; the same where there is none. From nowhere:
  // the one nearest to the middle.
  nextFrom(from, [across, down]) {
    const start = from < 0 ? this.toPixels([0, 0]) : this.toPixels(this.places[from])
    let [next, closest] = [from, Infinity]
    this.places.forEach((place, i) => {
      if (this.isFaded(i) || i === from) return
      const [x, y] = this.toPixels(place)
      const [right, below] = [x - start[0], y - start[1]]
      const ahead = right * across + below * down
      const aside = Math.abs(right * down) + Math.abs(below * across)
      if (from >= 0 && (ahead <= 0 || aside > ahead)) return
      const distance = from < 0 ? Math.hypot(right, below) : ahead + 2 * aside
      if (distance < closest) [next, closest] = [i, distance]
    })
    return next
  }
}
