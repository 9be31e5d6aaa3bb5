// A board to draw on, with the mouse, a finger, a stylus or the keyboard: white ink on black. Needs canvas.js.
// Its HTML and its style are those of draw_digit.html and draw_digit.css.

const BOARD_SIDE = 280 // the board's own pixels: ten for each of MNIST's
const PEN_WIDTHS = { fine: 14, medium: 22, thick: 30 }
const PEN_STEP = 6
const PEN_LEAP = 24
const PEN_DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

const onBoard = (value) => Math.min(BOARD_SIDE, Math.max(0, value))

// A stroke as a curve through the middles between its points, so that a fast hand leaves no corners.
function traceStroke(pen, { width, points }) {
  const [first, ...rest] = points
  Object.assign(pen, { fillStyle: "#fff", strokeStyle: "#fff", lineWidth: width, lineCap: "round", lineJoin: "round" })
  pen.beginPath()
  if (!rest.length) {
    pen.arc(...first, width / 2, 0, 2 * Math.PI)
    return pen.fill()
  }
  pen.moveTo(...first)
  rest.slice(0, -1).forEach(([x, y], i) => {
    const [nextX, nextY] = rest[i + 1]
    pen.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2)
  })
  pen.lineTo(...rest.at(-1))
  pen.stroke()
}

class DrawingBoard {
  // strokes: what is drawn on it to begin with. onink(event): the ink has changed, also while a stroke is being drawn; at
  // most once a frame, and before the frame, so that whoever draws something of it can do so in the same one.
  // onfinish(strokes): a stroke was finished, undone or cleared.
  constructor(root, { strokes = [], onink = () => {}, onfinish = () => {} } = {}) {
    Object.assign(this, { root, strokes, onink, onfinish })
    this.stroke = null // the one that is being drawn
    this.pointer = null // the id of the pointer that draws it; null when the keyboard does
    this.place = [BOARD_SIDE / 2, BOARD_SIDE / 2] // of the keyboard's pen
    this.board = this.part("board")
    this.listen()
    this.part("undo").onclick = (event) => this.undo(event)
    this.part("clear").onclick = (event) => this.clear(event)
    for (const choice of root.querySelectorAll("[name=width]")) choice.onchange = () => this.draw()
    this.closing = new AbortController()
    window.addEventListener("resize", () => this.draw(), { signal: this.closing.signal }) // the zoom is one, too
    this.resizing = new ResizeObserver(() => this.draw())
    this.resizing.observe(this.board)
    this.draw()
  }

  part(name) {
    return this.root.querySelector(`[data-testid=${name}]`)
  }

  get width() {
    return PEN_WIDTHS[this.root.querySelector("[name=width]:checked").value]
  }

  listen() {
    const { board } = this
    board.onpointerdown = (event) => this.touch(event)
    board.onpointermove = (event) => this.follow(event)
    board.onlostpointercapture = (event) => event.pointerId === this.pointer && this.lift()
    board.onkeydown = (event) => this.press(event)
    board.onfocus = () => this.useKeyboard(board.matches(":focus-visible"))
    board.onblur = () => {
      if (this.pointer === null) this.lift()
      this.useKeyboard(false)
    }
  }

  close() {
    this.closing.abort()
    this.resizing.disconnect()
    cancelAnimationFrame(this.request)
  }

  useKeyboard(isUsed) {
    this.root.toggleAttribute("data-keyboard", isUsed)
  }

  // All that is on the board, the stroke that is being drawn included.
  get ink() {
    return this.stroke ? [...this.strokes, this.stroke] : this.strokes
  }

  pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.board.getBoundingClientRect()
    return [((clientX - left) / width) * BOARD_SIDE, ((clientY - top) / height) * BOARD_SIDE]
  }

  touch(event) {
    if (event.button !== 0 || !event.isPrimary) return
    event.preventDefault()
    this.lift()
    this.board.focus({ preventScroll: true })
    this.useKeyboard(false)
    this.board.setPointerCapture(event.pointerId)
    this.pointer = event.pointerId
    this.putDown(this.pointOf(event), event)
  }

  follow(event) {
    if (event.pointerId !== this.pointer) return
    const events = event.getCoalescedEvents?.() ?? []
    for (const each of events.length ? events : [event]) this.extend(this.pointOf(each), event)
  }

  putDown(point, event) {
    this.stroke = { width: this.width, points: [point] }
    this.place = point.map(onBoard)
    this.draw()
    this.changeInk(event)
  }

  extend(point, event) {
    const [x, y] = this.stroke.points.at(-1)
    if (point[0] === x && point[1] === y) return
    this.stroke.points.push(point)
    this.place = point.map(onBoard)
    this.changeInk(event)
  }

  changeInk(event) {
    if (this.request) return
    this.request = requestAnimationFrame(() => {
      this.request = null
      this.drawFreshInk()
    })
    this.onink(event)
  }

  lift() {
    this.pointer = null
    if (!this.stroke) return
    this.strokes.push(this.stroke)
    this.stroke = null
    this.finish()
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const direction = Object.hasOwn(PEN_DIRECTIONS, event.key) && PEN_DIRECTIONS[event.key]
    const actions = {
      " ": () => event.repeat || this.turnPen(event),
      Enter: () => event.repeat || this.turnPen(event),
      Backspace: () => this.undo(event),
      Delete: () => this.clear(event),
    }
    if (!direction && !Object.hasOwn(actions, event.key)) return
    event.preventDefault()
    if (this.pointer !== null) return
    this.useKeyboard(true)
    if (direction) this.move(direction, event.shiftKey ? PEN_LEAP : PEN_STEP, event)
    else actions[event.key]()
  }

  move(direction, distance, event) {
    this.place = this.place.map((value, i) => onBoard(value + distance * direction[i]))
    if (this.stroke) this.extend(this.place, event)
    this.drawPen()
  }

  turnPen(event) {
    if (this.stroke) this.lift()
    else this.putDown(this.place, event)
  }

  // A stroke that is being drawn is taken back before any that is finished.
  undo(event) {
    if (this.stroke) this.stroke = null
    else if (!this.strokes.pop()) return
    this.finish()
    this.changeInk(event)
  }

  clear(event) {
    if (!this.stroke && !this.strokes.length) return
    this.stroke = null
    this.strokes = []
    this.finish()
    this.changeInk(event)
  }

  finish() {
    this.draw()
    this.onfinish(this.strokes)
  }

  draw() {
    this.drawInk("ink", this.strokes)
    this.drawFreshInk()
    this.drawPen()
    const count = this.strokes.length
    const drawn = count ? `${count} ${count === 1 ? "stroke" : "strokes"}` : "Nothing drawn yet"
    setText(this.part("hint"), this.stroke ? "The pen is down" : drawn)
    this.part("undo").disabled = this.part("clear").disabled = !count && !this.stroke
    Object.assign(this.root.dataset, { strokes: count, pen: this.stroke ? "down" : "up", empty: !count })
  }

  // The stroke that is being drawn has a canvas of its own, so that the others need not be drawn at every move.
  drawFreshInk() {
    this.drawInk("fresh-ink", this.stroke ? [this.stroke] : [])
  }

  drawInk(name, strokes) {
    const { pen, width } = penFor(this.part(name))
    pen.scale(width / BOARD_SIDE, width / BOARD_SIDE)
    strokes.forEach((stroke) => traceStroke(pen, stroke))
  }

  drawPen() {
    const [x, y] = this.place
    const { style } = this.part("pen")
    style.setProperty("--x", x / BOARD_SIDE)
    style.setProperty("--y", y / BOARD_SIDE)
    style.setProperty("--width", (this.stroke?.width ?? this.width) / BOARD_SIDE)
  }
}
