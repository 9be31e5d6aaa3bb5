// A path that a person draws through a map: where it goes, pictures along it, and a walk along it.
// Needs canvas.js, pixels.js and idle_work.js.

const PATH_PICTURES = 12
const PATH_SECONDS = 5
const NARROW = 480 // pixels, below which the strip has two rows

// The point at a share (0 to 1) of the length of a path of [a, b].
function alongPath(path, share) {
  const lengths = path.slice(1).map(([a, b], i) => Math.hypot(a - path[i][0], b - path[i][1]))
  let rest = share * lengths.reduce((sum, length) => sum + length, 0)
  for (const [i, length] of lengths.entries()) {
    if (rest <= length && length > 0) return path[i].map((value, axis) => value + (rest / length) * (path[i + 1][axis] - value))
    rest -= length
  }
  return path.at(-1)
}

// Paints pictures along a path into one strip, in idle time.
class PathStrip {
  constructor(canvas, space) {
    Object.assign(this, { canvas, space })
    this.work = new IdleWork()
  }

  close() {
    this.work.stop()
  }

  // codeAt(place): the code of a place of the path. whenDone is called when all pictures are there.
  paint(path, codeAt, whenDone) {
    const { space, canvas } = this
    const columns = canvas.clientWidth < NARROW ? PATH_PICTURES / 2 : PATH_PICTURES
    const [width, height] = [columns * space.size.width, (PATH_PICTURES / columns) * space.size.height]
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    this.columns = columns
    this.work.start(this.painting(path, codeAt), whenDone)
  }

  *painting(path, codeAt) {
    const tile = make("canvas")
    for (let i = 0; i < PATH_PICTURES; i++) {
      paintPicture(tile, this.space.size, this.space.decode(codeAt(alongPath(path, i / (PATH_PICTURES - 1)))))
      const [column, row] = [i % this.columns, Math.floor(i / this.columns)]
      this.canvas.getContext("2d").drawImage(tile, column * tile.width, row * tile.height)
      yield
    }
  }

  clear() {
    this.work.stop()
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height)
  }
}

// Goes along a path at the display's rate, from its beginning to its end, and then stops.
class PathWalk {
  // onstep(place): each frame; onend: when it stops, by itself or by stop().
  constructor({ onstep, onend }) {
    Object.assign(this, { onstep, onend, isGoing: false })
  }

  start(path) {
    this.isGoing = true
    const start = performance.now()
    const step = (now) => {
      if (!this.isGoing) return
      const share = Math.min(1, Math.max(0, now - start) / (1000 * PATH_SECONDS))
      this.onstep(alongPath(path, share))
      if (share === 1) this.stop()
      else this.request = requestAnimationFrame(step)
    }
    this.request = requestAnimationFrame(step)
  }

  stop() {
    if (!this.isGoing) return
    this.isGoing = false
    cancelAnimationFrame(this.request)
    this.onend()
  }
}
