// What a case looks like: a sequence, its reconstruction over it, and where they differ, channel below channel.
// Needs numbers.js, canvas.js, curve.js and anomaly_colours.js.

const MOST_CHANNELS = 6 // in a card; those with the largest errors
const ROW_HEIGHTS = { card: [116, 60], large: [300, 110] } // pixels, of one channel and of each of several
const ROW_GAP = 8
const NAME_SIZE = 13

// The mean squared error of each channel.
function channelErrors([original, reconstruction], { channels, width }) {
  return Array.from({ length: channels }, (_, channel) => {
    const [start, end] = [channel * width, (channel + 1) * width]
    return meanSquaredError(original.subarray(start, end), reconstruction.subarray(start, end))
  })
}

// The channels to show, in their order.
function channelsToShow(pair, size, isLarge) {
  const all = [...Array(size.channels).keys()]
  if (isLarge || size.channels <= MOST_CHANNELS) return all
  const errors = channelErrors(pair, size)
  return all.sort((a, b) => errors[b] - errors[a]).slice(0, MOST_CHANNELS).sort((a, b) => a - b)
}

function sequenceHeight(size, isLarge) {
  const [alone, each] = ROW_HEIGHTS[isLarge ? "large" : "card"]
  const rows = isLarge ? size.channels : Math.min(MOST_CHANNELS, size.channels)
  return rows === 1 ? alone : rows * (each + ROW_GAP) - ROW_GAP
}

// The range of each channel, and the largest error, over several cases: what is on one page is drawn on one scale.
function sequenceScale(pairs, { channels, width }) {
  let largest = 0
  const ranges = Array.from({ length: channels }, (_, channel) => {
    const parts = pairs.flat().map((values) => values.subarray(channel * width, (channel + 1) * width))
    return rangeOf(parts, false) ?? [0, 1]
  })
  for (const [original, reconstruction] of pairs) {
    for (let i = 0; i < original.length; i++) largest = Math.max(largest, Math.abs(original[i] - reconstruction[i]))
  }
  return { ranges, largest }
}

// names: of the channels; scale: see sequenceScale.
function drawSequence(canvas, theme, pair, size, { names, scale, isLarge }) {
  const { pen, width, height } = penFor(canvas)
  if (!width) return
  const shown = channelsToShow(pair, size, isLarge)
  const row = (height - (shown.length - 1) * ROW_GAP) / shown.length
  shown.forEach((channel, i) => {
    const top = i * (row + ROW_GAP)
    const [original, reconstruction] = pair.map((values) => values.subarray(channel * size.width, (channel + 1) * size.width))
    const toX = makeScale(0, Math.max(1, size.width - 1), 1, width - 1)
    const hasName = size.channels > 1 && names[channel]
    const toY = makeScale(...scale.ranges[channel], top + row - 1, top + (hasName ? 14 : 1))
    rule(pen, theme, 0, top + row - 1, width, top + row - 1, 0.2)
    shadeErrors(pen, theme, original, reconstruction, { toX, toY, largest: scale.largest })
    const xs = Float64Array.from(original.keys(), toX)
    strokeLine(pen, xs, Float64Array.from(original, toY), theme.text, isLarge ? 1.75 : 1.25, 0.9)
    strokeLine(pen, xs, Float64Array.from(reconstruction, toY), theme.primary, isLarge ? 2.75 : 2.25, 1)
    if (hasName) write(pen, theme, names[channel], 2, top + 7, { size: NAME_SIZE })
  })
}

// The area between the two, the stronger the larger the error: columns of whole pixels, for no seam to be seen between them.
function shadeErrors(pen, theme, original, reconstruction, { toX, toY, largest }) {
  const stride = Math.max(1, Math.floor(original.length / (toX(original.length) - toX(0))))
  pen.save()
  pen.beginPath()
  original.forEach((value, i) => pen.lineTo(toX(i), toY(value)))
  for (let i = original.length - 1; i >= 0; i--) pen.lineTo(toX(i), toY(reconstruction[i]))
  pen.clip()
  pen.fillStyle = theme.palette[ANOMALY_COLOUR]
  for (let i = 0; i + 1 < original.length; i += stride) {
    const next = Math.min(original.length - 1, i + stride)
    let error = 0
    for (let at = i; at <= next; at++) error = Math.max(error, Math.abs(original[at] - reconstruction[at]))
    pen.globalAlpha = 0.12 + 0.78 * (largest ? error / largest : 0)
    const [left, right] = [Math.round(toX(i)), Math.round(toX(next))]
    pen.fillRect(left, 0, right - left, pen.canvas.height)
  }
  pen.restore()
}
