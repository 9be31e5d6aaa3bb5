// Two pictures of one size over each other, and a divider to drag between them. Sends nothing to the server.
// Needs canvas.js and pixels.js in front of it.

const SMALL = 128 // pixels: pictures up to this size are enlarged without smoothing
const ROOM_FOR_A_TITLE = 24 // pixels that its side needs besides the title itself, for the title to be seen

// Whether a finger that came down at `start` scrolls the page, as far as one can tell from where it is now.
function isGoingDown(start, { clientX, clientY }) {
  return start && Math.abs(clientY - start.clientY) >= Math.abs(clientX - start.clientX)
}

class BeforeAfter {
  constructor(root) {
    this.root = root
    this.addresses = []
    this.position = 50 // of the divider, in hundredths of the picture's width
    this.holding = null // the pointer that holds the divider, how far from its line, and where a finger came down
    this.pane = this.part("pane")
    this.stage = this.part("stage")
    this.divider = this.part("divider")
    this.listen()
    this.resizing = new ResizeObserver(() => this.placeTitles())
    for (const part of [this.pane, this.stage]) this.resizing.observe(part)
    this.setMode("fit")
  }

  part(name) {
    return this.root.querySelector(`[data-testid=${name}]`)
  }

  get isActualSize() {
    return this.root.dataset.mode === "actual"
  }

  listen() {
    const { stage, pane, divider } = this
    stage.onpointerdown = (event) => this.grab(event)
    stage.onpointermove = (event) => this.drag(event)
    stage.onlostpointercapture = (event) => event.pointerId === this.holding?.pointer && this.letGo()
    stage.onclick = (event) => this.tap(event)
    stage.ondblclick = () => this.moveTo(50)
    divider.onkeydown = (event) => this.press(event)
    pane.onscroll = () => this.placeTitles()
    for (const choice of this.root.querySelectorAll("[name=mode]")) {
      choice.onchange = () => this.setMode(choice.value)
    }
    for (const name of ["before", "after"]) {
      this.part(name).onload = () => this.count(name)
      this.part(name).onerror = () => (this.part("trouble").hidden = false)
    }
  }

  close() {
    this.resizing.disconnect()
    this.forget()
  }

  forget() {
    this.addresses.forEach((address) => URL.revokeObjectURL(address))
    this.addresses = []
  }

  show(data) {
    const { width, height, before, after, parts } = unpackBlock(data)
    const { style, dataset } = this.root
    style.setProperty("--across", width)
    style.setProperty("--down", height)
    this.root.toggleAttribute("data-small", Math.max(width, height) <= SMALL)
    this.part("size").textContent = `${width.toLocaleString("en")} × ${height.toLocaleString("en")} pixels`
    this.divider.ariaLabel = `Divider between ${before.title} and ${after.title}`
    this.part("before-title").textContent = this.part("before").alt = before.title
    this.part("after-title").textContent = this.part("after").alt = after.title
    const identity = before.digest + after.digest
    if (identity !== this.identity) {
      this.identity = identity
      this.load({ before: new Blob([parts[0]], before), after: new Blob([parts[1]], after) })
    }
    this.moveTo(this.position)
  }

  load(pictures) {
    this.forget()
    this.loaded = new Set()
    this.root.dataset.loaded = 0
    this.part("trouble").hidden = true
    for (const [name, picture] of Object.entries(pictures)) {
      const address = URL.createObjectURL(picture)
      this.addresses.push(address)
      this.part(name).src = address
    }
  }

  count(name) {
    this.root.dataset.loaded = this.loaded.add(name).size
  }

  setMode(mode) {
    this.root.dataset.mode = mode
    // The arrow keys pan a picture that is larger than its window.
    if (this.isActualSize) this.pane.tabIndex = 0
    else this.pane.removeAttribute("tabindex")
    this.pane.ariaLabel = this.isActualSize ? "The picture at its actual size" : null
    this.pane.role = this.isActualSize ? "group" : null
    const { pane, stage } = this
    const x = (this.position / 100) * stage.offsetWidth
    pane.scrollTo(x - pane.clientWidth / 2, (stage.offsetHeight - pane.clientHeight) / 2)
    this.placeTitles()
  }

