// The rate-distortion plane: reconstruction against KL of every run, where it is and the way that it came.
// Needs numbers.js, canvas.js, curve.js, sweep_feed.js and sweep_marks.js.

const NEAR = 26 // CSS pixels from a mark to the pointer that means it
const RADIUS = 7
const PARTS = { val: "validation", train: "training" }
const ENOUGH_VALIDATIONS = 10 // of a run: with fewer, the way that it came is better told by its training

class SweepPlane {
  constructor(root, { arms, unit, title }, feed, ondraw) {
    Object.assign(this, { arms, feed, ondraw, unit, title })
    const part = (name) => root.querySelector(`[data-testid=${name}]`)
    this.canvas = part("plane")
    this.note = part("plane-note")
    this.caption = part("plane-caption")
    this.parts = [...root.querySelectorAll("[name=plane-part]")]
    this.windows = [...root.querySelectorAll("[name=plane-window]")]
    for (const choice of [...this.parts, ...this.windows]) choice.onchange = () => (this.hasChosen = true) && ondraw()
    this.pointed = null // the run that is told about
    this.placed = []
    this.canvas.onpointermove = this.canvas.onpointerdown = ({ offsetX, offsetY }) => this.point(this.nearest(offsetX, offsetY))
    this.canvas.onpointerleave = ({ pointerType }) => pointerType === "mouse" && this.point(null)
    this.canvas.onblur = () => this.point(null)
    this.canvas.onkeydown = (event) => this.move(event)
    this.saveButtons = [part("plane-save"), part("plane-save-svg")]
    part("legend").replaceChildren(...arms.map((arm) => make("li", {}, makeMark(arm), arm.title)))
  }

  // Validation where a run has enough of it and is over; else training, which is read many times as often.
  choosePart() {
    if (this.hasChosen || this.hasDecided || !this.feed.updates) return
    const { members } = this.feed
    const isEnough = members.every((member) => member.isOver && member.lossesOf("val").kl.length >= ENOUGH_VALIDATIONS)
    this.parts.find(({ value }) => value === (isEnough ? "val" : "train")).checked = true
    this.hasDecided = true
  }

  get part() {
    return this.parts.find(({ checked }) => checked).value
  }

  get measuredOn() {
    return this.part === "val" ? "Validation pictures" : "Training pictures"
  }

  get isWhole() {
    return this.windows.find(({ checked }) => checked).value === "whole"
  }

  // step: after which the runs are shown.
  draw(theme, step) {
    this.choosePart()
    Object.assign(this, { theme, step })
    const fitted = penFor(this.canvas)
    if (!this.paintFor(fitted)) writeInTheMiddle(fitted.pen, theme, "The runs appear here as soon as they train", fitted.width, fitted.height)
    for (const button of this.saveButtons) button.disabled = !this.placed.length
    this.describe()
    this.showNote()
  }

  // Returns whether there is anything to show. fitted: {pen, width, height, ratio}, as `penFor` returns it.
  paintFor(fitted) {
    const range = this.range()
    this.placed = []
    if (range) this.paint(fitted, range)
    return Boolean(range)
  }

  // From where to where the axes go: {kl, reconstruction}, each [low, high].
  range() {
    const { part, isWhole } = this
    const lists = { kl: [], reconstruction: [] }
    for (const member of this.feed.members) {
      const losses = member.lossesOf(part)
      for (const name of Object.keys(lists)) lists[name].push(isWhole ? losses[name].values : losses[name].values.slice(-1))
    }
    const kl = rangeOf(lists.kl)
    const reconstruction = rangeOf(lists.reconstruction, isWhole)
    if (!kl || !reconstruction) return null
    if (isWhole) return { kl: [0, Math.max(1, kl[1])], reconstruction }
    const wider = ([low, high]) => [Math.max(0, low - 0.1 * (high - low)), high + 0.1 * (high - low)]
    return { kl: wider(kl), reconstruction: wider(reconstruction) }
  }

  // Into a file of lines the axes go as lines.
  paint({ pen, width, height, ratio }, range) {
    if (width < 1 || height < 1) return // in a tab that is hidden, or not laid out yet
    const { isWhole } = this
    if (pen instanceof SvgPen) return this.paintAll(pen, range, this.paintAxes(pen, range, width, height))
    const key = [...range.kl, ...range.reconstruction, width, height, ratio, isWhole, this.theme.text].join()
    if (this.key !== key) Object.assign(this, { key, ...this.paintGround(range, width, height, ratio) })
    const { ground, box } = this
    pen.drawImage(ground, 0, 0, width, height)
    this.paintAll(pen, range, box)
  }

