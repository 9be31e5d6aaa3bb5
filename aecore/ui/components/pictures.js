// The validation pictures, one column a picture: original, corrupted (where the training corrupts), reconstruction.
// Sequences are pictures one pixel high, and are drawn as lines instead.
// Needs canvas.js and sequences.js.

const [SMALLEST_GAP, LARGEST_GAP] = [4, 34]
const BETWEEN_ROWS = 8
const LARGEST_PICTURE = 140 // pixels: ten of them fill a wide screen
const LABEL_ABOVE_BELOW = 620 // narrower than this, a row's name stands above it instead of beside it

// All pictures of a row as one strip of pixels, one above the other. uint8, picture by picture, channel by channel.
function stripOf(bytes, { count, channels, height, width }) {
  const strip = make("canvas", { width, height: count * height })
  const image = new ImageData(width, count * height)
  const area = height * width
  for (let i = 0; i < count * area; i++) {
    const start = Math.floor(i / area) * channels * area + (i % area)
    for (let colour = 0; colour < 3; colour++) {
      image.data[4 * i + colour] = bytes[start + (channels === 3 ? colour * area : 0)]
    }
    image.data[4 * i + 3] = 255
  }
  strip.getContext("2d").putImageData(image, 0, 0)
  return strip
}

class Pictures {
  constructor(panel, hasCorruptedRow) {
    this.canvas = panel.querySelector("canvas")
    this.title = panel.querySelector("h3")
    this.caption = panel.querySelector(".caption")
    this.hasCorruptedRow = hasCorruptedRow
    this.strips = new WeakMap() // pixels -> strip, so that a picture is turned into pixels once
  }

  // shape: [channels, height, width] of what is to come, while nothing is there.
  draw(theme, feed, [channels, height, width]) {
    const gallery = feed?.gallery ?? null
    const frame = gallery && feed.frame
    const size = gallery ?? { count: 10, channels, height, width }
    const kind = isSequences(size) ? "sequences" : "pictures"
    setText(this.title, `${kind === "pictures" ? "Pictures" : "Sequences"} it never trained on`)
    const rows = [{ name: "Original", bytes: gallery?.originals }]
    if (gallery ? gallery.corrupted : this.hasCorruptedRow) rows.push({ name: "Corrupted", bytes: gallery?.corrupted })
    rows.push({ name: "Reconstruction", bytes: frame?.pictures })
    if (kind === "pictures") this.paint(theme, size, rows)
    else drawSequences(this.canvas, theme, size, { ...gallery, reconstructions: frame?.pictures })
    setText(this.caption, frame ? `after step ${countText(frame.step)}, epoch ${epochText(frame.epoch)}` : "")
    const label = frame
      ? `${size.count} validation ${kind} and their reconstructions after step ${countText(frame.step)}, epoch ${epochText(frame.epoch)}.`
      : `Validation ${kind}. The reconstructions come when training starts.`
    if (this.canvas.ariaLabel !== label) this.canvas.ariaLabel = label
  }

  // Where everything goes, in CSS pixels. A picture's side is a whole number of screen pixels for each of its own,
  // where that does not make it much smaller than the room it has.
  layout(theme, { count, height, width }, rows) {
    const room = this.canvas.clientWidth
    const ratio = window.devicePixelRatio || 1
    const pen = this.canvas.getContext("2d")
    const isBeside = room >= LABEL_ABOVE_BELOW
    const label = isBeside ? Math.ceil(Math.max(...rows.map((row) => widthOf(pen, theme, row.name, 14)))) + 16 : 0
    let columns = count
    const fitting = () => Math.min(LARGEST_PICTURE, (room - label + SMALLEST_GAP) / columns - SMALLEST_GAP)
    for (let parts = 2; fitting() < 48 && columns > 1; parts++) columns = Math.ceil(count / parts)
    const whole = Math.floor((fitting() * ratio) / width) * (width / ratio)
    const across = whole >= 0.75 * fitting() ? whole : fitting()
    const down = (across * height) / width
    const gap = columns > 1 ? Math.min(LARGEST_GAP, (room - label - columns * across) / (columns - 1)) : 0
    const head = isBeside ? 0 : 24
    const blocks = Math.ceil(count / columns)
    const line = head + down + BETWEEN_ROWS
    const block = rows.length * line + 12
    const total = Math.ceil(blocks * block - 12 - BETWEEN_ROWS)
    return { isBeside, label, columns, across, down, gap, head, blocks, line, block, total }
  }

  paint(theme, size, rows) {
    const plan = this.layout(theme, size, rows)
    this.canvas.style.height = `${plan.total}px`
    const { pen, ratio } = penFor(this.canvas)
    const snap = (value) => Math.round(value * ratio) / ratio
    pen.imageSmoothingEnabled = false
    rows.forEach((row, number) => {
      for (let part = 0; part < plan.blocks; part++) {
        const top = part * plan.block + number * plan.line
        if (plan.isBeside) write(pen, theme, row.name, 0, top + plan.down / 2, { size: 14, quiet: false })
        else write(pen, theme, row.name, 0, top + 11, { size: 14, quiet: false })
        const first = part * plan.columns
        for (let i = first; i < Math.min(first + plan.columns, size.count); i++) {
          const x = snap(plan.label + (i - first) * (plan.across + plan.gap))
          this.paintOne(pen, theme, row.bytes, size, i, [x, snap(top + plan.head), snap(plan.across), snap(plan.down)])
        }
      }
    })
  }

  paintOne(pen, theme, bytes, size, index, [x, y, across, down]) {
    pen.save()
    pen.beginPath()
    pen.roundRect(x, y, across, down, 4)
    if (bytes) {
      pen.clip()
      if (!this.strips.has(bytes)) this.strips.set(bytes, stripOf(bytes, size))
      pen.drawImage(this.strips.get(bytes), 0, index * size.height, size.width, size.height, x, y, across, down)
    } else {
      pen.fillStyle = theme.surface // room for a picture that is still to come
      pen.fill()
    }
    pen.restore()
  }
}
