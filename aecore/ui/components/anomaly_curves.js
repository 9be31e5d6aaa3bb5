// A curve through all thresholds, ROC or precision–recall, and where on it the present threshold is. Dragging along it moves the
// threshold. Needs numbers.js, canvas.js, curve.js, anomaly_numbers.js, svg_pen.js and save_chart.js.

const CURVE_TEXT = 14
const CURVE_TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]

class ThresholdCurve {
  // plot: a canvas and a dot; across, up: what lies along the axes; isStep: whether to go from point to point in steps;
  // hooks.onpick(called, event): as many cases called anomalous, hooks.onsettle().
  constructor(plot, { across, up, isStep, hooks }) {
    Object.assign(this, { plot, across, up, isStep, hooks })
    this.canvas = plot.querySelector("canvas")
    this.dot = plot.querySelector(".dot")
    plot.onpointerdown = (event) => this.grab(event)
    plot.onpointermove = (event) => event.pointerId === this.held && this.pick(event)
    plot.onlostpointercapture = (event) => this.letGo(event)
    offerSaving(plot, {
      canvases: () => [this.canvas],
      paint: () => this.paintWithDot(),
      theme: () => this.theme,
      title: () => `${up[0].toUpperCase()}${up.slice(1)} against ${across}`,
    })
  }

  // On the page the dot is an element of its own.
  paintWithDot() {
    this.draw(this.theme, this.drawn)
    const i = this.placed
    if (!(i >= 0)) return
    const { pen } = penFor(this.canvas)
    pen.beginPath()
    pen.arc(this.toX(this.curve.x[i]), this.toY(this.curve.y[i]), 7, 0, 2 * Math.PI)
    Object.assign(pen, { fillStyle: this.theme.primary, strokeStyle: this.theme.background, lineWidth: 2 })
    pen.fill()
    pen.stroke()
  }

  // curve: {x, y} for each of the ends, or null; base: height of the dashed line at x = 0 and 1; emptyText: why there is no curve.
  draw(theme, drawn) {
    const { curve, ends, base, emptyText } = drawn
    Object.assign(this, { theme, curve, ends, drawn })
    const { pen, width, height } = penFor(this.canvas)
    if (!width) return
    this.plot.toggleAttribute("data-empty", !curve)
    if (!curve) return writeInTheMiddle(pen, theme, emptyText, width, height)
    const left = Math.ceil(widthOf(pen, theme, "0.0", CURVE_TEXT)) + 34
    const box = { left, right: width - 12, top: 12, bottom: height - 46 }
    this.toX = makeScale(0, 1, box.left, box.right)
    this.toY = makeScale(0, 1, box.bottom, box.top)
    for (const tick of CURVE_TICKS) {
      const [x, y] = [this.toX(tick), this.toY(tick)]
      const text = tick === 0 || tick === 1 ? String(tick) : decimals(tick, 1)
      rule(pen, theme, box.left, y, box.right, y, tick ? 0.1 : 0.4)
      rule(pen, theme, x, box.top, x, box.bottom, tick ? 0.1 : 0.4)
      write(pen, theme, text, box.left - 8, y, { size: CURVE_TEXT, align: "right" })
      write(pen, theme, text, x, box.bottom + 15, { size: CURVE_TEXT, align: "center" })
    }
    write(pen, theme, this.across, (box.left + box.right) / 2, height - 9, { size: CURVE_TEXT, align: "center" })
    pen.save()
    pen.translate(10, (box.top + box.bottom) / 2)
    pen.rotate(-Math.PI / 2)
    write(pen, theme, this.up, 0, 0, { size: CURVE_TEXT, align: "center" })
    pen.restore()
    this.strokeBase(pen, base)
    this.strokeCurve(pen)
  }

  strokeBase(pen, [from, to]) {
    pen.save()
    Object.assign(pen, { strokeStyle: this.theme.text, globalAlpha: 0.5, lineWidth: 1.5 })
    pen.setLineDash([6, 5])
    pen.beginPath()
    pen.moveTo(this.toX(0), this.toY(from))
    pen.lineTo(this.toX(1), this.toY(to))
    pen.stroke()
    pen.restore()
  }

  strokeCurve(pen) {
    const { curve, isStep, toX, toY } = this
    const xs = []
    const ys = []
    curve.x.forEach((x, i) => {
      if (isStep && i) {
        xs.push(toX(curve.x[i - 1]))
        ys.push(toY(curve.y[i]))
      }
      xs.push(toX(x))
      ys.push(toY(curve.y[i]))
    })
    pen.save()
    Object.assign(pen, { strokeStyle: this.theme.primary, lineWidth: 3, lineJoin: "round" })
    pen.beginPath()
    traceCurve(pen, xs, ys)
    pen.stroke()
    pen.restore()
  }

  // The dot at the present threshold.
  place(called) {
    const { curve, dot } = this
    const i = curve && this.toX ? nearestAt(this.ends, called) : -1
    this.placed = i >= 0 && Number.isFinite(curve.y[i]) ? i : -1
    dot.hidden = i < 0 || !Number.isFinite(curve.y[i]) // nothing called anomalous has no precision
    if (!dot.hidden) dot.style.transform = `translate(${this.toX(curve.x[i])}px, ${this.toY(curve.y[i])}px)`
  }

  grab(event) {
    if (event.button !== 0 || !event.isPrimary || !this.curve) return
    this.held = event.pointerId
    this.plot.setPointerCapture(event.pointerId)
    if (event.pointerType !== "touch") this.pick(event)
  }

  // The threshold whose point is nearest.
  pick(event) {
    const { left, top } = this.plot.getBoundingClientRect()
    const [x, y] = [event.clientX - left, event.clientY - top]
    let [nearest, closest] = [-1, Infinity]
    for (let i = 0; i < this.ends.length; i++) {
      const distance = Math.hypot(this.toX(this.curve.x[i]) - x, this.toY(this.curve.y[i]) - y)
      if (distance < closest) [nearest, closest] = [i, distance]
    }
    if (nearest >= 0) this.hooks.onpick(this.ends[nearest], event)
  }

  letGo(event) {
    if (event.pointerId !== this.held) return
    this.held = null
    this.hooks.onsettle()
  }
}
