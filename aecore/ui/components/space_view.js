// What all views of a code space share: where they stand, when they draw, and how Streamlit mounts them.
// Needs canvas.js and space.js.

// A view on a space. Those that extend it have draw(), which is called at most once a frame of the display, when the space is
// ready; hear(news) to know what changed; update(data) to take what the page sends beside the space.
// this.tell.trigger(name, value) and this.tell.state(name, value) reach the page.
class SpaceView {
  constructor(root, space, tell) {
    Object.assign(this, { root, space, tell })
    this.theme = readTheme(root)
    this.watcher = new ResizeObserver(() => this.requestDraw())
    this.watcher.observe(root)
    this.frames = 0
    this.touchedAt = null
  }

  // Once the view that extends this is made, and not before: it hears of things from here on.
  open() {
    this.unlisten = this.space.listen((news) => this.receive(news))
    this.showMessage()
    this.requestDraw()
  }

  close() {
    this.unlisten()
    this.watcher.disconnect()
    cancelAnimationFrame(this.request)
  }

  part(name) {
    return this.root.querySelector(`[data-testid=${name}]`)
  }

  receive(news) {
    if (news === "state") this.tell.trigger("state", this.space.state)
    this.showMessage()
    this.hear(news)
    this.requestDraw()
  }

  hear() {}

  update() {}

  readTheme() {
    this.theme = readTheme(this.root)
    this.requestDraw()
  }

  showMessage() {
    const { problem, isReady } = this.space
    const text = problem || (isReady ? "" : "Getting the network…")
    const message = this.part("message")
    setText(message, text)
    message.hidden = text === ""
    this.root.toggleAttribute("data-ready", isReady)
  }

  // Draw once before the display's next frame. event: what the person did, if it was that: they do not wait for the frame,
  // unless one was drawn for them already since the last; nor must the caller have finished with what is to be drawn.
  requestDraw(event = null) {
    this.touchedAt ??= event?.timeStamp ?? null
    this.isDue = true
    this.request ??= requestAnimationFrame(() => {
      this.request = this.hasDrawn = null
      this.drawIfDue()
    })
    if (!event || this.hasDrawn) return
    this.hasDrawn = true
    queueMicrotask(() => this.drawIfDue())
  }

  drawIfDue() {
    if (!this.isDue || !this.space.isReady) return
    this.isDue = false
    const start = performance.now()
    this.draw()
    this.leaveReadings(start)
  }

  // What tests and benchmarks read: how many frames were drawn, how long the last took, how long after what caused it, and when
  // the first was there, in milliseconds since the page was opened.
  leaveReadings(start) {
    const now = performance.now()
    this.root.dataset.firstMs ??= now.toFixed(0)
    this.root.dataset.frames = ++this.frames
    this.root.dataset.frameMs = (now - start).toFixed(2)
    if (this.touchedAt !== null) this.root.dataset.latencyMs = (now - this.touchedAt).toFixed(2)
    this.touchedAt = null
  }
}

// The function that Streamlit calls when a component is mounted, at every rerun and when the theme changes. What it passes as
// data has the space under `space`; the rest is for the view. A call that was overtaken by a later one has its clean-up run
// at once, so only the latest call's clean-up may close the view.
function spaceComponent(View) {
  const mounted = new WeakMap()
  return ({ data, parentElement, setTriggerValue, setStateValue }) => {
    const root = parentElement.querySelector("[data-testid]")
    const space = spaceFor(data.space)
    const tell = { trigger: setTriggerValue, state: setStateValue }
    let view = mounted.get(parentElement)
    if (view?.root !== root || view.space !== space) {
      view?.close()
      view = new View(root, space, tell)
      mounted.set(parentElement, view)
      view.open()
    }
    view.tell = tell
    view.update(data)
    view.readTheme()
    const call = {}
    view.latestCall = call
    return () => {
      if (view.latestCall !== call) return
      view.close()
      mounted.delete(parentElement)
    }
  }
}
