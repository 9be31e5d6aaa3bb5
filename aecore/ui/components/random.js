// Random numbers decided by a seed. No screen and no state.

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
