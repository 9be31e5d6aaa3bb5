// A slider for one number of the code: behind it, how often the test pictures have which value. Needs canvas.js.

const BINS = 48
const HALF_THUMB = 10 // pixels: a native slider's thumb does not reach over the ends of its track

const signed = (value) => value.toFixed(2).replace("-", "−")

// How many of the values fall into each of BINS equal parts from low to high; those outside count in the outermost.
function histogramOf(values, low, high) {
  const counts = new Array(BINS).fill(0)
  for (const value of values) {
    const place = Math.floor(((value - low) / (high - low)) * BINS)
    if (place === place) counts[Math.min(BINS - 1, Math.max(0, place))]++
  }
  return counts
}

class CodeSlider {
  // k: which number of the code; onmove(k, value, event).
  constructor(k, onmove) {
    this.k = k
    this.input = make("input", { type: "range", ariaLabel: `Number ${k + 1} of the code`, dataset: { testid: `slider-${k}` } })
    this.input.oninput = (event) => onmove(k, Number(this.input.value), event)
    this.name = make("span", { className: "name", textContent: `z${k + 1}` })
    this.value = make("output", { className: "value" })
    this.use = make("span", { className: "use", dataset: { testid: `use-${k}` } })
    this.canvas = make("canvas", { ariaHidden: "true" })
    this.traversal = make("canvas", { className: "traversal", ariaHidden: "true", dataset: { testid: `traversal-${k}` } })
    const track = make("span", { className: "track" }, this.canvas, this.input)
    const parts = [this.name, track, this.value, this.use, this.traversal]
    this.row = make("div", { className: "slider", dataset: { testid: `row-${k}` } }, ...parts)
  }

  setRange([low, high]) {
    this.range = [low, high]
    Object.assign(this.input, { min: low, max: high, step: (high - low) / 400 })
  }

  // How much the number is used, in words; a number that says nothing of the picture is marked.
  setUse(text, isActive) {
    setText(this.use, isActive ? text : `${text} · collapsed`)
    this.row.toggleAttribute("data-collapsed", !isActive)
  }

  show(value) {
    if (document.activeElement !== this.input || Number(this.input.value) !== value) this.input.value = value
    setText(this.value, signed(value))
    this.input.setAttribute("aria-valuetext", `${signed(value)}, ${this.use.textContent}`)
  }

  // values: this number of every test picture's code. hasPrior: whether N(0, 1) is drawn over them.
  draw(theme, values, hasPrior) {
    const { pen, width, height } = penFor(this.canvas)
    const [low, high] = this.range
    const across = width - 2 * HALF_THUMB
    const counts = histogramOf(values, low, high)
    const bell = (x) => Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI)
    const expected = (x) => (bell(x) * values.length * (high - low)) / BINS
    const most = Math.max(1, ...counts, hasPrior ? expected(0) : 0)
    const yOf = (count) => height - (height - 2) * Math.sqrt(count / most) // by the root, so that rare values can be seen
    pen.fillStyle = theme.palette[0]
    pen.globalAlpha = 0.5
    counts.forEach((count, bin) => {
      const left = HALF_THUMB + (bin / BINS) * across
      pen.fillRect(left, yOf(count), across / BINS - 0.5, height - yOf(count))
    })
    if (!hasPrior || !values.length) return
    pen.globalAlpha = 0.55
    pen.strokeStyle = theme.text
    pen.beginPath()
    for (let step = 0; step <= 96; step++) {
      const x = low + ((high - low) * step) / 96
      pen.lineTo(HALF_THUMB + (across * step) / 96, yOf(expected(x)))
    }
    pen.stroke()
  }
}
