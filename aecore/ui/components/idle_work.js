// A long computation in short slices, done only while the browser has nothing else to do.

const REST = 150 // milliseconds without a touch before the work begins or goes on

const PATIENCE = 100 // milliseconds after which work is done although the browser is never idle…
const AT_ONCE = 12 // …for so many milliseconds
const ROOM = 8 // milliseconds left to be idle in that are enough for one more slice

const whenIdle = window.requestIdleCallback
  ? (work) => window.requestIdleCallback(work, { timeout: PATIENCE })
  : (work) => setTimeout(work, 1)

class IdleWork {
  constructor() {
    this.appointment = 0
  }

  // steps: an iterator; each of its steps is one slice. Work that was not finished is given up.
  start(steps, whenDone) {
    Object.assign(this, { steps, whenDone })
    this.postpone()
  }

  // Wait once more until nothing was touched for a while.
  postpone() {
    if (this.steps) this.makeAppointment((slice) => setTimeout(() => whenIdle(slice), REST))
  }

  stop() {
    this.steps = null
    this.appointment++
  }

  // Only the latest appointment counts.
  makeAppointment(later) {
    const mine = ++this.appointment
    later((deadline) => mine === this.appointment && this.slice(deadline))
  }

  slice(deadline) {
    const start = performance.now()
    const hasRoom = () => (deadline?.didTimeout ? performance.now() - start < AT_ONCE : deadline?.timeRemaining() > ROOM)
    let { done } = this.steps.next()
    while (!done && hasRoom()) done = this.steps.next().done
    if (!done) return this.makeAppointment(whenIdle)
    this.stop()
    this.whenDone()
  }
}
