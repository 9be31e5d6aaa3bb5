// The forward pass of a trained network: plain functions, no screen and no state.
// Joined in front of a component's own file, so nothing is exported here.
//
// A description is {inputs, code_size, gaussian, encoder: [layer, ...], decoder: [layer, ...]}. A layer names its kind, how
// many numbers go in and come out (`inputs`, `outputs`), its activation, and where its numbers start, counted in floats, in
// one block of little-endian 32-bit weights. A convolution also has `input_shape`, `output_shape` ([channels, height,
// width]) and `kernel_size`, and is `is_flat` where its filters are one pixel high, as those of a sequence. Of a dense layer with
// `top_k` only so many numbers are kept, the largest. A layer of the decoder may have `skip`, a position in the encoder: what
// that layer answered is added before the activation. Pictures are flat, channel by channel, row by row, as in torch.

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

// Every layer is this product at heart. y[row, p] = weight[row] · x[p], with `length` numbers in each weight[row] and x[p],
// one after the other; y is row by row. Four rows and two columns at a time: each number that is read serves several sums,
// and no sum waits for another. Measured on dense layers, four rows take half the time of one by one; on convolutions, two
// columns take a third less than one.
function multiply(weight, rows, x, columns, length, y) {
  let row = 0
  for (; row + 3 < rows; row += 4) {
    let p = 0
    for (; p + 1 < columns; p += 2) fourByTwo(weight, row, x, p, length, y, columns)
    if (p < columns) fourByOne(weight, row, x, p, length, y, columns)
  }
  for (; row < rows; row++) {
    for (let p = 0; p < columns; p++) y[row * columns + p] = dot(weight, row * length, x, p * length, length)
  }
}

function dot(a, from, b, start, length) {
  let sum = 0
  for (let i = 0; i < length; i++) sum += a[from + i] * b[start + i]
  return sum
}

function fourByOne(weight, row, x, p, length, y, columns) {
  const first = row * length, second = first + length, third = second + length, fourth = third + length
  const start = p * length
  let a = 0, b = 0, c = 0, d = 0
  for (let i = 0; i < length; i++) {
    const value = x[start + i]
    a += weight[first + i] * value
    b += weight[second + i] * value
    c += weight[third + i] * value
    d += weight[fourth + i] * value
  }
  const at = row * columns + p
  y[at] = a
  y[at + columns] = b
  y[at + 2 * columns] = c
  y[at + 3 * columns] = d
}

function fourByTwo(weight, row, x, p, length, y, columns) {
  const first = row * length, second = first + length, third = second + length, fourth = third + length
  const start = p * length, next = start + length
  let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0
  for (let i = 0; i < length; i++) {
    const left = x[start + i], right = x[next + i]
    const one = weight[first + i], two = weight[second + i], three = weight[third + i], four = weight[fourth + i]
    a += one * left
    b += two * left
    c += three * left
    d += four * left
    e += one * right
    f += two * right
    g += three * right
    h += four * right
  }
  const at = row * columns + p
  y[at] = a
  y[at + 1] = e
  y[at + columns] = b
  y[at + columns + 1] = f
  y[at + 2 * columns] = c
  y[at + 2 * columns + 1] = g
  y[at + 3 * columns] = d
  y[at + 3 * columns + 1] = h
}

// y = activation(y + bias + added), the same bias for all numbers of a channel; `added` may be missing.
function finish(y, bias, activation, added) {
  const size = y.length / bias.length
  for (let channel = 0, i = 0; channel < bias.length; channel++) {
    const shift = bias[channel]
    for (const end = i + size; i < end; i++) y[i] = activation(added ? y[i] + shift + added[i] : y[i] + shift)
  }
}

// Only the `count` largest numbers stay, the others become 0; of equal ones those that come first.
function keepLargest(y, count) {
  const order = Array.from(y.keys()).sort((a, b) => y[b] - y[a] || a - b)
  for (let i = count; i < order.length; i++) y[order[i]] = 0
}

