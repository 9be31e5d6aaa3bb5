// Asks the server, again and again, to draw a fragment anew. Shows nothing.
// Streamlit's own timer (`run_every`) names the page that it was made on; when it goes off while the browser is being led to
// another page, the server stays on the old one. This one is silent from the click on a link until the page has changed.

const LONGEST_LEAVING = 10_000 // milliseconds: the link may have opened a tab of its own
const UNANSWERED = 5 // intervals after which a question counts as lost

class Ticking {
  constructor() {
    this.leavingSince = -Infinity
    this.timer = null
    this.closing = new AbortController()
    const { signal } = this.closing
    const leave = () => (this.leavingSince = performance.now())
    const onLink = (event) => event.composedPath().some((node) => node.tagName === "A") && leave()
    document.addEventListener("click", onLink, { capture: true, signal })
    window.addEventListener("popstate", leave, { capture: true, signal })
  }

  // `ask` after `every` milliseconds; then, unless the answer brings another call of this, once more.
  wait(every, ask) {
    clearTimeout(this.timer)
    const whenDue = () => {
      const isLeaving = performance.now() - this.leavingSince < LONGEST_LEAVING
      if (!isLeaving) ask()
      this.timer = setTimeout(whenDue, isLeaving ? every : every * UNANSWERED)
    }
    this.timer = setTimeout(whenDue, every)
  }

  close() {
    clearTimeout(this.timer)
    this.closing.abort()
  }
}

const clocks = new WeakMap()

// Streamlit calls this when the fragment is drawn. A call that was overtaken by a later one has its clean-up run at once, so
// only the latest call's clean-up may stop the clock.
export default function ({ data, parentElement, setTriggerValue }) {
  let clock = clocks.get(parentElement)
  if (!clock) clocks.set(parentElement, (clock = new Ticking()))
  clock.wait(data.every, () => setTriggerValue("tick", true))
  const call = {}
  clock.latestCall = call
  return () => {
    if (clock.latestCall !== call) return
    clock.close()
    clocks.delete(parentElement)
  }
}
