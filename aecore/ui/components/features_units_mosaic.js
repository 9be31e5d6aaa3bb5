// All units of a layer as small pictures: one canvas, and over it a grid of cells that the keyboard and the screen reader know.
// Needs canvas.js and pixels.js.

const LARGEST_TILE = 72 // pixels of CSS
const SMALLEST_TILE = 26 // a finger still meets one
const LARGER_TILE = 52 // to be seen from the back of a room
const TILE_GAP = 2 // device pixels, at least
const MOSAIC_ROWS = 12 // at most, then there are pages
const TILES_ACROSS_SHEET = 32
const DEAD_ALPHA = 0.3

// How many tiles fit across `width` pixels of CSS, and how large they are in device pixels: each of a picture's pixels is a whole
// number of the screen's, as large as lets all units be seen at once, if they can be. smallest: pixels of CSS.
function tilesFor(width, ratio, count, size, smallest) {
  const across = Math.floor(width * ratio)
  const layoutOf = (scale) => {
    const gap = Math.max(TILE_GAP, Math.round(TILE_GAP * ratio))
    const cell = Math.round(Math.max(size.width, size.height) * scale) + gap
    const columns = Math.max(1, Math.min(count, Math.floor(across / cell)))
    return { scale, gap, cell, columns, rows: Math.min(MOSAIC_ROWS, Math.ceil(count / columns)) }
  }
  const side = Math.max(size.width, size.height)
  const least = (smallest * ratio) / side
  let scale = Math.max(1, Math.floor((LARGEST_TILE * ratio) / side))
  if (side > LARGEST_TILE * ratio) return layoutOf((LARGEST_TILE * ratio) / side) // too large to keep every pixel
  for (; scale - 1 >= least; scale--) {
    const { columns, rows } = layoutOf(scale)
    if (columns * rows >= count) break
  }
  return layoutOf(scale)
}

class Mosaic {
  // onpick(unit, event): a person chose a unit.
  constructor(canvas, grid, { onpick }) {
    Object.assign(this, { canvas, grid, onpick })
    this.sheet = document.createElement("canvas")
    this.layout = null
    this.order = []
    this.page = 0
    grid.onkeydown = (event) => this.key(event)
    grid.onclick = ({ target }) => {
      const cell = target.closest("[role=gridcell]")
      if (cell) this.pick(this.page * this.onPage + Number(cell.dataset.at))
    }
  }

  // size: {width, height} of a unit's picture; paintUnit(canvas, unit) paints it.
  setPictures(count, size, paintUnit) {
    Object.assign(this, { count, size })
    const across = Math.min(count, TILES_ACROSS_SHEET)
    this.sheet.width = across * size.width
    this.sheet.height = Math.ceil(count / across) * size.height
    const pen = this.sheet.getContext("2d")
    const canvas = document.createElement("canvas")
    for (let unit = 0; unit < count; unit++) {
      paintUnit(canvas, unit)
      pen.drawImage(canvas, ...this.inSheet(unit))
    }
  }

  inSheet(unit) {
    const across = this.sheet.width / this.size.width
    return [(unit % across) * this.size.width, Math.floor(unit / across) * this.size.height]
  }

  get onPage() {
    return this.layout.columns * this.layout.rows
  }

  get pages() {
    return Math.ceil(this.count / this.onPage)
  }

  // The units on the page that is shown.
  get shown() {
    return this.order.slice(this.page * this.onPage, (this.page + 1) * this.onPage)
  }

  // order: the units; isDead, labelOf: of a unit; isLarge: whether the pictures are larger, on more pages.
  draw({ order, selected, isDead, labelOf, isLarge }) {
    const ratio = window.devicePixelRatio || 1
    const width = this.grid.parentElement.clientWidth
    const layout = tilesFor(width, ratio, this.count, this.size, isLarge ? LARGER_TILE : SMALLEST_TILE)
    if (JSON.stringify(layout) !== JSON.stringify(this.layout)) this.arrange(layout, ratio)
    Object.assign(this, { order, selected })
    if (this.followed !== selected) this.page = Math.floor(order.indexOf(selected) / this.onPage)
    this.followed = selected
    this.page = Math.max(0, Math.min(this.pages - 1, this.page))
    this.paint(isDead)
    this.label(labelOf)
  }

  arrange(layout, ratio) {
    const { columns, rows, cell } = (this.layout = layout)
    const [width, height] = [columns * cell, rows * cell]
    Object.assign(this.canvas, { width, height })
    const box = this.grid.parentElement
    box.style.setProperty("--across", `${width / ratio}px`)
    box.style.setProperty("--down", `${height / ratio}px`)
    box.style.setProperty("--cell", `${cell / ratio}px`)
    this.followed = null // a page has other units now
    this.grid.replaceChildren(
      ...Array.from({ length: rows }, (_, row) => {
        const line = make("div", { role: "row" })
        for (let i = 0; i < columns; i++) line.append(make("div", { role: "gridcell", dataset: { at: row * columns + i } }))
        return line
      }),
    )
    this.cells = [...this.grid.querySelectorAll("[role=gridcell]")]
  }

  paint(isDead) {
    const { columns, cell, gap, scale } = this.layout
    const pen = this.canvas.getContext("2d")
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height)
    pen.imageSmoothingEnabled = scale < 1
    const { width, height } = this.size
    this.shown.forEach((unit, at) => {
      const [x, y] = [(at % columns) * cell + (gap >> 1), Math.floor(at / columns) * cell + (gap >> 1)]
      pen.globalAlpha = isDead(unit) ? DEAD_ALPHA : 1
      pen.drawImage(this.sheet, ...this.inSheet(unit), width, height, x, y, width * scale, height * scale)
    })
    pen.globalAlpha = 1
  }

  // The grid is one stop of the Tab key: the unit that is chosen, or the page's first.
  label(labelOf) {
    const { shown, cells } = this
    const stop = Math.max(0, shown.indexOf(this.selected))
    cells.forEach((cell, at) => {
      cell.hidden = at >= shown.length
      if (cell.hidden) return
      cell.tabIndex = at === stop ? 0 : -1
      cell.ariaSelected = shown[at] === this.selected
      const text = labelOf(shown[at])
      if (cell.ariaLabel !== text) cell.ariaLabel = text
    })
  }

  turn(pages) {
    this.page += pages
  }

  pick(place) {
    this.onpick(this.order[place])
    this.cells[place - this.page * this.onPage].focus({ preventScroll: false })
  }

  key(event) {
    if (event.altKey || event.metaKey) return
    const { columns } = this.layout
    const place = this.order.indexOf(this.shown[Number(event.target.dataset.at)])
    const last = this.count - 1
    const inRow = place % columns
    const moves = {
      ArrowLeft: place - 1,
      ArrowRight: place + 1,
      ArrowUp: place - columns,
      ArrowDown: place + columns,
      PageUp: place - this.onPage,
      PageDown: place + this.onPage,
      Home: event.ctrlKey ? 0 : place - inRow,
      End: event.ctrlKey ? last : place - inRow + columns - 1,
      Enter: place,
      " ": place,
    }
    if (!Object.hasOwn(moves, event.key)) return
    event.preventDefault()
    this.pick(Math.max(0, Math.min(last, moves[event.key])))
  }
}
