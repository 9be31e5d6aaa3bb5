// What each number of a run's code draws: a row of pictures for each, every pixel of them as it is, without smoothing.

const GREYS = Uint32Array.from({ length: 256 }, (_, value) => 0xff000000 | (value << 16) | (value << 8) | value)
const GAP = 2 // CSS pixels between pictures

// A canvas in pixels of the device. Its size depends on the room and on the shape of a picture alone, not on how many pixels
// the pictures that are shown have.
class TraversalCanvas {
  // across: how many pictures are side by side; picture: {height, width}, for their shape.
  constructor(canvas, across, { height, width }) {
    Object.assign(this, { canvas, across, shape: height / width })
    this.room = 0
  }

  // room: CSS pixels of width. Returns the height of a row with its gap, in CSS pixels.
  fit(room) {
    this.ratio = window.devicePixelRatio || 1
    this.gap = Math.round(GAP * this.ratio)
    this.wide = Math.max(1, Math.floor((room * this.ratio - (this.across - 1) * this.gap) / this.across))
    this.tall = Math.max(1, Math.round(this.wide * this.shape))
    this.painted = null
    this.columns = null
    return (this.tall + this.gap) / this.ratio
  }

  // traversals: {numbers, pixels, shape}, as kept or as drawn; wanted: the numbers to show, a row for each.
  paint(traversals, wanted) {
    const key = `${wanted}`
    if (this.painted === traversals && this.key === key) return
    Object.assign(this, { painted: traversals, key })
    const { canvas, across, ratio, gap, wide, tall } = this
    const [width, height] = [across * (wide + gap) - gap, wanted.length * (tall + gap) - gap]
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height })
      Object.assign(canvas.style, { width: `${width / ratio}px`, height: `${height / ratio}px` })
      this.image = new ImageData(width, height)
    }
    const columns = traversals.shape[3]
    if (this.columns !== columns) {
      this.columns = columns
      this.places = Int32Array.from({ length: wide }, (_, x) => Math.floor((x * columns) / wide))
    }
    const pixels = new Uint32Array(this.image.data.buffer)
    pixels.fill(0)
    wanted.forEach((k, row) => {
      const at = traversals.numbers.indexOf(k)
      if (at >= 0) this.paintRow(traversals, at, pixels, row * (tall + gap) * width, width)
    })
    canvas.getContext("2d").putImageData(this.image, 0, 0)
  }

  // The pictures of one number, from `start` on in pixels of which `width` make a line.
  paintRow({ pixels: source, shape: [across, channels, rows, columns] }, number, pixels, start, width) {
    const { gap, wide, tall, places } = this
    const plane = rows * columns
    const isGrey = channels === 1
    for (let y = 0, before = -1; y < tall; y++) {
      const line = start + y * width
      const row = Math.floor((y * rows) / tall)
      if (row === before) {
        pixels.copyWithin(line, line - width, line)
        continue
      }
      before = row
      for (let i = 0; i < across; i++) {
        const from = (number * across + i) * channels * plane + row * columns
        const to = line + i * (wide + gap)
        if (isGrey) for (let x = 0; x < wide; x++) pixels[to + x] = GREYS[source[from + places[x]]]
        else {
          for (let x = 0; x < wide; x++) {
            const at = from + places[x]
            pixels[to + x] = 0xff000000 | (source[at + 2 * plane] << 16) | (source[at + plane] << 8) | source[at]
          }
        }
      }
    }
  }
}
