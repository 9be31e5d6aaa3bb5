// A long computation in short slices, done only while the browser has nothing else to do.

const REST = 150 // milliseconds without a touch before the work begins or goes on

const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 1))

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
    later(() => mine === this.appointment && this.slice())
  }

  slice() {
    if (!this.steps.next().done) return this.makeAppointment(whenIdle)
    this.stop()
    this.whenDone()
  }
}