  positionAt(clientX) {
    const { left, width } = this.stage.getBoundingClientRect()
    return (100 * (clientX - left)) / width
  }

  // A finger on the picture may be about to pan: then only the handle is grabbed at once.
  grab(event) {
    if (event.button !== 0 || !event.isPrimary) return
    const onDivider = this.divider.contains(event.target)
    const isTouch = event.pointerType === "touch"
    if (isTouch && this.isActualSize && !onDivider) return
    event.preventDefault()
    this.divider.focus({ preventScroll: true })
    this.stage.setPointerCapture(event.pointerId)
    const offset = onDivider ? this.position - this.positionAt(event.clientX) : 0
    const start = isTouch && !onDivider ? event : null
    this.holding = { pointer: event.pointerId, offset, start }
    this.root.toggleAttribute("data-held", true)
    if (!isTouch) this.drag(event)
  }

  drag(event) {
    const { holding } = this
    if (event.pointerId !== holding?.pointer || isGoingDown(holding.start, event)) return
    holding.start = null
    this.moveTo(this.positionAt(event.clientX) + holding.offset)
  }

  letGo() {
    this.holding = null
    this.root.toggleAttribute("data-held", false)
  }

  tap(event) {
    if (event.pointerType !== "touch" || this.divider.contains(event.target)) return
    this.moveTo(this.positionAt(event.clientX))
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const places = {
      ArrowLeft: this.position - 1,
      ArrowDown: this.position - 1,
      ArrowRight: this.position + 1,
      ArrowUp: this.position + 1,
      PageDown: this.position - 10,
      PageUp: this.position + 10,
      Home: 0,
      End: 100,
    }
    if (!Object.hasOwn(places, event.key)) return
    event.preventDefault()
    this.moveTo(places[event.key])
    this.panToDivider()
  }

  panToDivider() {
    const { pane } = this
    const margin = Math.min(32, pane.clientWidth / 2)
    const x = (this.position / 100) * this.stage.offsetWidth
    const least = x - pane.clientWidth + margin
    pane.scrollLeft = Math.max(least, Math.min(x - margin, pane.scrollLeft))
  }

  moveTo(position) {
    this.position = Math.min(100, Math.max(0, position))
    this.root.style.setProperty("--position", `${this.position}%`)
    this.root.dataset.position = Number(this.position.toFixed(2))
    const left = Math.round(this.position)
    this.divider.ariaValueNow = left
    this.divider.ariaValueText = `${left} % ${this.part("before").alt}, ${100 - left} % ${this.part("after").alt}`
    this.placeTitles()
  }

  // A title fades out when what is visible of its side has no room for it.
  placeTitles() {
    const { pane, stage } = this
    const window = pane.getBoundingClientRect()
    const { left, width } = stage.getBoundingClientRect()
    const x = left + (this.position / 100) * width - window.left
    const fade = (name, room) => {
      const title = this.part(`${name}-title`)
      title.toggleAttribute("data-faded", room < title.offsetWidth + ROOM_FOR_A_TITLE)
    }
    pane.parentElement.style.setProperty("--scrollbar", `${pane.offsetWidth - pane.clientWidth}px`)
    fade("before", x)
    fade("after", pane.clientWidth - x)
  }
}

const comparisons = new WeakMap()

// Streamlit calls this when the pictures are mounted, at every rerun and when the theme changes. A call that was overtaken by
// a later one has its clean-up run at once, so only the latest call's clean-up may let go of the pictures.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".compare")
  let comparison = comparisons.get(parentElement)
  if (comparison?.root !== root) {
    comparison?.close()
    comparison = new BeforeAfter(root)
    comparisons.set(parentElement, comparison)
  }
  comparison.show(data)
  const call = {}
  comparison.latestCall = call
  return () => {
    if (comparison.latestCall !== call) return
    comparison.close()
    comparisons.delete(parentElement)
  }
}
