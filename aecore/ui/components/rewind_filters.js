// What the first units or filters of a network look for, at one moment: bytes of which 128 is a weight of zero, and 1 and 255 the
// largest weight of that unit. Pictures in diverging colours; those of sequences as lines around zero. Needs canvas.js.

const ZERO = 128
const [LARGEST_FILTER, SMALLEST_FILTER, FILTER_GAP] = [88, 40, 10]
const [FILTER_LINE_WIDTH, FILTER_LINE_HEIGHT] = [190, 70]

class Filters {
  constructor(panel) {
    this.canvas = panel.querySelector("canvas")
    this.title = panel.querySelector("h3")
    this.caption = panel.querySelector(".caption")
    this.none = panel.querySelector(".none")
    this.tile = make("canvas")
  }

  // frame: of a film; isDense: whether each unit sees the whole picture. The same element stays of the same size.
  draw(theme, frame, { height, width }) {
    const { filters } = frame
    this.none.hidden = Boolean(filters)
    this.canvas.hidden = !filters
    const isWhole = filters && filters.shape[2] === height && filters.shape[3] === width
    setText(this.title, isWhole || !filters ? "What the first units look for" : "The first filters")
    if (!filters) return setText(this.caption, "")
    const [count, channels, down, across] = filters.shape
    const weights = `${isWhole ? "weights" : `${down === 1 ? across : `${down}×${across}`} weights each`} of the first ${count}`
    setText(this.caption, `${weights}, each in its own scale; ${down === 1 ? "a line above the middle" : this.words(channels)}`)
    const label = `The weights of ${count} ${isWhole ? "units" : "filters"} of the first layer after step ${countText(frame.step)}.`
    if (this.canvas.ariaLabel !== label) this.canvas.ariaLabel = label
    if (down === 1) this.drawLines(theme, filters)
    else this.drawPictures(theme, filters)
  }

  words(channels) {
    return channels === 3 ? "grey is none" : "orange is positive, blue negative"
  }

  drawPictures(theme, { shape: [count, channels, down, across], bytes }) {
    const ratio = window.devicePixelRatio || 1
    const room = this.canvas.clientWidth
    // As many beside each other as fit, in rows of the same length.
    let columns = count
    const fitting = () => Math.min(LARGEST_FILTER, (room + FILTER_GAP) / columns - FILTER_GAP)
    for (let parts = 2; fitting() < SMALLEST_FILTER && columns > 1; parts++) columns = Math.ceil(count / parts)
    const whole = Math.floor((fitting() * ratio) / across)
    const side = whole >= 1 ? (whole * across) / ratio : fitting()
    const tall = (side * down) / across
    const lanes = channels === 3 ? 1 : channels
    const block = lanes * (tall + 2) + FILTER_GAP
    this.canvas.style.height = `${Math.ceil(Math.ceil(count / columns) * block - FILTER_GAP)}px`
    const { pen } = penFor(this.canvas)
    const snap = (value) => Math.round(value * ratio) / ratio
    const table = divergingColours(theme)
    pen.imageSmoothingEnabled = whole < 1
    for (let unit = 0; unit < count; unit++) {
      for (let lane = 0; lane < lanes; lane++) {
        const start = (unit * channels + lane) * down * across
        this.paintTile(bytes.subarray(start, start + down * across * (channels === 3 ? 3 : 1)), { channels, down, across }, table)
        const x = snap((unit % columns) * (side + FILTER_GAP))
        const y = snap(Math.floor(unit / columns) * block + lane * (tall + 2))
        pen.drawImage(this.tile, x, y, snap(side), snap(tall))
      }
    }
  }

  paintTile(bytes, { channels, down, across }, table) {
    if (this.tile.width !== across || this.tile.height !== down) Object.assign(this.tile, { width: across, height: down })
    const image = new ImageData(across, down)
    const area = down * across
    for (let i = 0; i < area; i++) {
      for (let colour = 0; colour < 3; colour++) {
        image.data[4 * i + colour] = channels === 3 ? bytes[i + colour * area] : table[4 * bytes[i] + colour]
      }
      image.data[4 * i + 3] = 255
    }
    this.tile.getContext("2d").putImageData(image, 0, 0)
  }

  drawLines(theme, { shape: [count, channels, , across], bytes }) {
    const room = this.canvas.clientWidth
    const columns = Math.max(1, Math.min(count, Math.floor((room + FILTER_GAP) / (FILTER_LINE_WIDTH + FILTER_GAP))))
    const width = Math.min(2 * FILTER_LINE_WIDTH, (room + FILTER_GAP) / columns - FILTER_GAP)
    const rows = Math.ceil(count / columns)
    this.canvas.style.height = `${rows * (FILTER_LINE_HEIGHT + FILTER_GAP) - FILTER_GAP}px`
    const { pen } = penFor(this.canvas)
    for (let unit = 0; unit < count; unit++) {
      const left = (unit % columns) * (width + FILTER_GAP)
      const top = Math.floor(unit / columns) * (FILTER_LINE_HEIGHT + FILTER_GAP)
      pen.fillStyle = theme.surface
      pen.beginPath()
      pen.roundRect(left, top, width, FILTER_LINE_HEIGHT, 6)
      pen.fill()
      const toY = (value) => top + 5 + (1 - value / 255) * (FILTER_LINE_HEIGHT - 10)
      rule(pen, theme, left, toY(ZERO), left + width, toY(ZERO), 0.25)
      for (let channel = 0; channel < channels; channel++) {
        pen.strokeStyle = channels === 1 ? theme.primary : theme.palette[channel % theme.palette.length]
        pen.lineWidth = 1.75
        pen.lineJoin = "round"
        pen.beginPath()
        for (let i = 0; i < across; i++) {
          const x = left + 6 + (i / Math.max(1, across - 1)) * (width - 12)
          pen.lineTo(x, toY(bytes[(unit * channels + channel) * across + i]))
        }
        pen.stroke()
      }
    }
  }
}

const colourTables = new Map() // by theme

// Of each byte its red, green, blue and opacity: blue, the paper, orange, which colour-blind readers can tell apart.
function divergingColours({ palette, surface }) {
  const key = `${palette[0]} ${surface} ${palette[6]}`
  if (!colourTables.has(key)) {
    const canvas = make("canvas", { width: 256, height: 1 })
    const pen = canvas.getContext("2d", { willReadFrequently: true })
    const colours = pen.createLinearGradient(0, 0, 256, 0)
    ;[palette[0], surface, palette[6]].forEach((colour, i) => colours.addColorStop(i / 2, colour))
    pen.fillStyle = colours
    pen.fillRect(0, 0, 256, 1)
    colourTables.set(key, pen.getImageData(0, 0, 256, 1).data)
  }
  return colourTables.get(key)
}
