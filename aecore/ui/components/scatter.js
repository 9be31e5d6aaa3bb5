// The code space: one dot for each validation picture, coloured by its class, moving as the encoder learns.
// Needs canvas.js, numbers.js, markers.js, svg_pen.js and save_chart.js.

const MOVE_FOR = 150 // milliseconds from one frame's positions to the next one's

// The longest of these that fits below the plane of a code with more than two numbers.
const PCA_CAPTIONS = [
  "plane of the first two principal components of the code",
  "first two principal components of the code",
  "two principal components",
]

function boundsOf(positions) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity]
  positions.forEach((value, i) => {
    if (!Number.isFinite(value)) return
    bounds[i % 2] = Math.min(bounds[i % 2], value)
    bounds[2 + (i % 2)] = Math.max(bounds[2 + (i % 2)], value)
  })
  return bounds[0] <= bounds[2] && bounds[1] <= bounds[3] ? bounds : [-1, -1, 1, 1]
}

const mix = (from, to, share) => from.map((value, i) => value + share * (to[i] - value))

class CodeSpace {
  constructor(panel) {
    this.canvas = panel.querySelector("canvas")
    this.legend = panel.querySelector(".classes")
    this.note = panel.querySelector(".note")
    this.caption = panel.querySelector(".caption")
    this.stillness = matchMedia("(prefers-reduced-motion: reduce)")
    this.highlighted = new Set()
    this.pointer = null
    this.canvas.onpointermove = this.canvas.onpointerdown = ({ offsetX, offsetY }) => this.pointAt([offsetX, offsetY])
    this.canvas.onpointerleave = () => this.pointAt(null)
    offerSaving(this.canvas.parentElement, {
      canvases: () => [this.canvas],
      paint: () => this.paint(),
      theme: () => this.theme,
      title: () => `Code space: ${countText(this.gallery?.pointLabels.length ?? 0)} validation examples${this.moment}`,
      legend: () => this.savedLegend,
    })
  }

  get savedLegend() {
    const trace = (kind) => (pen, x, y) => traceMarker(pen, this.markerOf(kind), x, y, 5.5)
    return (this.gallery?.classes ?? []).map((text, kind) => ({ text, mark: filledMark(this.colourOf(kind), trace(kind)) }))
  }

  draw(theme, feed) {
    this.theme = theme
    if (feed?.token !== this.token) {
      Object.assign(this, { token: feed?.token, target: null, shown: null, highlighted: new Set() })
    }
    this.gallery = feed?.gallery ?? null
    const positions = (this.gallery && feed.frame?.positions) ?? null
    this.hasFrame = Boolean(this.gallery && feed.frame)
    this.moment = this.hasFrame ? `, step ${countText(feed.frame.step)}` : ""
    if (positions !== this.target) this.moveTo(positions)
    this.showLegend()
    this.describe(feed)
    this.paint()
  }

  // Start from where the dots are now, which may be half way to an older frame.
  moveTo(positions) {
    const canMove = positions && this.target?.length === positions.length && !this.stillness.matches
    this.start = canMove ? this.current : null
    this.startedAt = performance.now()
    this.target = positions
    this.targetBounds = positions && boundsOf(positions)
  }

  get share() {
    const time = Math.min(1, (performance.now() - this.startedAt) / MOVE_FOR)
    return this.start ? 1 - (1 - time) ** 2 : 1
  }

  get current() {
    if (this.share === 1) return { positions: this.target, bounds: this.targetBounds }
    const { positions, bounds } = this.start
    return { positions: mix(positions, this.target, this.share), bounds: mix(bounds, this.targetBounds, this.share) }
  }

  // --- drawing ---

  colourOf(kind) {
    return colourOf(this.theme, kind)
  }

  markerOf(kind) {
    return markerOf(this.theme, kind)
  }

