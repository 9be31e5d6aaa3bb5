// What plays a film: a place among its moments that moves on by itself, at every frame of the display.
// Needs player.js.

const MOMENTS_A_SECOND = 6 // at the usual speed: a film of sixty moments takes ten seconds

class FilmPlayer extends Player {
  // count(): of moments; the others as Player has them.
  constructor(root, { count, ...heard }) {
    super(root, heard)
    Object.assign(this, { count, phase: 0, speed: 1, isLooping: false })
  }

  get end() {
    return Math.max(0, this.count() - 1)
  }

  // From 0 for the first moment to `end`; between two moments while it plays.
  get place() {
    return Math.min(this.phase, this.end)
  }

  // The moment that is shown.
  get moment() {
    return Math.floor(this.place + 1e-9)
  }

  get isAtEnd() {
    return this.place >= this.end
  }

  // Who presses play at the end sees it from the beginning.
  play() {
    if (this.end < 1) return
    this.phase = this.isAtEnd ? 0 : this.place
    this.since = null
    super.play()
  }

  pause() {
    if (this.isPlaying) this.phase = Math.round(this.place) // on a moment that was kept
    super.pause()
  }

  step(now) {
    const passed = Math.min(LONGEST_STEP, now - (this.since ?? now))
    this.since = now
    const next = this.phase + (passed / 1000) * MOMENTS_A_SECOND * this.speed
    if (next >= this.end && !this.isLooping) {
      this.phase = this.end
      this.pause()
      return this.onstep()
    }
    this.phase = next > this.end + MOMENTS_A_SECOND ? 0 : next // a loop rests at its end for a second
    this.onstep()
    this.request = requestAnimationFrame((later) => this.step(later))
  }
}
