// The moment that all runs are shown at: a slider over the steps of training, at even distances of their logarithm, and a player.
// At its right end it follows the newest step. Needs canvas.js, numbers.js, player.js, sweep_series.js and sweep_feed.js.

class SweepClock {
  constructor(root, feed, onmove) {
    Object.assign(this, { feed, onmove })
    const part = (name) => root.querySelector(`[data-testid=${name}]`)
    this.slider = part("clock")
    this.output = part("clock-text")
    this.playButton = part("play")
    this.nowButton = part("now")
    this.step = null // null: the newest
    this.slider.oninput = () => this.take(Number(this.slider.value))
    this.slider.onkeydown = (event) => this.jump(event)
    this.slider.onpointerdown = () => (this.isHeld = true)
    this.slider.onpointerup = this.slider.onpointercancel = () => {
      this.isHeld = false
      this.onmove()
    }
    this.playButton.onclick = () => this.toggle()
    this.nowButton.onclick = () => this.take(1)
    this.player = new Player(root, { onstep: () => this.playOn(), onplay: () => this.showPlaying() })
    this.showPlaying()
  }

  close() {
    this.player.close()
  }

  // The newest step, at the slider's right end. It stays where it is while somebody holds the slider.
  get span() {
    if (!this.isHeld || !this.held) this.held = Math.max(1, this.feed.newestStep)
    return this.held
  }

  get isNow() {
    return this.step === null
  }

  get shown() {
    return this.step ?? Infinity
  }

  // place: 0 to 1 on the slider.
  take(place) {
    this.player.pause()
    this.goTo(place)
  }

  goTo(place) {
    this.step = place >= 1 ? null : Math.max(0, stepAtPlace(place * placeOfStep(this.span)))
    this.onmove()
  }

  get place() {
    return this.isNow ? 1 : Math.min(1, placeOfStep(this.step) / placeOfStep(this.span))
  }

  // By key to the steps of which pictures were kept.
  jump(event) {
    const stops = this.feed.keptSteps.filter((step) => step < this.span)
    const here = this.step ?? Infinity
    const before = stops.findLast((step) => step < here - 0.5)
    const after = stops.find((step) => step > here + 0.5)
    const [back, forth] = [before ?? 0, after ?? null]
    const moves = { ArrowLeft: back, ArrowDown: back, ArrowRight: forth, ArrowUp: forth, Home: 0, End: null }
    if (!(event.key in moves)) return
    event.preventDefault()
    this.player.pause()
    this.step = moves[event.key]
    this.onmove()
  }

  // The player's way there and back takes as long as ours takes there.
  toggle() {
    if (this.player.isPlaying) return this.player.pause()
    const from = this.place >= 1 ? 0 : this.place
    this.player.phase = 2 * from
    this.player.play(THERE_AND_BACK * (1 - from))
  }

  playOn() {
    const { passed, duration, phase } = this.player
    this.goTo(passed === duration ? 1 : phase / 2)
  }

  showPlaying() {
    setText(this.playButton, this.player.isPlaying ? "Pause" : "Play")
  }

  draw() {
    if (!this.isHeld) this.slider.value = this.place
    this.nowButton.disabled = this.isNow
    const text = this.text
    setText(this.output, text)
    this.slider.ariaValueText = text
    this.slider.disabled = this.feed.newestStep === 0
    this.playButton.disabled = this.slider.disabled
  }

  get text() {
    const { members, steps } = this.feed
    const of = steps ? ` of ${countText(steps)}` : ""
    if (!this.isNow) return `Step ${countText(this.step)}${of}`
    const reached = members.filter((member) => member.hasBegun).map((member) => member.step)
    if (!reached.length) return "Nothing is trained yet"
    const [least, most] = [Math.min(...reached), Math.max(...reached)]
    return least === most ? `Step ${countText(most)}${of}` : `Steps ${countText(least)} to ${countText(most)}${of}`
  }
}