  paintAll(pen, range, box) {
    const { isWhole } = this
    const toX = makeScale(...range.kl, box.left, box.right)
    const toY = makeScale(...range.reconstruction, box.bottom, box.top, isWhole)
    pen.save()
    pen.beginPath()
    pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top)
    pen.clip()
    this.paintWays(pen, toX, toY)
    pen.restore()
    this.paintMarks(pen, box, toX, toY)
  }

  // The axes, which stay while the runs move. Returns their picture, and the box between them.
  paintGround(range, width, height, ratio) {
    const ground = make("canvas", { width: Math.round(width * ratio), height: Math.round(height * ratio) })
    const pen = ground.getContext("2d")
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    return { ground, box: this.paintAxes(pen, range, width, height) }
  }

  paintAxes(pen, range, width, height) {
    const { theme, isWhole } = this
    const yTicks = (isWhole ? logTicks : roundTicks)(...range.reconstruction, Math.max(3, height / 70))
    const yTexts = tickTexts(yTicks)
    const left = Math.ceil(Math.max(...yTexts.map((text) => widthOf(pen, theme, text)))) + 14
    const box = { left, right: width - 14, top: 30, bottom: height - 46 }
    const toX = makeScale(...range.kl, box.left, box.right)
    const toY = makeScale(...range.reconstruction, box.bottom, box.top, isWhole)
    yTicks.forEach((tick, i) => {
      rule(pen, theme, box.left, toY(tick), box.right, toY(tick), 0.1)
      write(pen, theme, yTexts[i], box.left - 10, toY(tick), { align: "right" })
    })
    const xTicks = roundTicks(...range.kl, Math.max(2, (box.right - box.left) / 90))
    tickTexts(xTicks).forEach((text, i) => {
      rule(pen, theme, toX(xTicks[i]), box.bottom, toX(xTicks[i]), box.bottom + 5, 0.3)
      write(pen, theme, text, toX(xTicks[i]), box.bottom + 16, { align: "center" })
    })
    rule(pen, theme, box.left, box.bottom, box.right, box.bottom, 0.3)
    write(pen, theme, "KL: how much the code says (nats)", (box.left + box.right) / 2, height - 9, { align: "center" })
    write(pen, theme, `Reconstruction (${this.unit}${isWhole ? ", log axis" : ""})`, 2, 12)
    this.paintSums(pen, box, range, toX, toY, yTicks)
    return box
  }

  // Lines on which reconstruction and KL add up to the same: what a VAE with β = 1 makes small.
  paintSums(pen, box, { kl: [low, high], reconstruction }, toX, toY, ticks) {
    pen.save()
    pen.beginPath()
    pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top)
    pen.clip()
    Object.assign(pen, { strokeStyle: this.theme.text, globalAlpha: 0.22, lineWidth: 1 })
    pen.setLineDash([2, 5])
    for (const sum of ticks) {
      pen.beginPath()
      for (let i = 0; i <= 60; i++) {
        const kl = low + ((high - low) * i) / 60
        const rest = sum + low - kl
        if (rest < 0.5 * reconstruction[0]) break
        pen.lineTo(toX(kl), toY(rest))
      }
      pen.stroke()
    }
    pen.restore()
  }

  paintWays(pen, toX, toY) {
    const { part, step } = this
    pen.save()
    Object.assign(pen, { lineJoin: "round", lineCap: "round" })
    for (const member of this.feed.members) {
      const { kl, reconstruction } = member.lossesOf(part)
      const end = member.positionAt(step, part)
      if (!end) continue
      const isPointed = member === this.pointed
      const isOther = this.pointed && !isPointed
      pen.strokeStyle = this.arms[member.arm].colour
      pen.lineWidth = isPointed ? 3 : 1.5
      pen.globalAlpha = isOther ? 0.18 : isPointed ? 1 : 0.55
      const count = lastUpTo(kl.steps, step) + 1
      pen.beginPath()
      for (let i = 0; i < count; i++) pen.lineTo(toX(kl.values[i]), toY(reconstruction.values[i]))
      pen.lineTo(toX(end.kl), toY(end.reconstruction))
      pen.stroke()
    }
    pen.restore()
  }

  paintMarks(pen, box, toX, toY) {
    const inside = (value, low, high) => Math.min(high, Math.max(low, value))
    for (const member of this.feed.members) {
      const position = member.positionAt(this.step, this.part)
      if (!position) continue
      const x = inside(toX(position.kl), box.left, box.right)
      const y = inside(toY(position.reconstruction), box.top, box.bottom)
      this.placed.push({ member, x, y, position })
    }
    const isLast = ({ member }) => member === this.pointed
    for (const { member, x, y } of [...this.placed].sort((a, b) => isLast(a) - isLast(b))) {
      const { objective, colour } = this.arms[member.arm]
      pen.globalAlpha = this.pointed && member !== this.pointed ? 0.5 : 1
      traceMark(pen, objective, x, y, member === this.pointed ? RADIUS + 2 : RADIUS)
      Object.assign(pen, { fillStyle: colour, strokeStyle: this.theme.background, lineWidth: 2 })
      pen.fill()
      pen.stroke()
    }
    pen.globalAlpha = 1
    this.writeLabels(pen, box)
  }

  // An arm's value beside one of its marks, where it covers nothing; else nowhere, for the legend and the note tell it too.
  writeLabels(pen, box) {
    const taken = this.placed.map(({ x, y }) => [x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS])
    const isFree = ([left, top, right, bottom]) =>
      left >= box.left && right <= box.right + 12 && top >= 20 && bottom <= box.bottom &&
      taken.every((other) => right < other[0] || left > other[2] || bottom < other[1] || top > other[3])
    this.arms.forEach((arm, i) => {
      const mine = this.placed.filter(({ member }) => member.arm === i)
      const across = widthOf(pen, this.theme, arm.label, 13, 600)
      for (const { x, y } of mine) {
        const lefts = [x + 12, x - 12 - across, x - across / 2, x - across / 2]
        const tops = [y - 8, y - 8, y - 27, y + 11]
        const spots = lefts.map((left, k) => [left, tops[k], left + across, tops[k] + 16])
        const spot = spots.find(isFree)
        if (!spot) continue
        write(pen, this.theme, arm.label, spot[0], spot[1] + 8, { weight: 600, quiet: false })
        taken.push(spot)
        break
      }
    })
  }

  // --- telling about one run ----------------------------------------------------------------------------------------

  nearest(x, y) {
    const distance = (mark) => Math.hypot(mark.x - x, mark.y - y)
    const found = this.placed.reduce((best, mark) => (!best || distance(mark) < distance(best) ? mark : best), null)
    return found && distance(found) <= NEAR ? found.member : null
  }

  point(member, byKeyboard = false) {
    this.note.ariaLive = byKeyboard ? "polite" : "off"
    if (member === this.pointed) return
    this.pointed = member
    this.ondraw()
  }

  move(event) {
    const members = this.placed.map(({ member }) => member)
    const at = members.indexOf(this.pointed)
    const moves = { ArrowRight: at + 1, ArrowLeft: at < 0 ? members.length - 1 : at - 1, Home: 0, End: members.length - 1 }
    if (event.key === "Escape") this.point(null)
    if (!(event.key in moves) || !members.length) return
    event.preventDefault()
    this.point(members[(moves[event.key] + members.length) % members.length], true)
  }

  showNote() {
    const mark = this.placed.find(({ member }) => member === this.pointed)
    this.note.hidden = !mark
    if (!mark) return
    const { member, position, x, y } = mark
    const lines = [
      `${this.arms[member.arm].title}, seed ${member.seed}`,
      `KL ${lossText(position.kl)} nats`,
      `Reconstruction ${lossText(position.reconstruction)} ${this.unit}`,
      `after step ${countText(Math.min(this.step, member.step))} (${PARTS[this.part]})`,
    ]
    this.note.replaceChildren(...lines.map((textContent, i) => make(i ? "span" : "b", { textContent })))
    placeBeside(this.note, x, y, this.canvas.clientWidth, this.canvas.clientHeight)
  }

  describe() {
    const where =
      this.part === "val"
        ? "Of held-out validation pictures; between two measurements a straight line."
        : "Of the training pictures, each the mean of the steps around it (a tenth to both sides)."
    setText(this.caption, `${where} Dotted: reconstruction and KL add up to the same.`)
    const count = this.placed.length
    const text = `Reconstruction (${this.unit}) against KL (nats) of ${countText(count)} runs. Left and right arrow keys read their values.`
    if (this.canvas.ariaLabel !== text) this.canvas.ariaLabel = text
  }
}
