// Look at one trained autoencoder: pick a picture, see its code as bars, drag a bar, see the decoder's answer.
// Needs canvas.js, pixels.js and network.js. Sends nothing to the server: every answer is computed here.

function unpack(data) {
  const { parts: [weights, images], ...header } = unpackBlock(data)
  return { ...header, pictures: picturesIn(images, header.labels.length), network: makeNetwork(header.network, weights) }
}

// The scale all bars share: every code of the gallery fits with some room; zero is at the bottom unless a code is below.
function scaleOf(codes) {
  const values = codes.flatMap((code) => [...code])
  const highest = 1.15 * Math.max(...values.map(Math.abs)) || 1
  const digit = 10 ** (Math.floor(Math.log10(highest)) - 1)
  const high = Math.ceil(highest / digit) * digit
  return { low: Math.min(...values) < 0 ? -high : 0, high }
}

// A CSS colour of any notation as [red, green, blue], 0 to 255.
function rgbOf(colour) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d")
  pen.fillStyle = colour
  pen.fillRect(0, 0, 1, 1)
  return pen.getImageData(0, 0, 1, 1).data.subarray(0, 3)
}

// No difference is the paper; a difference of 1 (black where white should be, or the reverse) is the full ink.
function paintDifference(canvas, size, original, reconstruction, { paper, tooDark, tooBright }) {
  paint(canvas, size, (data, pixels) => {
    for (let i = 0; i < pixels; i++) {
      const difference = original[i] - reconstruction[i]
      const ink = difference > 0 ? tooDark : tooBright
      const share = Math.min(1, Math.abs(difference))
      for (let channel = 0; channel < 3; channel++) {
        data[4 * i + channel] = paper[channel] + share * (ink[channel] - paper[channel])
      }
    }
  })
}

class Explorer {
  constructor(parent, data) {
    this.parent = parent
    this.data = data.slice()
    this.shown = unpack(data)
    this.codes = this.shown.pictures.map((picture) => this.shown.network.encode(picture).mean)
    this.scale = scaleOf(this.codes)
    this.held = this.hovered = this.focused = null
    this.root = parent.querySelector("[data-testid=explorer]")
    this.writeSizes()
    this.makeGallery()
    this.makeBars()
    this.part("reset").onclick = () => this.pick(this.picked)
    this.part("difference").onchange = () => this.drawReconstruction()
    this.readColours()
    this.pick(0)
  }

  part(name) {
    return this.root.querySelector(`[data-testid=${name}]`)
  }

  readColours() {
    const style = getComputedStyle(this.root)
    const [tooDark, tooBright] = style.getPropertyValue("--st-chart-categorical-colors").split(",")
    const paper = style.getPropertyValue("--st-secondary-background-color")
    this.colours = { paper: rgbOf(paper), tooDark: rgbOf(tooDark), tooBright: rgbOf(tooBright) }
    this.root.style.setProperty("--too-dark", tooDark)
    this.root.style.setProperty("--too-bright", tooBright)
  }

  writeSizes() {
    const { height, width, network } = this.shown
    const { inputs, codeSize } = network
    const ratio = inputs / codeSize
    this.part("input-count").textContent = this.part("output-count").textContent = inputs
    this.part("code-count").textContent = codeSize
    this.part("pixels").textContent = `${height} × ${width} pixels`
    const times = Number.isInteger(ratio) ? ratio : ratio.toFixed(1)
    this.part("ratio").textContent = `${inputs} → ${codeSize}: ${times}× smaller`
  }

  makeGallery() {
    const digits = this.shown.pictures.map((picture, i) =>
      makePictureChoice({
        name: "digit",
        label: `A handwritten ${this.shown.labels[i]}`,
        testid: `digit-${i}`,
        size: this.shown,
        picture,
        onpick: () => this.pick(i),
      }),
    )
    this.part("gallery").replaceChildren(...digits)
    this.choices = digits.map((digit) => digit.firstChild)
  }

  makeBars() {
    const box = this.part("bars")
    const { low, high } = this.scale
    this.bars = [...this.codes[0]].map((_, k) => {
      const bar = document.createElement("div")
      bar.className = "bar"
      bar.dataset.testid = `bar-${k}`
      bar.innerHTML = `<span class="fill"></span><span class="was"></span>`
      bar.setAttribute("role", "slider")
      bar.setAttribute("aria-orientation", "vertical")
      bar.setAttribute("aria-label", `Number ${k + 1} of the code`)
      bar.setAttribute("aria-valuemin", low)
      bar.setAttribute("aria-valuemax", high)
      bar.tabIndex = k === 0 ? 0 : -1
      bar.onpointerdown = (event) => this.hold(k, event)
      bar.onpointermove = (event) => this.held === k && this.set(k, this.valueAt(bar, event.clientY))
      bar.onlostpointercapture = () => this.point("held", null)
      bar.onpointerenter = () => this.point("hovered", k)
      bar.onpointerleave = () => this.point("hovered", null)
      bar.onfocus = () => this.focus(k)
      bar.onblur = () => this.point("focused", null)
      bar.onkeydown = (event) => this.press(k, event)
      return bar
    })
    box.style.setProperty("--columns", this.bars.length)
    box.style.setProperty("--columns-on-a-phone", Math.ceil(this.bars.length / 2))
    box.style.setProperty("--zero", -low / (high - low))
    box.replaceChildren(...this.bars)
  }

