// Noise on a picture, the same as aecore/corruption.py makes. No screen and no state. Pixels are 0..1 before and after.
// The random numbers of a picture's noise are drawn once, and the strength is applied to them afterwards: so the same noise
// grows and shrinks under the slider, and a pixel that is hit stays hit when the noise gets stronger.

const NOISE_KINDS = ["gaussian", "masking", "patches", "salt-and-pepper"]
const PATCHES_ACROSS = 4 // a dropped square is this part of the picture high

// mulberry32 (Tommy Ettinger, 2017, public domain): numbers from 0 up to, not including, 1; decided by a 32-bit seed.
function makeRandom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

// One seed out of several whole numbers: FNV-1a over them.
function seedOf(...numbers) {
  return numbers.reduce((hash, number) => Math.imul(hash ^ number, 0x01000193), 0x811c9dc5)
}

// Standard normal numbers, two at a time (Box and Muller, 1958). 1 - u is never 0, so the logarithm is finite.
function normals(count, random) {
  const values = new Float64Array(count)
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    const angle = 2 * Math.PI * random()
    values[i] = radius * Math.cos(angle)
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle)
  }
  return values
}

function uniforms(count, random) {
  return Float64Array.from({ length: count }, random)
}

// One number for each square of a grid, the grid's origin shifted at random, copied to all pixels of the square.
function patchUniforms({ channels, height, width }, random) {
  const side = Math.max(1, Math.round(height / PATCHES_ACROSS))
  const [down, right] = [random(), random()].map((share) => Math.floor(share * side))
  const [rows, columns] = [height, width].map((length) => Math.ceil(length / side) + 1) // one more than fit, for the shift
  const cells = uniforms(rows * columns, random)
  return Float64Array.from({ length: channels * height * width }, (_, i) => {
    const row = Math.floor(((Math.floor(i / width) % height) + down) / side)
    const column = Math.floor(((i % width) + right) / side)
    return cells[row * columns + column]
  })
}

// The random numbers of one noise for a picture of the given size: of the same seed, always the same.
// `values` are ε for Gaussian noise, for the others u: a pixel is hit where u < p. `white`: where salt and pepper make 1.
function drawNoise(kind, size, seed) {
  const random = makeRandom(seed)
  const count = size.channels * size.height * size.width
  if (kind === "gaussian") return { kind, values: normals(count, random) }
  if (kind === "patches") return { kind, values: patchUniforms(size, random) }
  const values = uniforms(count, random)
  return kind === "masking" ? { kind, values } : { kind, values, white: uniforms(count, random).map((u) => (u < 0.5 ? 1 : 0)) }
}

// The picture with that noise. `level` is σ for Gaussian noise, the share p of pixels hit for the others.
function corrupt(picture, { kind, values, white }, level) {
  if (kind === "gaussian") return picture.map((value, i) => Math.min(1, Math.max(0, value + level * values[i])))
  if (kind === "salt-and-pepper") return picture.map((value, i) => (values[i] < level ? white[i] : value))
  return picture.map((value, i) => (values[i] < level ? 0 : value))
}
