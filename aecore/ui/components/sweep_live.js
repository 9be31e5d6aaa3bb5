// All runs of a sweep at once: the plane, a card for each run, and one clock for all of them.
// Needs the files in front of it, as sweep_live.py lists them.

const SWEEP_STATES = { ...RUN_STATES, running: "Training" }
const OVERSCAN = "300px" // cards that are about to be seen are drawn already
const CARD_WIDTH = 310 // CSS pixels, the least where there is room for two
const CARD_GAP = 14

class SweepLive {
  constructor(root, data) {
    Object.assign(this, { root, data })
    this.frames = 0
    this.layout = 0 // counts the changes of what has room where
    this.theme = readTheme(root)
    const redraw = () => this.requestDraw()
    this.feed = new SweepFeed(data, () => this.hear())
    this.moments = new SweepMoments(this.feed, redraw)
    this.cards = this.feed.members.map((member, i) => new SweepCard(member, data, i, redraw))
    const cardOf = (member) => this.cards[this.feed.members.indexOf(member)]
    this.weights = new SweepWeights(this.feed, data, {
      isSeen: (member) => cardOf(member).isSeen,
      numbersOf: (member) => cardOf(member).numbers,
      onNews: redraw,
    })
    this.plane = new SweepPlane(root, data, this.feed, redraw)
    this.clock = new SweepClock(root, this.feed, () => this.move())
    this.part("plane-save").onclick = () => savePlane(this.plane, this.clock.text, "png")
    this.part("plane-save-svg").onclick = () => savePlane(this.plane, this.clock.text, "svg")
    this.isReserved = false // whether the cards keep room for rows that may come
    this.layOut()
    this.watch()
  }

  part(name) {
    return this.root.querySelector(`[data-testid=${name}]`)
  }

  // A group for each arm, its seeds side by side.
  layOut() {
    const groups = this.data.arms.map((arm, i) => {
      const cards = this.cards.filter(({ member }) => member.arm === i).map(({ box }) => box)
      const head = make("h3", {}, makeMark(arm), arm.title)
      return make("section", { className: "arm", ariaLabel: arm.title }, head, make("div", { className: "seeds" }, ...cards))
    })
    this.part("runs").replaceChildren(...groups)
    this.part("no-factors").hidden = this.data.knows_factors
    const { reach, across, knows_factors: hasScores, measured_on: { live, final } } = this.data
    const pictures = `one number set to ${across} values from −${reach} to ${reach}, the others as they are for one held-out picture`
    const counts = `on up to ${countText(live)} pictures; the table on Compare uses ${countText(final)}`
    const scores = hasScores ? ` MIG and SAP: while training, ${counts}.` : ""
    setText(this.part("runs-about"), `Bars: KL of each number of the code.${scores} Pictures: ${pictures}.`)
  }

