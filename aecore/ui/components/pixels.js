// Pictures as numbers: taken out of what the server sends, compared, painted, and offered to pick from.
// A picture is a Float32Array of values 0 to 1, channel by channel, row by row. Needs canvas.js.

// What the server sends is one block of bytes: the length of a JSON header, the header, and the parts that it lists.
function unpackBlock(data) {
  const bytes = new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength)
  let end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)))
  return { ...header, parts: header.parts.map((length) => bytes.subarray(end, (end += length))) }
}

// Pictures one after the other, one byte a number, 0 to 255.
function picturesIn(bytes, count) {
  const size = bytes.length / count
  const pictureAt = (i) => Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (value) => value / 255)
  return Array.from({ length: count }, (_, i) => pictureAt(i))
}

// A plain loop: the networks are megabytes, and this runs whenever the page does.
function sameBytes(a, b) {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function meanSquaredError(x, y) {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += (x[i] - y[i]) ** 2
  return sum / x.length
}

// Peak signal-to-noise ratio in decibels, for a peak of 1; Infinity for pictures that are the same.
function psnrOf(clean, other) {
  return -10 * Math.log10(meanSquaredError(clean, other))
}

// FNV-1a over the pixels as they are shown, so that a test can see a picture change without reading it.
function hashOf(picture) {
  let hash = 0x811c9dc5
  for (const value of picture) hash = Math.imul(hash ^ Math.round(255 * value), 0x01000193) >>> 0
  return hash.toString(16)
}

// fill(data, pixels) sets red, green, blue of each pixel; all are opaque.
function paint(canvas, { height, width }, fill) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  const image = new ImageData(width, height)
  image.data.fill(255)
  fill(image.data, height * width)
  canvas.getContext("2d").putImageData(image, 0, 0)
}

// One channel is grey, three are red, green and blue. Values outside 0..1 are painted as the nearest inside.
function paintPicture(canvas, size, picture) {
  paint(canvas, size, (data, pixels) => {
    const plane = size.channels === 3 ? pixels : 0
    for (let i = 0; i < pixels; i++) {
      for (let channel = 0; channel < 3; channel++) data[4 * i + channel] = 255 * picture[i + channel * plane]
    }
  })
}

// A picture to pick from: a native radio button behind a small canvas.
function makePictureChoice({ name, label, testid, size, picture, onpick }) {
  const button = make("input", { type: "radio", name, ariaLabel: label, onchange: onpick })
  const canvas = make("canvas")
  paintPicture(canvas, size, picture)
  return make("label", { className: "thumbnail", dataset: { testid } }, button, canvas)
}
