// What a run's own page carries: facts as JSON, and arrays as text; see run_page_data.py.

const carried = (id) => JSON.parse(document.getElementById(id).textContent)

// The bytes that were compressed and written in base64.
async function bytesIn(text) {
  const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

// A number of 16 bits (IEEE 754, binary16).
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

async function floatsIn({ bits, data }) {
  const { buffer } = await bytesIn(data)
  return bits === 32 ? new Float32Array(buffer) : Float32Array.from(new Uint16Array(buffer), fromHalf)
}

// Paper is white, whatever the screen is. redraw(): read the colours again.
function followTheme(redraw) {
  const root = document.documentElement
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw)
  addEventListener("beforeprint", () => {
    root.dataset.print = ""
    redraw()
  })
  addEventListener("afterprint", () => {
    delete root.dataset.print
    redraw()
  })
}
