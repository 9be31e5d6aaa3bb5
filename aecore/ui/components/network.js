// The forward pass of a trained network: plain functions, no screen and no state.
// Joined in front of a component's own file, so nothing is exported here.
//
// A description is {encoder: [layer, ...], decoder: [layer, ...]}; each layer names its kind and where its numbers
// start, counted in floats, in one block of little-endian 32-bit weights.

// Error function, Abramowitz & Stegun (1964), 7.1.26: absolute error below 1.5e-7 everywhere.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  const value = 1 - series * Math.exp(-x * x)
  return x < 0 ? -value : value
}

// The exponent is never positive, so it cannot overflow.
function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const power = Math.exp(x)
  return power / (1 + power)
}

// The same definitions, and the same default constants, as torch.nn.functional.
const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => (x > 0 ? x : 0),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
  sigmoid,
}

function activationNamed(name) {
  if (!Object.hasOwn(ACTIVATIONS, name)) throw new Error(`The browser does not know the activation "${name}".`)
  return ACTIVATIONS[name]
}

function take(floats, offset, count) {
  if (!Number.isInteger(offset) || offset < 0 || offset + count > floats.length) {
    throw new Error(`The weights end before a layer does: ${count} numbers from ${offset} of ${floats.length}.`)
  }
  return floats.subarray(offset, offset + count)
}

function dot(a, b) {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

// Four rows at a time: each x[i] is read once for all, and no sum waits for another. About half the time of one by one.
function fourDots(rows, row, x, y) {
  const p = rows[row], q = rows[row + 1], r = rows[row + 2], s = rows[row + 3]
  let a = 0, b = 0, c = 0, d = 0
  for (let i = 0; i < x.length; i++) {
    const value = x[i]
    a += p[i] * value
    b += q[i] * value
    c += r[i] * value
    d += s[i] * value
  }
  y[row] = a
  y[row + 1] = b
  y[row + 2] = c
  y[row + 3] = d
}

// y = activation(W x + b), with W row by row as torch.nn.Linear stores it.
function makeDense(layer, floats) {
  const { inputs, outputs } = layer
  const weight = take(floats, layer.weight, inputs * outputs)
  const bias = take(floats, layer.bias, outputs)
  const activation = activationNamed(layer.activation)
  const rows = Array.from(bias, (_, row) => weight.subarray(row * inputs, (row + 1) * inputs))
  return (x) => {
    const y = new Float32Array(outputs)
    let row = 0
    for (; row + 3 < outputs; row += 4) fourDots(rows, row, x, y)
    for (; row < outputs; row++) y[row] = dot(rows[row], x)
    for (let i = 0; i < outputs; i++) y[i] = activation(y[i] + bias[i])
    return y
  }
}

const LAYERS = { dense: makeDense }

function makeStack(layers, floats) {
  const steps = layers.map((layer) => {
    if (!Object.hasOwn(LAYERS, layer.kind)) throw new Error(`The browser does not know the layer "${layer.kind}".`)
    return LAYERS[layer.kind](layer, floats)
  })
  return (x) => steps.reduce((values, step) => step(values), x)
}

// Weights may arrive at any byte offset; 32-bit numbers must start at a multiple of four, hence the copy.
function readFloats(weights) {
  const bytes = ArrayBuffer.isView(weights)
    ? new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength)
    : new Uint8Array(weights)
  return new Float32Array(bytes.slice().buffer)
}

// The network as two pure functions, and the lengths of what goes in (`inputs`) and of the code (`codeSize`):
// encode(x) -> {mean, logVariance}, logVariance null unless the code is Gaussian; decode(z) -> reconstruction.
// A Gaussian encoder answers with twice as many numbers as the decoder takes: the means, then the log-variances.
function makeNetwork(description, weights) {
  const floats = readFloats(weights)
  const inputs = description.encoder[0].inputs
  const codeSize = description.decoder[0].inputs
  const answers = description.encoder.at(-1).outputs
  if (answers !== codeSize && answers !== 2 * codeSize) {
    throw new Error(`The encoder answers with ${answers} numbers, the decoder takes ${codeSize}.`)
  }
  const encoder = makeStack(description.encoder, floats)
  const encode = (x) => {
    const y = encoder(x)
    if (answers === codeSize) return { mean: y, logVariance: null }
    return { mean: y.slice(0, codeSize), logVariance: y.slice(codeSize) }
  }
  return { inputs, codeSize, encode, decode: makeStack(description.decoder, floats) }
}
