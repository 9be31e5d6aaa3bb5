// What the pointer and the keyboard do to a map. A press or a drag moves the code; two fingers, Shift or the middle button move
// the map; the wheel zooms where the map has the focus or Ctrl is held, else the page scrolls. Needs map_view.js.

const ZOOM_STEP = 1.25
const KEY_STEP = 1 / 50 // of the side of what is seen
const FAR = 5 // times that, with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }

class MapPointer {
  // hooks: hover(pixels or null, event), press(pixels, event), drag(pixels, event), release(), nudge([across, up], event).
  // Pixels are inside the map's square.
  constructor(view, hooks) {
    Object.assign(this, { view, hooks })
    this.fingers = new Map() // by pointer: where each is
    this.isDragging = false
    const { box } = view
    box.onpointerdown = (event) => this.down(event)
    box.onpointermove = (event) => this.move(event)
    box.onpointerup = box.onpointercancel = (event) => this.up(event)
    // A finger that is lifted leaves, too: then nothing is under it.
    box.onpointerleave = (event) => this.fingers.size || hooks.hover(null, event)
    box.onwheel = (event) => this.wheel(event)
    box.onkeydown = (event) => this.key(event)
  }

  pixelsOf({ clientX, clientY }) {
    const { left, top } = this.view.box.getBoundingClientRect()
    return [clientX - left, clientY - top]
  }

  down(event) {
    if (event.button === 2) return
    const pixels = this.pixelsOf(event)
    if (!this.view.window.isInside(pixels)) return
    event.preventDefault()
    this.view.box.focus({ preventScroll: true })
    this.view.box.setPointerCapture(event.pointerId)
    this.fingers.set(event.pointerId, pixels)
    const movesMap = event.shiftKey || event.button === 1 || this.fingers.size > 1
    if (movesMap) return this.release()
    this.isDragging = true
    this.hooks.press(pixels, event)
  }

  move(event) {
    const pixels = this.pixelsOf(event)
    if (!this.fingers.has(event.pointerId)) {
      if (event.pointerType !== "touch") this.hooks.hover(this.view.window.isInside(pixels) ? pixels : null, event)
      return
    }
    if (this.isDragging) this.hooks.drag(pixels, event)
    else this.moveMap(event.pointerId, pixels)
    this.fingers.set(event.pointerId, pixels)
  }

  // With one pointer the map goes along; with two it also grows as they part.
  moveMap(id, [x, y]) {
    const { window } = this.view
    const [oldX, oldY] = this.fingers.get(id)
    const others = [...this.fingers].filter(([each]) => each !== id).map(([, place]) => place)
    const share = 1 / this.fingers.size
    window.pan((x - oldX) * share, (y - oldY) * share)
    if (others.length === 1) {
      const [[otherX, otherY]] = others
      const apart = Math.hypot(x - otherX, y - otherY)
      const before = Math.hypot(oldX - otherX, oldY - otherY)
      if (apart > 0 && before > 0) window.zoom(before / apart, [(x + otherX) / 2, (y + otherY) / 2])
    }
    this.view.renew()
  }

  up(event) {
    this.fingers.delete(event.pointerId)
    this.release()
  }

  release() {
    if (this.isDragging) this.hooks.release()
    this.isDragging = false
  }

  wheel(event) {
    const root = this.view.box.getRootNode()
    if (!event.ctrlKey && root.activeElement !== this.view.box) return
    event.preventDefault()
    // A notch of a wheel is one step. A touchpad tells many small moves, and a pinch on it still smaller ones, as if with Ctrl.
    const notch = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? (event.ctrlKey ? 10 : 100) : 3
    this.zoom(ZOOM_STEP ** Math.max(-1, Math.min(1, event.deltaY / notch)), this.pixelsOf(event))
  }

  zoom(factor, pixels = this.middle) {
    this.view.window.zoom(factor, pixels)
    this.view.renew()
  }

  get middle() {
    const { left, right, top, bottom } = this.view.window.box
    return [(left + right) / 2, (top + bottom) / 2]
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const arrow = Object.hasOwn(ARROWS, event.key) && ARROWS[event.key]
    const actions = {
      "+": () => this.zoom(1 / ZOOM_STEP),
      "=": () => this.zoom(1 / ZOOM_STEP),
      "-": () => this.zoom(ZOOM_STEP),
      0: () => this.home(),
    }
    if (!arrow && !Object.hasOwn(actions, event.key)) return
    event.preventDefault()
    if (!arrow) return actions[event.key]()
    const step = this.view.window.side * KEY_STEP * (event.shiftKey ? FAR : 1)
    this.hooks.nudge([arrow[0] * step, -arrow[1] * step], event)
  }

  home() {
    this.view.window.goHome()
    this.view.renew()
  }
}
