// The handle that moves a threshold along the axis of the scores: by mouse, finger and keyboard. Needs anomaly_axis.js.

const KEY_STEP = 1 / 200 // of the axis
const PAGE_STEP = 1 / 20

// Let an element be the slider of a threshold. direction: [1, 0] where scores grow to the right, [0, -1] where they grow upwards.
// hooks: axis() and threshold() at present, box() that shares are of, onmove(threshold, event), onsettle() when it is let go.
class ThresholdHandle {
  constructor(handle, plot, direction, hooks) {
    Object.assign(this, { handle, plot, direction, hooks, held: null })
    plot.onpointerdown = (event) => this.grab(event)
    plot.onpointermove = (event) => this.drag(event)
    plot.onlostpointercapture = (event) => this.letGo(event)
    plot.onclick = (event) => this.tap(event)
    handle.onkeydown = (event) => this.press(event)
  }

  // A finger beside the handle may be about to scroll the page: then the browser soon takes it away, unless it goes along the axis.
  grab(event) {
    if (event.button !== 0 || !event.isPrimary) return
    const isOnHandle = this.handle.contains(event.target)
    if (!isOnHandle && !this.hooks.isEverywhere) return
    const isFinger = event.pointerType === "touch"
    if (!isFinger) event.preventDefault()
    this.handle.focus({ preventScroll: true })
    this.plot.setPointerCapture(event.pointerId)
    const offset = isOnHandle ? this.hooks.axis().shareOf(this.hooks.threshold()) - this.shareAt(event) : 0
    this.held = { pointer: event.pointerId, offset }
    this.handle.toggleAttribute("data-held", true)
    if (!isFinger && !isOnHandle) this.drag(event)
  }

  drag(event) {
    if (event.pointerId !== this.held?.pointer) return
    this.moveTo(this.shareAt(event) + this.held.offset, event)
    this.held.hasMoved = true
  }

  letGo(event) {
    if (event.pointerId !== this.held?.pointer) return
    if (this.held.hasMoved) this.hooks.onsettle()
    this.held = null
    this.handle.toggleAttribute("data-held", false)
  }

  tap(event) {
    if (event.pointerType !== "touch" || !this.hooks.isEverywhere || this.handle.contains(event.target)) return
    this.moveTo(this.shareAt(event), event)
    this.hooks.onsettle()
  }

  shareAt({ clientX, clientY }) {
    const { left, right, top, bottom } = this.hooks.box()
    const frame = this.plot.getBoundingClientRect()
    const [x, y] = [clientX - frame.left, clientY - frame.top]
    return this.direction[0] ? (x - left) / (right - left) : (bottom - y) / (bottom - top)
  }

  moveTo(share, event) {
    this.hooks.onmove(this.hooks.axis().scoreAt(Math.max(0, Math.min(1, share))), event)
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const share = this.hooks.axis().shareOf(this.hooks.threshold())
    const places = {
      ArrowLeft: share - KEY_STEP,
      ArrowDown: share - KEY_STEP,
      ArrowRight: share + KEY_STEP,
      ArrowUp: share + KEY_STEP,
      PageDown: share - PAGE_STEP,
      PageUp: share + PAGE_STEP,
      Home: 0,
      End: 1,
    }
    if (!Object.hasOwn(places, event.key)) return
    event.preventDefault()
    this.moveTo(places[event.key], event)
    this.hooks.onsettle()
  }

  // What a screen reader says.
  describe(threshold, text) {
    const axis = this.hooks.axis()
    const { handle } = this
    handle.ariaValueMin = Math.min(axis.low, threshold)
    handle.ariaValueMax = Math.max(axis.high, threshold)
    handle.ariaValueNow = threshold
    handle.ariaValueText = text
  }
}
