// A board to draw a digit on, with the mouse, a finger, a stylus or the keyboard. Needs canvas.js in front of it.
// Python hears of the drawing when a stroke is finished, undone or cleared, never while one is being drawn.

const SIDE = 280 // the board's own pixels: ten for each of MNIST's
const WIDTHS = { fine: 14, medium: 22, thick: 30 }
const STEP = 6
const LEAP = 24
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

const onBoard = (value) => Math.min(SIDE, Math.max(0, value))

// A stroke as a curve through the middles between its points, so that a fast hand leaves no corners.
function trace(pen, { width, points }) {
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

// The drawing as a PNG of the board's own size, whatever the screen, in base64.
function pngOf(strokes) {
  const canvas = make("canvas", { width: SIDE, height: SIDE })
  const pen = canvas.getContext("2d", { alpha: false }) // black where nothing is drawn
  strokes.forEach((stroke) => trace(pen, stroke))
  return canvas.toDataURL("image/png").split(",")[1]
}

class DrawingBoard {
  constructor(root) {
    this.root = root
    this.strokes = []
    this.stroke = null // the one that is being drawn
    this.pointer = null // the id of the pointer that draws it; null when the keyboard does
    this.place = [SIDE / 2, SIDE / 2] // of the keyboard's pen
    this.board = this.part("board")
    this.listen()
    this.part("undo").onclick = () => this.undo()
    this.part("clear").onclick = () => this.clear()
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
    return WIDTHS[this.root.querySelector("[name=width]:checked").value]
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

  pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.board.getBoundingClientRect()
    return [((clientX - left) / width) * SIDE, ((clientY - top) / height) * SIDE]
  }

  touch(event) {
    if (event.button !== 0 || !event.isPrimary) return
    event.preventDefault()
    this.lift()
    this.board.focus({ preventScroll: true })
    this.useKeyboard(false)
    this.board.setPointerCapture(event.pointerId)
    this.pointer = event.pointerId
    this.putDown(this.pointOf(event))
  }

  follow(event) {
    if (event.pointerId !== this.pointer) return
    const events = event.getCoalescedEvents?.() ?? []
    for (const each of events.length ? events : [event]) this.extend(this.pointOf(each))
  }

  putDown(point) {
    this.stroke = { width: this.width, points: [point] }
    this.place = point.map(onBoard)
    this.draw()
  }

  extend(point) {
    const [x, y] = this.stroke.points.at(-1)
    if (point[0] === x && point[1] === y) return
    this.stroke.points.push(point)
    this.place = point.map(onBoard)
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.drawFreshInk()
    })
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
    const direction = Object.hasOwn(DIRECTIONS, event.key) && DIRECTIONS[event.key]
    const actions = {
      " ": () => event.repeat || this.turnPen(),
      Enter: () => event.repeat || this.turnPen(),
      Backspace: () => this.undo(),
      Delete: () => this.clear(),
    }
    if (!direction && !Object.hasOwn(actions, event.key)) return
    event.preventDefault()
    if (this.pointer !== null) return
    this.useKeyboard(true)
    if (direction) this.move(direction, event.shiftKey ? LEAP : STEP)
    else actions[event.key]()
  }

  move(direction, distance) {
    this.place = this.place.map((value, i) => onBoard(value + distance * direction[i]))
    if (this.stroke) this.extend(this.place)
    this.drawPen()
  }

  turnPen() {
    if (this.stroke) this.lift()
    else this.putDown(this.place)
  }

  // A stroke that is being drawn is taken back before any that is finished.
  undo() {
    if (this.stroke) this.stroke = null
    else if (!this.strokes.pop()) return
    this.finish()
  }

  clear() {
    if (!this.stroke && !this.strokes.length) return
    this.stroke = null
    this.strokes = []
    this.finish()
  }

  finish() {
    this.draw()
    this.tell({ png: this.strokes.length ? pngOf(this.strokes) : null })
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
    pen.scale(width / SIDE, width / SIDE)
    strokes.forEach((stroke) => trace(pen, stroke))
  }

  drawPen() {
    const [x, y] = this.place
    const { style } = this.part("pen")
    style.setProperty("--x", x / SIDE)
    style.setProperty("--y", y / SIDE)
    style.setProperty("--width", (this.stroke?.width ?? this.width) / SIDE)
  }
}

const boards = new WeakMap()

// Streamlit calls this when the board is mounted, at every rerun and when the theme changes: the drawing stays. A call that
// was overtaken by a later one has its clean-up run at once, so only the latest call's clean-up may close the board.
export default function ({ parentElement, setStateValue }) {
  const root = parentElement.querySelector(".draw")
  let board = boards.get(parentElement)
  if (board?.root !== root) {
    board?.close()
    board = new DrawingBoard(root)
    boards.set(parentElement, board)
  }
  board.tell = (drawing) => setStateValue("drawing", drawing)
  const call = {}
  board.latestCall = call
  return () => {
    if (board.latestCall !== call) return
    board.close()
    boards.delete(parentElement)
  }
}
