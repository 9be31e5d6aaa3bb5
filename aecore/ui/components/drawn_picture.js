// A drawing as a network expects it. Needs canvas.js, board.js and quantile.js.
// The ink on the board is a Uint8Array, row by row, 0 is black and 255 is white; a picture is a Float32Array, 0 to 1.

const HANDWRITING = ["digits", "mnist", "kmnist", "emnist-letters"]

// The same numbers, and the same steps, as in normalise.py: what MNIST's pictures are.
const FIELD_SIDE = 28
const BOX_SIDE = 20 // pixels, of a digit's longer side
const FIELD_CENTRE = 14 // the pixel in whose middle the centre of mass is put
const FULL_SHARE = 0.95 // of the ink, from the darkest, is at most as white as what is made fully white

// Whether pictures of a data set were made as those of MNIST: of handwriting, moved and scaled to lie in the middle.
const isCentredData = ({ data, height, width }) => HANDWRITING.includes(data) && height === FIELD_SIDE && width === FIELD_SIDE

let inkCanvas = null // one for all drawings: it is needed at every move of the pen

// Strokes as ink, BOARD_SIDE × BOARD_SIDE, whatever the screen.
function inkOf(strokes) {
  inkCanvas ??= make("canvas", { width: BOARD_SIDE, height: BOARD_SIDE })
  const pen = inkCanvas.getContext("2d", { alpha: false, willReadFrequently: true })
  pen.clearRect(0, 0, BOARD_SIDE, BOARD_SIDE)
  strokes.forEach((stroke) => traceStroke(pen, stroke))
  const { data } = pen.getImageData(0, 0, BOARD_SIDE, BOARD_SIDE)
  const ink = new Uint8Array(BOARD_SIDE ** 2)
  for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i]
  return ink
}

// What a network of pictures of `size` is shown for the ink on the board: centred as MNIST's are, or as it lies on the board.
function drawnPicture(ink, size, isCentred) {
  const board = { values: ink, height: BOARD_SIDE, width: BOARD_SIDE }
  const { values } = isCentred ? likeMnist(board) : resized(board, size.height, size.width)
  const picture = new Float32Array(size.channels * values.length)
  for (let channel = 0; channel < size.channels; channel++) picture.set(values, channel * values.length)
  return picture.map((value) => value / 255)
}

function likeMnist(board) {
  const crop = croppedToInk(board)
  return crop ? centredByMass(scaledToBox(crop)) : blackField()
}

const blackField = () => ({ values: new Uint8Array(FIELD_SIDE ** 2), height: FIELD_SIDE, width: FIELD_SIDE })

// The smallest part that has all the ink in it, or null where there is none.
function croppedToInk({ values, height, width }) {
  let [top, left, bottom, right] = [height, width, -1, -1]
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!values[i]) continue
      top = Math.min(top, y)
      left = Math.min(left, x)
      bottom = y
      right = Math.max(right, x)
    }
  }
  if (bottom < 0) return null
  const [rows, columns] = [bottom + 1 - top, right + 1 - left]
  const crop = new Uint8Array(rows * columns)
  for (let y = 0; y < rows; y++) {
    const start = (top + y) * width + left
    crop.set(values.subarray(start, start + columns), y * columns)
  }
  return { values: crop, height: rows, width: columns }
}

// The crop, its longer side made BOX_SIDE, in the middle of a black field; thin ink that has become grey by that is brightened.
function scaledToBox(crop) {
  const scale = BOX_SIDE / Math.max(crop.height, crop.width)
  const [rows, columns] = [crop.height, crop.width].map((length) => Math.max(1, roundToEven(length * scale)))
  const small = brightened(resized(crop, rows, columns).values)
  const field = blackField()
  const margin = (FIELD_SIDE - BOX_SIDE) / 2
  const [top, left] = [rows, columns].map((length) => margin + Math.floor((BOX_SIDE - length) / 2))
  for (let y = 0; y < rows; y++) {
    field.values.set(small.subarray(y * columns, (y + 1) * columns), (top + y) * FIELD_SIDE + left)
  }
  return field
}