  paint() {
    const { pen, width, height } = penFor(this.canvas)
    const { theme } = this
    if (!this.target) {
      const text = this.hasFrame ? "This model has no code to draw as a plane" : "The codes appear when training starts"
      writeInTheMiddle(pen, theme, text, width, height)
      this.note.hidden = true
      return
    }
    const { positions, bounds } = this.current
    const box = { left: 44, right: width - 6, top: 6, bottom: height - 46 }
    const [toX, toY] = this.scales(bounds, box)
    this.paintAxes(pen, box, toX, toY, width, height)
    const { pointLabels, classes } = this.gallery
    const radius = pointLabels.length > 1500 ? 2.5 : pointLabels.length > 500 ? 3.25 : 4.5
    pen.save()
    pen.beginPath()
    pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top)
    pen.clip()
    classes.forEach((_, kind) => {
      const isFaded = this.highlighted.size && !this.highlighted.has(kind)
      Object.assign(pen, { fillStyle: this.colourOf(kind), globalAlpha: isFaded ? 0.08 : 0.8 })
      pen.beginPath()
      pointLabels.forEach((label, i) => {
        if (label !== kind) return
        traceMarker(pen, this.markerOf(kind), toX(positions[2 * i]), toY(positions[2 * i + 1]), radius)
      })
      pen.fill()
    })
    pen.restore()
    this.paintPointed(pen, positions, toX, toY, radius)
    if (this.share < 1) this.keepMoving()
  }

  keepMoving() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.paint()
    })
  }

  // One unit of the code is as long across as up: distances mean the same in every direction.
  scales([left, low, right, high], box) {
    const [across, down] = [box.right - box.left, box.bottom - box.top]
    const perPixel = 1.08 * Math.max((right - left) / across, (high - low) / down) || 1 / Math.min(across, down)
    const [middleX, middleY] = [(left + right) / 2, (low + high) / 2]
    this.view = { x: [middleX, (across / 2) * perPixel], y: [middleY, (down / 2) * perPixel] }
    const toX = (value) => box.left + across / 2 + (value - middleX) / perPixel
    const toY = (value) => box.top + down / 2 - (value - middleY) / perPixel
    return [toX, toY]
  }

  paintAxes(pen, box, toX, toY, width, height) {
    const { theme } = this
    const ticksOf = ([middle, half], count) => roundTicks(middle - half, middle + half, count)
    const xTicks = ticksOf(this.view.x, (box.right - box.left) / 80)
    const yTicks = ticksOf(this.view.y, (box.bottom - box.top) / 64)
    tickTexts(xTicks).forEach((text, i) => {
      const x = toX(xTicks[i])
      rule(pen, theme, x, box.top, x, box.bottom, xTicks[i] === 0 ? 0.22 : 0.08)
      const half = widthOf(pen, theme, text) / 2
      write(pen, theme, text, Math.max(half, Math.min(x, width - half)), box.bottom + 14, { align: "center" })
    })
    tickTexts(yTicks).forEach((text, i) => {
      rule(pen, theme, box.left, toY(yTicks[i]), box.right, toY(yTicks[i]), yTicks[i] === 0 ? 0.22 : 0.08)
      write(pen, theme, text, box.left - 8, toY(yTicks[i]), { align: "right" })
    })
    const middle = (box.left + box.right) / 2
    if (this.gallery.positions_kind === "pca") {
      const caption = PCA_CAPTIONS.find((text) => widthOf(pen, theme, text) <= width) ?? PCA_CAPTIONS.at(-1)
      const half = widthOf(pen, theme, caption) / 2
      write(pen, theme, caption, Math.max(half, Math.min(middle, width - half)), height - 10, { align: "center" })
      return
    }
    write(pen, theme, "code number 1", middle, height - 10, { align: "center" })
    pen.save()
    pen.translate(8, (box.top + box.bottom) / 2)
    pen.rotate(-Math.PI / 2)
    write(pen, theme, "code number 2", 0, 0, { align: "center" })
    pen.restore()
  }

  // --- naming classes ---

  pointAt(pointer) {
    this.pointer = pointer
    if (this.theme) this.paint()
  }

  paintPointed(pen, positions, toX, toY, radius) {
    this.note.hidden = true
    if (!this.pointer) return
    let [nearest, closest] = [-1, 14]
    this.gallery.pointLabels.forEach((label, i) => {
      if (this.highlighted.size && !this.highlighted.has(label)) return
      const distance = Math.hypot(toX(positions[2 * i]) - this.pointer[0], toY(positions[2 * i + 1]) - this.pointer[1])
      if (distance < closest) [nearest, closest] = [i, distance]
    })
    if (nearest < 0) return
    const kind = this.gallery.pointLabels[nearest]
    const [x, y] = [toX(positions[2 * nearest]), toY(positions[2 * nearest + 1])]
    pen.beginPath()
    traceMarker(pen, this.markerOf(kind), x, y, radius + 2.5)
    Object.assign(pen, { fillStyle: this.colourOf(kind), strokeStyle: this.theme.text, lineWidth: 2 })
    pen.fill()
    pen.stroke()
    this.note.hidden = false
    setText(this.note, this.gallery.classes[kind])
    placeBeside(this.note, x, y, this.canvas.clientWidth, this.canvas.clientHeight)
  }

  showLegend() {
    const classes = this.gallery?.classes ?? []
    const wanted = [this.token, ...classes].join("\n")
    if (this.legend.dataset.shown !== wanted) {
      this.legend.dataset.shown = wanted
      this.legend.replaceChildren(...classes.map((name, kind) => this.makeChip(name, kind)))
    }
    for (const [kind, chip] of [...this.legend.children].entries()) {
      chip.style.setProperty("--colour", this.colourOf(kind))
      chip.ariaPressed = this.highlighted.has(kind)
    }
  }

  makeChip(name, kind) {
    const chip = make("button", { type: "button", className: "chip class", dataset: { testid: `class-${kind}` } })
    chip.append(make("i", { className: `marker ${this.markerOf(kind)}` }), name)
    chip.onclick = () => {
      if (!this.highlighted.delete(kind)) this.highlighted.add(kind)
      this.showLegend()
      this.paint()
    }
    return chip
  }

  describe(feed) {
    const count = this.gallery?.pointLabels.length ?? 0
    setText(this.caption, count ? `${countText(count)} validation ${this.gallery?.height === 1 ? "sequences" : "pictures"}` : "")
    const text = this.target
      ? `Where the encoder puts ${countText(count)} validation pictures of ${this.gallery.classes.length} classes, after step ${countText(feed.frame.step)}.`
      : "Code space. The codes appear when training starts."
    if (this.canvas.ariaLabel !== text) this.canvas.ariaLabel = text
  }
}
