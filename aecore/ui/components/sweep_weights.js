// The traversals of the runs that are seen, drawn here from their weights of this moment, one run after the other and only while
// the browser has nothing else to do. No screen. Needs network.js, idle_work.js, pixels.js, sweep_feed.js.

const DRAW_EVERY = 3000 // milliseconds between two drawings of one run
const ASK_AGAIN = 1000 // milliseconds after which weights are asked for again that may be old
const STILL_WATCHED = 4000 // milliseconds after a question in which a run in training offers its weights, and a little less
const LOOK_EVERY = 250 // milliseconds between two looks for something to draw
const BREATHS = 1 // so many times as long as drawing took is waited before the next

class SweepWeights {
  // data: of the page; isSeen(member): whether it is worth drawing; numbersOf(member): which numbers of its code.
  constructor(feed, data, { isSeen, numbersOf, onNews }) {
    Object.assign(this, { feed, data, isSeen, numbersOf, onNews })
    this.work = new IdleWork()
    this.drawn = new Map() // by member: as SweepMoments.keptUpTo
    this.known = new Map() // by member: {stamp, network, code, step, numbers, asked, isFinal, isFresh}
    this.isWanted = true // not while the person looks back
    this.count = 0 // drawings so far
    this.look()
  }

  close() {
    clearTimeout(this.timer)
    this.work.stop()
    this.isClosed = true
  }

  touch() {
    this.work.postpone()
  }

  // Does drawing this run's weights show more than what it has kept?
  hasMore(member) {
    if (!member.hasBegun || member.state === "failed" || !this.numbersOf(member).length) return false
    if (!member.isOver) return member.state !== "queued"
    const known = this.known.get(member)
    if (known?.isFinal) return Boolean(known.network) && !this.isComplete(member, known)
    const { height, width } = this.data.picture
    const isLarger = Math.max(height, width) > this.data.most_pixels
    return isLarger || (member.kept.at(-1) ?? -1) < member.step
  }

  isComplete(member, { numbers = [] }) {
    return this.numbersOf(member).every((k) => numbers.includes(k))
  }

  // Of those that are seen and not drawn for a while, the one that waits longest; before them those whose weights may be old.
  get next() {
    const now = performance.now()
    const waiting = this.feed.members.filter((member) => this.isSeen(member) && this.hasMore(member))
    const wait = (member) => {
      const { asked = -Infinity, isFresh = true } = this.known.get(member) ?? {}
      return isFresh ? now - asked - DRAW_EVERY : now - asked >= ASK_AGAIN ? Infinity : -1
    }
    const longest = Math.max(...waiting.map(wait))
    return longest >= 0 ? waiting.find((member) => wait(member) === longest) : undefined
  }

  look(delay = LOOK_EVERY) {
    if (this.isClosed) return
    this.timer = setTimeout(() => this.drawNext(), delay)
  }

  async drawNext() {
    const isAwake = this.isWanted && this.feed.isSeen && !document.hidden && !this.feed.failures
    const member = isAwake ? this.next : undefined
    if (!member) return this.look()
    const known = this.known.get(member) ?? { stamp: "" }
    this.known.set(member, known)
    // A run offers its weights only while somebody asks for them: what is there when nobody did may be of long ago.
    known.isFresh = member.isOver || performance.now() - (known.asked ?? -Infinity) < STILL_WATCHED
    known.asked = performance.now()
    await this.fetchWeights(member, known).catch((error) => reportError(error))
    const isDrawn = this.drawn.get(member)?.stamp === known.stamp && this.isComplete(member, known)
    if (this.isClosed || !known.network || !known.isFresh || isDrawn) return this.look()
    const start = performance.now()
    this.work.start(this.drawing(member, known), () => this.look(Math.max(LOOK_EVERY, BREATHS * (performance.now() - start))))
  }

  // Newer weights than those known, if there are any.
  async fetchWeights(member, known) {
    const from = `${this.data.base}/api/runs/${encodeURIComponent(member.token)}`
    const wasOver = member.isOver
    const response = await fetch(`${from}/network?have=${known.stamp}`, { cache: "no-store" }).catch(() => null)
    known.isFinal = wasOver && response !== null
    if (!response?.ok || response.status === 204) return
    const { parts: [weights], stamp, step, description } = unpackBlock(await response.arrayBuffer())
    this.first ??= await this.fetchFirst(from)
    if (!this.first) return
    const network = makeNetwork(description, weights)
    Object.assign(known, { stamp, step, network, code: network.encode(this.first).mean })
  }

  // The held-out picture around whose code all runs draw: the same as in the traversals that they keep.
  async fetchFirst(from) {
    const response = await fetch(`${from}/atlas`).catch(() => null)
    if (!response?.ok) return null
    const { parts: [images], labels } = unpackBlock(await response.arrayBuffer())
    return picturesIn(images.subarray(0, images.length / labels.length), 1)[0]
  }

  // A slice of the work is one picture.
  *drawing(member, known) {
    const { across, reach, picture: { channels, height, width } } = this.data
    const numbers = [...this.numbersOf(member)].sort((a, b) => a - b)
    const size = channels * height * width
    const pixels = new Uint8Array(numbers.length * across * size)
    for (const [row, k] of numbers.entries()) {
      for (let column = 0; column < across; column++) {
        const code = known.code.slice()
        code[k] = -reach + (2 * reach * column) / (across - 1)
        const drawn = known.network.decode(code)
        const start = (row * across + column) * size
        for (let i = 0; i < size; i++) pixels[start + i] = Math.round(255 * Math.min(1, Math.max(0, drawn[i] || 0)))
        yield
      }
    }
    known.numbers = numbers
    const shape = [across, channels, height, width]
    this.drawn.set(member, { step: known.step, stamp: known.stamp, numbers, pixels, shape })
    this.count += 1
    this.onNews(member)
  }
}
