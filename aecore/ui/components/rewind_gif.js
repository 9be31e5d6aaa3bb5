// A film as an animated GIF: its frames are drawn here, pixel by pixel as they are, and the server makes the file.
// Needs canvas.js, markers.js and sequences.js.

const [GIF_BYTES, GIF_FRAMES, GIF_LONGEST] = [4_000_000, 150, 1000] // a little less than export_route.py allows
const GIF_PIXELS = 40_000_000 // of all frames, enlarged
const GIF_REST = 8 // times that the last frame is shown
const GIF_FRAME = 120 // milliseconds at the usual speed
const GIF_SCALE = 4 // the largest
const [GIF_GAP, GIF_BAR] = [1, 2] // pixels between pictures; of the bar that shows how far it is
const [CELL_WIDTH, LANE] = [150, 48] // of a sequence
const PLANE_SIDES = [220, 180, 150, 120] // of the code space, the largest that fits
const SHADES = { paper: 255, bar: 90, given: 200, original: 150, reconstruction: 0 }

// Where everything goes in a frame: pictures in columns, an original above its reconstruction, and the plane below.
// side: of the plane, 0 for none.
function gifLayout(gallery, side, columns) {
  const isLines = isSequences(gallery)
  const cell = isLines ? [CELL_WIDTH, LANE * gallery.channels] : [gallery.width, (2 + Boolean(gallery.corrupted)) * (gallery.height + GIF_GAP)]
  const rows = isLines && gallery.channels < 3 ? 2 : 1
  const width = Math.max(side, columns * (cell[0] + GIF_GAP) - GIF_GAP)
  const pictures = rows * (cell[1] + GIF_GAP)
  return { isLines, cell, columns, rows, side, width, pictures, height: pictures + (side ? side + GIF_GAP : 0) + GIF_BAR }
}

// The largest layout whose frames can be sent, and which moments are in it: all, or where there is no room as many as there is.
function planGif(film, hasPlane) {
  const { gallery, frames } = film
  const channels = hasPlane || gallery.channels === 3 ? 3 : 1
  const isLines = isSequences(gallery)
  const most = isLines ? Math.min(3, Math.ceil(gallery.count / 2)) : Math.min(hasPlane ? 6 : 10, gallery.count)
  const few = isLines ? 1 : Math.min(most, 2)
  const sides = hasPlane ? PLANE_SIDES : [0]
  for (let share = 1; share > 0.05; share *= 0.75) {
    const count = Math.max(1, Math.min(GIF_FRAMES, Math.round(frames.length * share)))
    for (let columns = most; columns >= (share > 0.4 ? few : 1); columns--) {
      for (const side of sides) {
        const layout = gifLayout(gallery, side, columns)
        const all = (count + GIF_REST) * layout.width * layout.height
        if (all * channels > GIF_BYTES || Math.max(layout.width, layout.height) > GIF_LONGEST) continue
        const fitting = [GIF_LONGEST / layout.width, GIF_LONGEST / layout.height, Math.sqrt(GIF_PIXELS / all), GIF_SCALE]
        return { ...layout, channels, moments: momentsOf(frames.length, count), scale: Math.max(1, Math.floor(Math.min(...fitting))) }
      }
    }
  }
  return null
}

// So many of all moments, evenly; the first and the last among them.
function momentsOf(all, count) {
  return count < 2 ? [all - 1] : Array.from({ length: count }, (_, i) => Math.round((i * (all - 1)) / (count - 1)))
}

class GifPainter {
  constructor(film, plan, theme) {
    Object.assign(this, { film, plan, theme })
    this.canvas = make("canvas", { width: plan.width, height: plan.height })
    this.pen = this.canvas.getContext("2d", { willReadFrequently: true })
  }

  // The bytes of a frame: pixel by pixel.
  frame(moment) {
    const { pen, plan, film } = this
    const { width, height, channels, side } = plan
    pen.fillStyle = grey(SHADES.paper)
    pen.fillRect(0, 0, width, height)
    const frame = film.frames[moment]
    if (plan.isLines) this.drawLines(frame)
    else this.drawPictures(frame)
    if (side) this.drawPlane(frame, (width - side) >> 1, plan.pictures)
    pen.fillStyle = grey(SHADES.bar)
    pen.fillRect(0, height - GIF_BAR, Math.round((width * (moment + 1)) / film.frames.length), GIF_BAR)
    const { data } = pen.getImageData(0, 0, width, height)
    const bytes = new Uint8Array(width * height * channels)
    for (let i = 0; i < width * height; i++) for (let c = 0; c < channels; c++) bytes[i * channels + c] = data[4 * i + c]
    return bytes
  }

