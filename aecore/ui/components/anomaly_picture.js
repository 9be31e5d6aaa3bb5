// What a case looks like: a picture, its reconstruction and where they differ. Needs canvas.js, pixels.js and anomaly_colours.js.

// Per pixel |x − x̂|, of a picture in colour the mean of its three; 0 to 1.
function pixelErrors([original, reconstruction], { channels, height, width }) {
  const pixels = height * width
  const errors = new Float32Array(pixels)
  for (let i = 0; i < channels * pixels; i++) errors[i % pixels] += Math.abs(original[i] - reconstruction[i]) / (255 * channels)
  return errors
}

const largestOf = (values) => values.reduce((most, value) => (value > most ? value : most), 0)

const shownBytes = (bytes) => Float32Array.from(bytes, (value) => value / 255)

// largest: the error that has the brightest colour.
function paintErrors(canvas, size, errors, largest, table) {
  paint(canvas, size, (data, pixels) => {
    for (let i = 0; i < pixels; i++) {
      const at = 4 * Math.round((RAMP_STEPS - 1) * Math.min(1, errors[i] / (largest || 1)))
      for (let channel = 0; channel < 3; channel++) data[4 * i + channel] = table[at + channel]
    }
  })
}
