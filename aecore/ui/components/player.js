// What moves along a way: a player that goes there and back by itself, and a strip of pictures to go to a place of it.
// Needs canvas.js and pixels.js.

const WAY = 3000 // milliseconds from one end to the other
const THERE_AND_BACK = 2 * WAY
const LONGEST_STEP = 100 // a page that was busy goes on from where it was, rather than leaping

const wantsStillness = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches

// t goes evenly from 0 to 1 and back, at every frame of the display, until somebody pauses it or nobody can see it.
class Player {
  // root: what must be seen; onstep(): t is another; onplay(): it plays or does not play any more.
  constructor(root, { onstep, onplay }) {
    Object.assign(this, { root, onstep, onplay })
    this.phase = 0.5 // 0 to 1 there, 1 to 2 back
    this.isPlaying = false
    this.closing = new AbortController()
    document.addEventListener("visibilitychange", () => this.pause(), { signal: this.closing.signal })
    this.watcher = new IntersectionObserver((entries) => entries.at(-1).isIntersecting || this.pause())
    this.watcher.observe(root)
  }

  close() {
    this.pause()
    this.closing.abort()
    this.watcher.disconnect()
  }

  get t() {
    return this.phase <= 1 ? this.phase : 2 - this.phase
  }

  goTo(t) {
    this.pause()
    this.phase = t
    this.onstep()
  }

  // duration: milliseconds after which it stops by itself.
  play(duration = Infinity) {
    Object.assign(this, { duration, start: this.phase, passed: 0, last: null, isPlaying: true })
    this.request ??= requestAnimationFrame((now) => this.step(now))
    this.onplay()
  }

  pause() {
    if (!this.isPlaying) return
    cancelAnimationFrame(this.request)
    Object.assign(this, { request: null, isPlaying: false })
    this.onplay()
  }

  toggle() {
    if (this.isPlaying) this.pause()
    else this.play()
  }

  step(now) {
    this.passed = Math.min(this.duration, this.passed + Math.min(LONGEST_STEP, now - (this.last ?? now)))
    this.last = now
    this.phase = (this.start + this.passed / WAY) % 2
    this.onstep()
    if (this.passed === this.duration) return this.pause()
    this.request = requestAnimationFrame((next) => this.step(next))
  }
}

const STOPS = 11 // t = 0, 0.1, …, 1
const LINE = 2 // CSS pixels: the frame around the picture of the present place, and the gaps in which it is drawn

const stopOf = (t) => Math.round(t * (STOPS - 1))
const placeOf = (stop) => stop / (STOPS - 1)

// Pictures of the stops side by side on one canvas; a click goes to one.
class Strip {
  constructor(canvas, onpick) {
    this.canvas = canvas
    this.clear()
    canvas.onclick = ({ offsetX }) => this.grid && onpick(placeOf(this.stopAt(offsetX)))
  }

  clear() {
    this.cells = new Array(STOPS).fill(null)
    this.isOld = true
  }

  show(stop, size, picture) {
    this.cells[stop] ??= make("canvas")
    paintPicture(this.cells[stop], size, picture)
    this.isOld = true
  }

  // In device pixels: a picture is a whole number of times as large as its own pixels where there is room. What is left over
  // goes between them.
  layout({ width, ratio }, picture) {
    const line = Math.round(LINE * ratio)
    const across = Math.floor(width * ratio)
    const room = Math.max(1, Math.floor((across - (STOPS + 1) * line) / STOPS))
    const cell = room >= picture.width ? room - (room % picture.width) : room
    const pitch = cell + Math.max(line, Math.floor((across - 2 * line - STOPS * cell) / (STOPS - 1)))
    const left = Math.max(line, Math.floor((across - cell - (STOPS - 1) * pitch) / 2))
    this.grid = { line, cell, left, pitch, ratio }
    return this.grid
  }

  stopAt(x) {
    const { left, cell, pitch, ratio } = this.grid
    return Math.min(STOPS - 1, Math.max(0, Math.round((x * ratio - left - cell / 2) / pitch)))
  }

  // present: the stop that is marked.
  draw(theme, size, present) {
    const width = this.canvas.clientWidth
    if (!this.isOld && this.present === present && this.width === width) return
    Object.assign(this, { present, width, isOld: false })
    const fitted = penFor(this.canvas)
    const { pen } = fitted
    const { line, cell, left, pitch } = this.layout(fitted, size)
    const down = Math.round((cell * size.height) / size.width)
    const top = Math.max(line, Math.floor((this.canvas.height - down) / 2))
    pen.setTransform(1, 0, 0, 1, 0, 0)
    pen.imageSmoothingEnabled = cell < size.width
    pen.imageSmoothingQuality = "high"
    pen.fillStyle = theme.surface
    this.cells.forEach((picture, stop) => {
      if (picture) pen.drawImage(picture, left + stop * pitch, top, cell, down)
      else pen.fillRect(left + stop * pitch, top, cell, down)
    })
    pen.strokeStyle = theme.primary
    pen.lineWidth = line
    pen.strokeRect(left + present * pitch - line / 2, top - line / 2, cell + line, down + line)
  }
}
