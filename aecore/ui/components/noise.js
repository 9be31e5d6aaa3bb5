// Noise on a picture, the same as aecore/corruption.py makes. No screen and no state. Pixels are 0..1 before and after.
// The random numbers of a picture's noise are drawn once, and the strength is applied to them afterwards: so the same noise
// grows and shrinks under the slider, and a pixel that is hit stays hit when the noise gets stronger. Needs random.js.

const NOISE_KINDS = ["gaussian", "masking", "patches", "salt-and-pepper"]
const PATCHES_ACROSS = 4 // a dropped square is this part of the picture high

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