  pick(i) {
    this.picked = i
    this.choices[i].checked = true
    this.code = this.codes[i].slice()
    const original = this.part("original")
    original.ariaLabel = `The picture: a handwritten ${this.shown.labels[i]}`
    paintPicture(original, this.shown, this.shown.pictures[i])
    this.root.dataset.picked = i
    this.draw()
  }

  set(k, value) {
    this.code[k] = Math.min(this.scale.high, Math.max(this.scale.low, value))
    this.draw()
  }

  valueAt(bar, clientY) {
    const { bottom, height } = bar.getBoundingClientRect()
    return this.scale.low + ((bottom - clientY) / height) * (this.scale.high - this.scale.low)
  }

  hold(k, event) {
    const bar = this.bars[k]
    event.preventDefault()
    bar.focus({ preventScroll: true })
    bar.setPointerCapture(event.pointerId)
    this.point("held", k)
    this.set(k, this.valueAt(bar, event.clientY))
  }

  // One bar at a time is in the tab order, so the page below is one Tab away, not thirty-two.
  focus(k) {
    this.bars.forEach((bar, i) => (bar.tabIndex = i === k ? 0 : -1))
    this.point("focused", k)
  }

  press(k, event) {
    const step = (this.scale.high - this.scale.low) / 50
    const actions = {
      ArrowUp: () => this.set(k, this.code[k] + step),
      ArrowDown: () => this.set(k, this.code[k] - step),
      PageUp: () => this.set(k, this.code[k] + 10 * step),
      PageDown: () => this.set(k, this.code[k] - 10 * step),
      Home: () => this.set(k, this.codes[this.picked][k]),
      ArrowRight: () => this.bars[k + 1]?.focus(),
      ArrowLeft: () => this.bars[k - 1]?.focus(),
    }
    if (!Object.hasOwn(actions, event.key)) return
    event.preventDefault()
    actions[event.key]()
  }

  // Which bar the sentence below the bars is about: `how` is "held", "hovered" or "focused".
  point(how, k) {
    this[how] = k
    this.bars.forEach((bar, i) => bar.toggleAttribute("data-held", i === this.held))
    this.drawReadout()
  }

  draw() {
    const { network, pictures } = this.shown
    this.reconstruction = network.decode(this.code)
    this.error = meanSquaredError(pictures[this.picked], this.reconstruction)
    this.root.dataset.code = JSON.stringify([...this.code].map((value) => Number(value.toFixed(3))))
    this.root.dataset.error = this.error.toFixed(6)
    this.root.dataset.reconstructionHash = hashOf(this.reconstruction)
    this.part("error").textContent = `Error ${this.error.toFixed(4)} per pixel`
    this.drawBars()
    this.drawReadout()
    this.drawReconstruction()
  }

  drawBars() {
    const { low, high } = this.scale
    const share = (value) => (value - low) / (high - low)
    const encoded = this.codes[this.picked]
    this.bars.forEach((bar, k) => {
      const value = this.code[k]
      bar.style.setProperty("--from", share(Math.min(0, value)))
      bar.style.setProperty("--length", share(Math.max(0, value)) - share(Math.min(0, value)))
      bar.style.setProperty("--was", share(encoded[k]))
      bar.toggleAttribute("data-edited", value !== encoded[k])
      bar.setAttribute("aria-valuenow", value.toFixed(2))
    })
    this.part("reset").disabled = sameBytes(this.code, encoded)
  }

  drawReadout() {
    const k = this.held ?? this.hovered ?? this.focused
    this.part("about-code").hidden = k !== null
    this.part("readout").textContent = k === null ? "" : this.sentenceAbout(k)
  }

  sentenceAbout(k) {
    const value = this.code[k]
    const encoded = this.codes[this.picked][k]
    const before = value === encoded ? "" : ` The encoder gave ${encoded.toFixed(2)}.`
    return `Number ${k + 1} is ${value.toFixed(2)}.${before}`
  }

  drawReconstruction() {
    const canvas = this.part("reconstruction")
    const original = this.shown.pictures[this.picked]
    const difference = this.part("difference").checked
    this.part("about-reconstruction").hidden = difference
    this.part("about-difference").hidden = !difference
    const what = difference ? "The picture minus its reconstruction" : "The reconstruction"
    canvas.ariaLabel = `${what}, error ${this.error.toFixed(4)} per pixel`
    if (difference) paintDifference(canvas, this.shown, original, this.reconstruction, this.colours)
    else paintPicture(canvas, this.shown, this.reconstruction)
  }
}

const explorers = new WeakMap()

export default function ({ data, parentElement }) {
  let explorer = explorers.get(parentElement)
  if (!explorer || !sameBytes(explorer.data, data)) {
    explorer = new Explorer(parentElement, data)
    explorers.set(parentElement, explorer)
  }
  // This function runs again when the theme changes: what is drawn on a canvas must follow.
  explorer.readColours()
  explorer.drawReconstruction()
  return () => explorers.delete(parentElement)
}