// A step is a function (x, added) -> y; `added` is what a skip connection brings, if one does. The y is the step's own and
// is written over by its next call.

// y = activation(W x + b), with W row by row as torch.nn.Linear stores it. A tied layer's W is the first rows of an encoder
// layer's, transposed.
function makeDense(layer, floats) {
  const { inputs, outputs } = layer
  const stored = take(floats, layer.weight, inputs * outputs)
  const weight = layer.tied ? transposed(stored, inputs, outputs) : stored
  const bias = take(floats, layer.bias, outputs)
  const activation = activationNamed(layer.activation)
  const y = new Float32Array(outputs)
  return (x, added) => {
    multiply(weight, outputs, x, 1, inputs, y)
    finish(y, bias, activation, added)
    if (layer.top_k !== undefined) keepLargest(y, layer.top_k)
    return y
  }
}

// torch.nn.Conv2d of padding (kernel - 1) / 2 (rounded down). The patch under each place of the filters is copied out first
// (outside the picture it is 0); then all filters meet all patches in one product.
function makeConv2d(layer, floats) {
  const { input_shape: inner, output_shape: [channels, height, width], kernel_size: kernel, stride } = layer
  const steps = layer.is_flat ? { high: 1, down: 1 } : { high: kernel, down: stride }
  const length = inner[0] * steps.high * kernel
  const weight = take(floats, layer.weight, channels * length)
  const bias = take(floats, layer.bias, channels)
  const activation = activationNamed(layer.activation)
  const sources = patchSources(inner, height, width, { ...steps, wide: kernel, across: stride })
  const patches = new Float32Array(sources.length)
  const y = new Float32Array(channels * height * width)
  return (x, added) => {
    for (let i = 0; i < patches.length; i++) patches[i] = sources[i] < 0 ? 0 : x[sources[i]]
    multiply(weight, channels, patches, height * width, length, y)
    finish(y, bias, activation, added)
    return y
  }
}

// torch.nn.ConvTranspose2d of stride 2 and padding (kernel - 1) / 2 (rounded down): the same walk the other way. Each place of the small
// picture makes a patch, and patches that overlap add up in the large one; what falls outside is dropped.
function makeConvTranspose2d(layer, floats) {
  const { input_shape: [depth, height, width], output_shape: outer, kernel_size: kernel } = layer
  const steps = layer.is_flat ? { high: 1, down: 1 } : { high: kernel, down: 2 }
  const length = outer[0] * steps.high * kernel
  const weight = transposed(take(floats, layer.weight, depth * length), depth, length)
  const bias = take(floats, layer.bias, outer[0])
  const activation = activationNamed(layer.activation)
  const places = height * width
  const targets = transposed(patchSources(outer, height, width, { ...steps, wide: kernel, across: 2 }), places, length)
  const patches = new Float32Array(places * length)
  const y = new Float32Array(outer[0] * outer[1] * outer[2])
  const columns = new Float32Array(depth * places)
  return (x, added) => {
    transpose(x, depth, places, columns)
    multiply(weight, length, columns, places, depth, patches)
    y.fill(0)
    for (let i = 0; i < patches.length; i++) if (targets[i] >= 0) y[targets[i]] += patches[i]
    finish(y, bias, activation, added)
    return y
  }
}

// A skip connection that ends where nothing else happens.
function makeAdd({ outputs }) {
  const y = new Float32Array(outputs)
  return (x, added) => {
    for (let i = 0; i < outputs; i++) y[i] = added ? x[i] + added[i] : x[i]
    return y
  }
}

