// The traversals that the runs of a sweep kept, fetched step by step in the background, what is shown first.
// No screen. Needs pixels.js, sweep_series.js and sweep_feed.js.

const MOMENTS_AT_MOST = 128 << 20 // bytes of pictures that are kept in memory
const AFTER_FAILURE = 3000 // milliseconds
const HALF = 0.5 // of a step: the slider stands between steps, and is read as the nearest
const AFTER = 100 // farther than any two steps are apart

class SweepMoments {
  constructor(feed, onNews) {
    Object.assign(this, { feed, onNews })
    this.blocks = new Map() // by step: the pictures of each member that kept it, by its position
    this.shown = Infinity // the step that the person looks at
  }

  close() {
    clearTimeout(this.timer)
  }

  // The traversals of a run that were kept last up to a step, of those that are here: {step, numbers, pixels, shape}, or null.
  // Of a later step only where the run kept none before.
  keptUpTo(member, step) {
    const i = this.feed.members.indexOf(member)
    const here = [...this.blocks.values()].map((block) => block.get(i)).filter(Boolean)
    const earlier = here.filter((found) => found.step <= step + HALF)
    if (earlier.length) return earlier.reduce((a, b) => (b.step > a.step ? b : a))
    const isComing = (kept) => kept <= step + HALF && !this.blocks.get(kept)?.has(i)
    if (!here.length || member.kept.some(isComing)) return null
    return here.reduce((a, b) => (b.step < a.step ? b : a))
  }

  // How late a kept step is wanted when another is looked at: those after that come after those before.
  distance(kept, step) {
    const apart = placeOfStep(kept) - placeOfStep(Math.min(step, this.feed.newestStep) + HALF)
    return apart > 0 ? AFTER + apart : -apart
  }

  // step: what is looked at from now on.
  show(step) {
    this.shown = step
    this.fetchNext()
  }

  // The steps worth having, as many as memory is for: first the last up to the one looked at.
  get wanted() {
    const size = Math.max(1, ...[...this.blocks.values()].map((block) => block.bytes))
    const steps = this.feed.keptSteps.sort((a, b) => this.distance(a, this.shown) - this.distance(b, this.shown))
    return steps.slice(0, Math.max(1, Math.floor(MOMENTS_AT_MOST / size)))
  }

  missingAt(step) {
    const block = this.blocks.get(step)
    const members = this.feed.members.keys()
    return [...members].filter((i) => this.feed.members[i].kept.includes(step) && !block?.has(i))
  }

  async fetchNext() {
    if (this.isBusy || this.isResting || document.hidden || !this.feed.isSeen) return
    const { wanted } = this
    for (const step of this.blocks.keys()) if (!wanted.includes(step)) this.blocks.delete(step)
    const step = wanted.find((kept) => this.missingAt(kept).length)
    if (step === undefined) return
    this.isBusy = true
    const members = this.missingAt(step)
    const all = members.length === this.feed.members.length
    const response = await this.feed.ask(`moments?step=${step}${all ? "" : `&members=${members}`}`).catch(() => null)
    const data = response?.ok ? await response.arrayBuffer().catch(() => null) : null
    this.isBusy = false
    if (this.feed.closing.signal.aborted) return
    if (data) this.accept(step, members, unpackBlock(data))
    else this.rest()
    this.onNews()
    this.fetchNext()
  }

  rest() {
    this.isResting = true
    this.timer = setTimeout(() => {
      this.isResting = false
      this.fetchNext()
    }, AFTER_FAILURE)
  }

  // asked: the members that were asked for. What one of them has no pictures of after all, is not asked for again.
  accept(step, asked, { shape, runs, parts }) {
    const block = this.blocks.get(step) ?? new Map()
    for (const i of asked) block.set(i, null)
    runs.forEach(({ member, numbers }, i) => block.set(member, { step, numbers, pixels: parts[i], shape }))
    block.bytes = (block.bytes ?? 0) + parts.reduce((sum, part) => sum + part.length, 0)
    this.blocks.set(step, block)
  }
}