// Brightened until the whitest ink is white; what is white already stays as it is.
function brightened(values) {
  const top = quantileOf(values.filter((value) => value > 0), FULL_SHARE)
  if (!top || top >= 250) return values
  return values.map((value) => Math.min(255, roundToEven(value * (255 / top))))
}

// Moved by whole pixels so that the centre of mass is in the middle of pixel FIELD_CENTRE; ink is never cut off.
function centredByMass(field) {
  const [rows, columns] = [0, 0].map(() => new Float64Array(FIELD_SIDE))
  field.values.forEach((value, i) => {
    rows[Math.floor(i / FIELD_SIDE)] += value
    columns[i % FIELD_SIDE] += value
  })
  const [down, right] = [rows, columns].map(shiftToCentre)
  const moved = blackField()
  field.values.forEach((value, i) => {
    if (value) moved.values[i + down * FIELD_SIDE + right] = value
  })
  return moved
}

function shiftToCentre(ink) {
  const total = ink.reduce((sum, value) => sum + value, 0)
  if (!total) return 0
  const centre = ink.reduce((sum, value, i) => sum + value * i, 0) / total
  const first = ink.findIndex((value) => value > 0)
  const last = ink.findLastIndex((value) => value > 0)
  return Math.min(FIELD_SIDE - 1 - last, Math.max(-first, roundToEven(FIELD_CENTRE - centre)))
}

// Halves go to the even neighbour, as in Python.
function roundToEven(value) {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2) ? below + 1 : below
}

// Keys (1981), "Cubic convolution interpolation for digital image processing", with a = −½.
function cubic(distance) {
  const x = Math.abs(distance)
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
}

// How Pillow makes a picture smaller or larger. A pixel counts for as much as `weight` says of its distance.
const AREA = { reach: 0.5, weight: (distance) => (distance > -0.5 && distance <= 0.5 ? 1 : 0) }
const SMOOTH = { reach: 2, weight: cubic }

// Another size: grey levels are means over the pixels covered, or lie smoothly between them where there are fewer.
function resized(picture, height, width) {
  const isSmaller = Math.max(height, width) < Math.max(picture.height, picture.width)
  const way = isSmaller ? AREA : SMOOTH
  const wide = { values: resampleRows(picture, width, way), height: picture.height, width }
  const turned = { values: turnedOver(wide), height: width, width: picture.height }
  const done = { values: resampleRows(turned, height, way), height: width, width: height }
  return { values: turnedOver(done), height, width }
}

// Each row made `count` pixels long.
function resampleRows({ values, height, width }, count, { reach, weight }) {
  if (count === width) return values
  const scale = width / count
  const stretch = Math.max(1, scale)
  const sources = Array.from({ length: count }, (_, i) => {
    const centre = (i + 0.5) * scale
    const from = Math.max(0, Math.trunc(centre - reach * stretch + 0.5))
    const to = Math.min(width, Math.trunc(centre + reach * stretch + 0.5))
    const shares = Array.from({ length: to - from }, (_, k) => weight((from + k + 0.5 - centre) / stretch))
    const total = shares.reduce((sum, share) => sum + share, 0)
    return { from, shares: shares.map((share) => share / total) }
  })
  const result = new Uint8ClampedArray(height * count)
  for (let y = 0; y < height; y++) {
    sources.forEach(({ from, shares }, i) => {
      let sum = 0
      for (let k = 0; k < shares.length; k++) sum += shares[k] * values[y * width + from + k]
      result[y * count + i] = Math.floor(sum + 0.5) // Pillow rounds halves up
    })
  }
  return result
}

// Rows become columns.
function turnedOver({ values, height, width }) {
  const turned = new Uint8ClampedArray(values.length)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) turned[x * height + y] = values[y * width + x]
  return turned
}