// For each of height x width places of the filters, where in the picture of the given shape the numbers under them are,
// in the order of a filter's weights; -1 outside the picture. A filter is so many pixels `high` and `wide`; from place to place
// it goes so many `down` and `across`.
function patchSources([channels, rows, columns], height, width, { high, wide, down, across }) {
  const sources = new Int32Array(height * width * channels * high * wide)
  let i = 0
  for (let place = 0; place < height * width; place++) {
    const top = down * Math.floor(place / width) - ((high - 1) >> 1)
    const left = across * (place % width) - ((wide - 1) >> 1)
    for (let channel = 0; channel < channels; channel++) {
      for (let y = top; y < top + high; y++) {
        for (let x = left; x < left + wide; x++) {
          const isInside = y >= 0 && y < rows && x >= 0 && x < columns
          sources[i++] = isInside ? (channel * rows + y) * columns + x : -1
        }
      }
    }
  }
  return sources
}

function transpose(matrix, rows, columns, into) {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) into[column * rows + row] = matrix[row * columns + column]
  }
  return into
}

function transposed(matrix, rows, columns) {
  return transpose(matrix, rows, columns, new matrix.constructor(matrix.length))
}

const LAYERS = { dense: makeDense, conv2d: makeConv2d, conv_transpose2d: makeConvTranspose2d, add: makeAdd }

function makeSteps(layers, floats) {
  return layers.map((layer) => {
    if (!Object.hasOwn(LAYERS, layer.kind)) throw new Error(`The browser does not know the layer "${layer.kind}".`)
    return LAYERS[layer.kind](layer, floats)
  })
}

// What every step answers, one after the other. added: what to add at each step, or nothing.
function run(steps, x, added = []) {
  const answers = []
  steps.forEach((step, i) => answers.push(step(answers[i - 1] ?? x, added[i])))
  return answers
}

// The numbers that one layer answers with are those that the next one takes, from the picture to the code and back.
function checkSizes({ inputs, code_size: codeSize, gaussian, encoder, decoder }) {
  const check = (layers, first, last) => {
    const given = [first, ...layers.map((layer) => layer.outputs)]
    const wanted = [...layers.map((layer) => layer.inputs), last]
    const wrong = given.findIndex((count, i) => count !== wanted[i])
    if (wrong >= 0) throw new Error(`The layers do not fit: ${wanted[wrong]} numbers are needed where there are ${given[wrong]}.`)
  }
  check(encoder, inputs, gaussian ? 2 * codeSize : codeSize)
  check(decoder, codeSize, inputs)
  const ends = decoder.filter(({ skip }) => skip !== undefined)
  if (ends.some(({ skip, outputs }) => encoder[skip]?.outputs !== outputs)) throw new Error("A skip connection does not fit.")
}

// Weights may arrive at any byte offset; 32-bit numbers must start at a multiple of four, hence the copy.
function readFloats(weights) {
  const bytes = ArrayBuffer.isView(weights)
    ? new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength)
    : new Uint8Array(weights)
  return new Float32Array(bytes.slice().buffer)
}

// The network as functions, and the lengths of what goes in (`inputs`) and of the code (`codeSize`):
// encode(x) -> {mean, logVariance}, logVariance null unless the code is Gaussian; decode(z) -> what the code alone says;
// reconstruct(x) -> what the network answers, from the mean and through its skip connections: no randomness.
// What they return is the caller's own: no later call changes it.
// A Gaussian encoder answers with twice as many numbers as the decoder takes: the means, then the log-variances.
function makeNetwork(description, weights) {
  checkSizes(description)
  const floats = readFloats(weights)
  const { inputs, code_size: codeSize, gaussian } = description
  const encoder = makeSteps(description.encoder, floats)
  const decoder = makeSteps(description.decoder, floats)
  const encode = (x) => {
    const y = run(encoder, x).at(-1)
    return { mean: y.slice(0, codeSize), logVariance: gaussian ? y.slice(codeSize) : null }
  }
  const decode = (z) => run(decoder, z).at(-1).slice()
  const reconstruct = (x) => {
    const answers = run(encoder, x)
    const added = description.decoder.map(({ skip }) => answers[skip])
    return run(decoder, answers.at(-1).subarray(0, codeSize), added).at(-1).slice()
  }
  return { inputs, codeSize, encode, decode, reconstruct }
}
