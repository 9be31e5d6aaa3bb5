// The manifold: pictures decoded at the middles of a grid over what is seen of a plane, made in idle time from the middle out.
// Old pictures stay where they are until newer ones come. Needs canvas.js, pixels.js, idle_work.js and map_window.js.

const SAME = 1e-3 // numbers of two codes that differ by less give the same picture

class MapGrid {
  // onpaint: called whenever there is more to see.
  constructor(space, onpaint) {
    Object.assign(this, { space, onpaint })
    this.work = new IdleWork()
    this.tile = make("canvas")
    this.sheet = make("canvas") // all pictures, one beside the other
    this.wanted = null // of what the pictures are: {stamp, n, plane, away, edges}
    this.edges = null
    this.done = 0
  }

  close() {
    this.work.stop()
  }

  // Make the pictures of this window, n on each side, unless they are there; away: what the code has beside the plane.
  update(map, n) {
    const { space } = this
    const away = map.plane.move(space.code, [0, 0])
    const wanted = { stamp: space.stamp, n, plane: map.plane, edges: map.edges.flat(), away }
    if (this.wanted && isSameGrid(this.wanted, wanted)) return
    this.wanted = wanted
    this.turnSheet(map.edges, n)
    this.done = 0
    this.work.start(this.painting(map, away, n), () => this.onpaint())
  }

  // A new sheet that shows the old one's pictures where they belong in the window of now.
  turnSheet(edges, n) {
    const { width, height } = this.space.size
    const sheet = make("canvas", { width: n * width, height: n * height })
    if (this.edges) {
      const [[left, right], [low, high]] = edges
      const [[oldLeft, oldRight], [oldLow, oldHigh]] = this.edges
      const across = sheet.width / (right - left)
      const down = sheet.height / (high - low)
      const place = [(oldLeft - left) * across, (high - oldHigh) * down]
      const pen = sheet.getContext("2d")
      pen.imageSmoothingEnabled = false
      pen.drawImage(this.sheet, ...place, (oldRight - oldLeft) * across, (oldHigh - oldLow) * down)
    }
    Object.assign(this, { sheet, edges, n })
  }

  *painting(map, away, n) {
    const { space, sheet, tile } = this
    const { width, height } = space.size
    const pen = sheet.getContext("2d")
    const [[left, right], [low, high]] = this.edges
    let told = performance.now()
    for (const [column, row] of fromTheMiddle(n)) {
      const units = [left + ((column + 0.5) / n) * (right - left), high - ((row + 0.5) / n) * (high - low)]
      if (units.every((unit) => unit > 0 && unit < 1)) {
        const code = map.plane.move(away, units.map((unit, axis) => map.fromUnit(unit, axis)))
        paintPicture(tile, space.size, space.decode(code))
        pen.drawImage(tile, column * width, row * height)
      } else pen.clearRect(column * width, row * height, width, height) // beyond the whole distribution
      this.done++
      if (performance.now() - told > 50) {
        told = performance.now()
        this.onpaint()
      }
      yield
    }
  }

  paint(pen, map) {
    if (!this.edges) return
    const [[left, right], [low, high]] = this.edges
    const scale = map.side / (2 * map.half)
    const x = map.box.left + (left - map.middle[0] + map.half) * scale
    const y = map.box.top + (map.middle[1] + map.half - high) * scale
    const across = (right - left) * scale
    pen.imageSmoothingEnabled = across * pen.getTransform().a < this.sheet.width // smaller than it is: no pixel may get lost
    pen.drawImage(this.sheet, x, y, across, (high - low) * scale)
  }
}

// A code that is moved within the plane has the same numbers beside it but for rounding.
function isSameGrid(a, b) {
  const isClose = (value, k) => Object.is(value, b.away[k]) || Math.abs(value - b.away[k]) < SAME
  const isSameView = a.stamp === b.stamp && a.n === b.n && a.plane === b.plane && a.edges.every((edge, i) => edge === b.edges[i])
  return isSameView && a.away.length === b.away.length && a.away.every(isClose)
}

// The cells of an n × n grid, as [column, row], those in the middle first.
function fromTheMiddle(n) {
  const cells = Array.from({ length: n * n }, (_, i) => [i % n, Math.floor(i / n)])
  const distance = ([column, row]) => Math.hypot(column - (n - 1) / 2, row - (n - 1) / 2)
  return cells.sort((a, b) => distance(a) - distance(b))
}
