// Ways between two pictures as files: a strip as PNG, made here, and an animation as GIF, made by the server of frames that it
// is sent. Needs canvas.js and pixels.js.

const GIF_WAY = 32 // frames from A to B; those in between are shown again on the way back
const GIF_FRAME = 100 // milliseconds
const GIF_SIDE = 224 // pixels of a picture, at least
const STRIP_SIDE = 112
const STRIP_COUNT = 11
const GAP = 1 // between pictures, in pixels of their own
const SLICE = 12 // milliseconds of decoding before the page is let breathe

const enlargementFor = (side, width) => Math.max(1, Math.ceil(side / width))

// The pictures at evenly spaced places of each way, those of a way together. ways: functions from t to a picture.
async function picturesAlong(ways, count) {
  const rows = ways.map(() => [])
  let since = performance.now()
  for (let i = 0; i < count; i++) {
    ways.forEach((way, row) => rows[row].push(way(i / (count - 1))))
    if (performance.now() - since < SLICE) continue
    await new Promise((resolve) => setTimeout(resolve))
    since = performance.now()
  }
  return rows
}

// Pictures below each other with a white gap, as the bytes of one frame: pixel by pixel, not channel by channel.
function frameBytes(pictures, { channels, height, width }) {
  const pixels = height * width
  const bytes = new Uint8ClampedArray((pictures.length * (height + GAP) - GAP) * width * channels).fill(255)
  pictures.forEach((picture, row) => {
    const start = row * (height + GAP) * width
    for (let i = 0; i < pixels; i++) {
      for (let c = 0; c < channels; c++) bytes[(start + i) * channels + c] = 255 * picture[c * pixels + i]
    }
  })
  return bytes
}

// base: of the server's addresses. Throws an error with a sentence where there is no answer, or one that is none.
async function gifOf(base, ways, size) {
  const { channels, height, width } = size
  const rows = await picturesAlong(ways, GIF_WAY)
  const there = Array.from({ length: GIF_WAY }, (_, i) => frameBytes(rows.map((row) => row[i]), size))
  const frames = [...there, ...there.slice(1, -1).reverse()]
  const query = new URLSearchParams({
    frames: frames.length,
    height: ways.length * (height + GAP) - GAP,
    width,
    channels,
    milliseconds: GIF_FRAME,
    scale: enlargementFor(GIF_SIDE, width),
  })
  const body = new Blob(frames, { type: "application/octet-stream" })
  const response = await fetch(`${base}/api/gif?${query}`, { method: "POST", body }).catch(() => null)
  if (!response) throw new Error("The server does not answer: try again.")
  if (response.ok) return response.blob()
  const { error } = await response.json().catch(() => ({}))
  throw new Error(error ?? `The server answered ${response.status}: try again.`)
}

// Between the pictures one sees through the file.
async function stripOf(ways, size) {
  const { height, width } = size
  const rows = await picturesAlong(ways, STRIP_COUNT)
  const scale = enlargementFor(STRIP_SIDE, width)
  const [across, down] = [(width + GAP) * scale, (height + GAP) * scale]
  const canvas = make("canvas", { width: STRIP_COUNT * across - GAP * scale, height: rows.length * down - GAP * scale })
  const pen = canvas.getContext("2d")
  pen.imageSmoothingEnabled = false
  const cell = make("canvas")
  rows.forEach((row, y) =>
    row.forEach((picture, x) => {
      paintPicture(cell, size, picture)
      pen.drawImage(cell, x * across, y * down, width * scale, height * scale)
    }),
  )
  return new Promise((resolve) => canvas.toBlob(resolve))
}

function download(blob, name) {
  const href = URL.createObjectURL(blob)
  make("a", { href, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(href), 60_000)
}

// The buttons of a view that has `ways`, functions from t to a picture by the name of their row, and a `space`.
function connectSaving(view) {
  const { space } = view
  const kinds = {
    gif: { waiting: "Making the GIF…", make: (ways) => gifOf(space.base, ways, space.size) },
    png: { waiting: "PNG strip", make: (ways) => stripOf(ways, space.size) },
  }
  for (const kind of Object.keys(kinds)) view.part(kind).onclick = () => save(view, kind, kinds[kind])
}

async function save(view, kind, { waiting, make: makeFile }) {
  const [button, saved] = [view.part(kind), view.part("saved")]
  const text = button.textContent
  const row = view.root.querySelector("[name=between-row]:checked").value
  const name = `between-${row}.${kind}`
  const { ways } = view
  setText(button, waiting)
  button.disabled = true
  setText(saved, "")
  try {
    download(await makeFile(row === "all" ? Object.values(ways) : [ways[row]]), name)
    setText(saved, `Saved as ${name}.`)
  } catch (error) {
    setText(saved, error.message)
  }
  setText(button, text)
  button.disabled = false
}
