// All runs of a sweep, followed with one request a second while the view is seen. No screen. Needs sweep_member.js.

const ASK_EVERY = 1000 // milliseconds
const ASK_SELDOM = 4000 // while no run is with a worker
const LONGEST_WAIT = 10000
const GIVE_UP_AFTER = 15000
const NO_ANSWER = "The server does not answer. Trying again…"

class SweepFeed {
  constructor({ base, token, members, code_size: codeSize, collapsed_kl: collapsedBelow }, onNews) {
    Object.assign(this, { base, token, onNews })
    this.members = members.map((facts) => new SweepMember(facts, codeSize, collapsedBelow))
    this.state = null // of the sweep as a whole
    this.slots = NaN // runs that train at a time
    this.failures = 0 // requests in a row that brought no answer
    this.updates = 0
    this.problem = ""
    this.isSeen = false
    this.isRefused = false // the server answered that there is no such sweep
    this.closing = new AbortController()
    document.addEventListener("visibilitychange", () => this.wake(), { signal: this.closing.signal })
  }

  close() {
    clearTimeout(this.timer)
    this.closing.abort()
  }

  get hasAll() {
    return this.members.every((member) => member.isOver)
  }

  see(isSeen) {
    this.isSeen = isSeen
    this.wake()
  }

  // state: of the sweep as the page knows it. A sweep that was over may have been resumed.
  update(state) {
    if (this.hasAll && state !== this.state) this.members.forEach((member) => (member.state = null))
    this.wake()
  }

  // Ask now instead of later, unless there is nothing to ask.
  wake() {
    if (this.delay !== null) this.poll()
  }

  // How long to wait before the next question, in milliseconds; null when there is none.
  get delay() {
    if (this.isRefused || (this.hasAll && !this.failures)) return null
    if (this.failures) return Math.min(LONGEST_WAIT, ASK_EVERY * 2 ** (this.failures - 1))
    if (this.members.some((member) => member.state === null)) return 0
    return this.members.some((member) => member.isTraining) ? ASK_EVERY : ASK_SELDOM
  }

  address(what) {
    return `${this.base}/api/sweeps/${encodeURIComponent(this.token)}/${what}`
  }

  async poll() {
    clearTimeout(this.timer)
    if (this.isBusy || document.hidden || !this.isSeen || this.closing.signal.aborted) return
    this.isBusy = true
    const since = this.members.map((member) => member.since).join()
    const answer = await this.ask(`live?since=${since}`).catch(() => null)
    const news = await answer?.json().catch(() => null)
    this.isBusy = false
    if (this.closing.signal.aborted) return
    this.isRefused = answer?.status === 404 && Boolean(news)
    if (answer?.ok && news) this.accept(news)
    else this.failures += 1
    this.problem = this.isRefused ? news.error : this.failures ? NO_ANSWER : ""
    const { delay } = this
    if (delay !== null) this.timer = setTimeout(() => this.poll(), delay)
    this.onNews()
  }

  ask(what) {
    const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(GIVE_UP_AFTER)])
    return fetch(this.address(what), { signal, cache: "no-store" })
  }

  accept({ state, slots, members }) {
    Object.assign(this, { state, slots, failures: 0 })
    this.updates += 1
    members.forEach((news, i) => this.members[i].accept(news))
  }

  // --- of all runs together -------------------------------------------------------------------------------------------

  // The newest step that a run has reached.
  get newestStep() {
    return Math.max(0, ...this.members.map((member) => member.step))
  }

  get steps() {
    return Math.max(...this.members.map((member) => member.steps || 0))
  }

  // The steps at which some run has kept its traversals, ascending.
  get keptSteps() {
    return [...new Set(this.members.flatMap((member) => member.kept))].sort((a, b) => a - b)
  }

  // The largest value so far of some columns of the runs' code.
  largest(names) {
    const lists = this.members.flatMap((member) => names.map((name) => member.code.of(name).values))
    return Math.max(0, ...lists.map((values) => values.reduce((a, b) => Math.max(a, b), 0)))
  }

  // The largest value at a step, or at the newest: what the runs' values at both fit under.
  largestAt(step, names) {
    let most = 0
    for (const member of this.members) {
      for (const name of names) {
        const series = member.code.of(name)
        for (const value of [series.at(step), series.last]) if (value > most) most = value
      }
    }
    return most
  }
}