  watch() {
    this.resizing = new ResizeObserver(() => this.arrange())
    this.resizing.observe(this.root)
    this.seeing = new IntersectionObserver((entries) => this.feed.see(entries.at(-1).isIntersecting))
    this.seeing.observe(this.root)
    const cards = new Map(this.cards.map((card) => [card.box, card]))
    this.seeingCards = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) cards.get(target).isSeen = isIntersecting
        this.requestDraw()
      },
      { rootMargin: OVERSCAN },
    )
    for (const { box } of this.cards) this.seeingCards.observe(box)
  }

  // So many cards side by side as there is room for, but no arm's seeds mixed with another's.
  arrange() {
    const { clientWidth } = this.root
    if (clientWidth === this.width && devicePixelRatio === this.ratio) return
    Object.assign(this, { width: clientWidth, ratio: devicePixelRatio })
    const fitting = Math.max(1, Math.floor((clientWidth + CARD_GAP) / (CARD_WIDTH + CARD_GAP)))
    const columns = Math.min(fitting, this.cards.length / this.data.arms.length)
    const runs = this.part("runs")
    runs.style.setProperty("--columns", columns)
    runs.style.setProperty("--arms", Math.max(1, Math.floor(fitting / columns)))
    this.layout += 1
    this.requestDraw()
  }

  close() {
    for (const observer of [this.resizing, this.seeing, this.seeingCards]) observer.disconnect()
    for (const part of [this.feed, this.moments, this.weights, this.clock]) part.close()
    cancelAnimationFrame(this.request)
  }

  // The page ran again: it may know another state, or have another theme.
  update(data, announce) {
    this.announce = announce
    if (data.state !== this.known) Object.assign(this, { known: data.state, announced: data.state })
    this.isReserved ||= !OVER.includes(data.state)
    this.theme = readTheme(this.root)
    this.feed.update(data.state)
    this.arrange()
    this.draw() // at once, so that everything has its place before it is first seen
  }

  hear() {
    const { state } = this.feed
    if (state && state !== this.announced) {
      this.announced = state
      this.announce(state)
    }
    this.moments.fetchNext()
    this.requestDraw()
  }

  // Another moment is looked at.
  move() {
    this.weights.isWanted = this.clock.isNow
    this.weights.touch()
    this.moments.show(this.clock.shown)
    this.requestDraw()
  }

  requestDraw() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.draw()
    })
  }

  // The newest pictures of a run that there are, or those kept last up to the moment looked at.
  traversals({ member, numbers }) {
    const kept = this.moments.keptUpTo(member, Math.min(this.clock.shown, member.step))
    const drawn = this.clock.isNow ? this.weights.drawn.get(member) : null
    const hasAll = drawn && numbers.every((k) => drawn.numbers.includes(k))
    return hasAll && drawn.step >= (kept?.step ?? -1) ? drawn : kept
  }

  draw() {
    const start = performance.now()
    const { feed, clock, theme } = this
    const step = clock.isNow ? feed.newestStep : clock.step
    this.plane.draw(theme, step)
    const codes = Array.from({ length: this.data.code_size }, (_, k) => `kl_${k + 1}`)
    const moment = {
      step,
      span: clock.span,
      updates: feed.updates,
      layout: this.layout,
      mostKl: feed.largestAt(step, codes),
      mostScore: feed.largest(Object.keys(SCORES)),
      traversals: (card) => this.traversals(card),
    }
    for (const card of this.cards) card.arrange(moment, this.isReserved)
    const seen = this.cards.filter((card) => card.isSeen)
    for (const card of seen) card.paint(theme, moment)
    for (const card of seen) card.tell()
    this.drawHead()
    clock.draw()
    this.leaveReadings(start)
  }

  drawHead() {
    const { feed, data } = this
    const state = feed.state ?? data.state
    this.root.dataset.state = state
    setText(this.part("state"), SWEEP_STATES[state])
    const count = (wanted) => feed.members.filter(wanted).length
    const [all, over, training] = [feed.members.length, count((m) => m.isOver), count((m) => m.isTraining)]
    const words = { running: `${training} in training at this moment`, paused: "paused", queued: "waiting for a free place" }
    const text = feed.updates ? `${over} of ${all} runs have ended${words[state] ? `, ${words[state]}` : ""}.` : ""
    const finished = count((m) => m.state === "finished")
    setText(this.part("progress"), finished === all ? `All ${all} runs are trained.` : text)
    setText(this.part("message"), feed.problem)
    this.part("message").hidden = !feed.problem
    if (feed.updates) this.speak(over, all)
  }

  // Said aloud only when a run ends, or all of them are over, not when their steps or turns change.
  speak(over, all) {
    if (over === this.spokenOver) return
    const text = over === all ? `All ${all} runs have ended.` : `${over} of ${all} runs have ended.`
    setText(this.part("spoken"), over > this.spokenOver ? text : "") // nothing at first: it is no news
    this.spokenOver = over
  }

  // What tests and benchmarks read.
  leaveReadings(start) {
    const { root, feed, clock, moments, weights } = this
    Object.assign(root.dataset, {
      step: clock.isNow ? "now" : Math.round(clock.step),
      frames: ++this.frames,
      frameMs: (performance.now() - start).toFixed(2),
      updates: feed.updates,
      failures: feed.failures,
      moments: moments.blocks.size,
      drawn: weights.count,
      placed: this.plane.placed.length,
    })
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const make = (root) => new SweepLive(root, data)
  const update = (view) => view.update(data, (state) => setTriggerValue("state", state))
  return keepView(parentElement, "[data-testid=sweep-live]", make, update, (view) => view.data.token === data.token)
}