  drawPictures({ pictures }) {
    const { gallery } = this.film
    const rows = [gallery.originals, ...(gallery.corrupted ? [gallery.corrupted] : []), pictures]
    const { columns } = this.plan
    rows.forEach((bytes, row) => {
      for (let i = 0; i < columns; i++) {
        const image = pictureIn(bytes, gallery, i)
        this.pen.putImageData(image, i * (gallery.width + GIF_GAP), row * (gallery.height + GIF_GAP))
      }
    })
  }

  drawLines({ pictures }) {
    const { pen, plan, film } = this
    const { columns, rows, cell } = plan
    const { gallery } = film
    for (let i = 0; i < Math.min(columns * rows, gallery.count); i++) {
      const left = (i % columns) * (cell[0] + GIF_GAP)
      const top = Math.floor(i / columns) * (cell[1] + GIF_GAP)
      for (let channel = 0; channel < gallery.channels; channel++) {
        const lane = { left: left + 2, top: top + channel * LANE + 3, width: cell[0] - 4, height: LANE - 6 }
        const line = (bytes, shade) => strokeSteps(pen, lane, bytes, gallery, i, channel, { colour: grey(shade), width: 1, alpha: 1 })
        if (gallery.corrupted) line(gallery.corrupted, SHADES.given)
        line(gallery.originals, SHADES.original)
        line(pictures, SHADES.reconstruction)
      }
    }
  }

  drawPlane({ positions }, left, top) {
    const { pen, plan, film, theme } = this
    const { pointLabels } = film.gallery
    const [low, bottom, high, up] = boundsOf(positions)
    const { side } = plan
    const perPixel = (1.1 * Math.max(high - low, up - bottom)) / side || 1
    for (let i = 0; i < pointLabels.length; i++) {
      const [x, y] = [positions[2 * i], positions[2 * i + 1]]
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue
      pen.fillStyle = colourOf(theme, pointLabels[i])
      const place = (value, middle, sign) => Math.round(side / 2 + (sign * (value - middle)) / perPixel) - 1
      pen.fillRect(left + place(x, (low + high) / 2, 1), top + place(y, (bottom + up) / 2, -1), 2, 2)
    }
  }
}

const grey = (shade) => `rgb(${shade} ${shade} ${shade})`

// One picture of several as pixels.
function pictureIn(bytes, { channels, height, width }, index) {
  const image = new ImageData(width, height)
  const area = height * width
  const start = index * channels * area
  for (let i = 0; i < area; i++) {
    for (let colour = 0; colour < 3; colour++) image.data[4 * i + colour] = bytes[start + i + (channels === 3 ? colour * area : 0)]
    image.data[4 * i + 3] = 255
  }
  return image
}

// The GIF of a film. speed: 1 for the usual. Throws an error with a sentence where it cannot be made.
async function gifOfFilm(film, { theme, hasPlane, speed }) {
  const plan = planGif(film, hasPlane)
  if (!plan) throw new Error("These pictures are too large for a GIF.")
  const painter = new GifPainter(film, plan, theme)
  const frames = []
  for (const moment of plan.moments) {
    frames.push(painter.frame(moment))
    if (frames.length % 8 === 0) await new Promise((resolve) => setTimeout(resolve)) // the page is let breathe
  }
  for (let i = 0; i < GIF_REST; i++) frames.push(frames.at(-1))
  const query = new URLSearchParams({
    frames: frames.length,
    height: plan.height,
    width: plan.width,
    channels: plan.channels,
    milliseconds: Math.round(GIF_FRAME / speed),
    scale: plan.scale,
  })
  const body = new Blob(frames, { type: "application/octet-stream" })
  const response = await fetch(`${film.base}/api/gif?${query}`, { method: "POST", body }).catch(() => null)
  if (!response) throw new Error("The server does not answer: try again.")
  if (response.ok) return { blob: await response.blob(), moments: plan.moments.length }
  const { error } = await response.json().catch(() => ({}))
  throw new Error(error ?? `The server answered ${response.status}: try again.`)
}

function saveFile(blob, name) {
  const href = URL.createObjectURL(blob)
  make("a", { href, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(href), 60_000)
}
