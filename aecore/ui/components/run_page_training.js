// A run's curves, and its training as a film: what the gallery's pictures and the code space were at the moments that were kept.
// Needs everything that live_run.js needs but run_feed.js, and run_page_data.js.

const FRAME_FOR = 220 // milliseconds, while it plays

// What the drawings of the live view take for a run; of the page's own data.
class KeptFeed {
  constructor({ columns, rows, stages, film }) {
    Object.assign(this, { token: "run", columns, rows, stages, film, status: null, gallery: null, frame: null })
  }

  column(name) {
    const at = this.columns.indexOf(name)
    return Float64Array.from(this.rows, (row) => row[at] ?? NaN)
  }

  async unpack() {
    const { film } = this
    if (!film) return
    const [originals, corrupted, reconstructions, positions] = await Promise.all([
      bytesIn(film.originals),
      film.corrupted && bytesIn(film.corrupted),
      bytesIn(film.reconstructions),
      floatsIn(film.positions),
    ])
    const { size, pointLabels, positions_kind, classes, steps, epochs } = film
    this.gallery = { ...size, originals, corrupted, pointLabels, positions_kind, classes }
    const part = (array, i) => array.subarray((i * array.length) / steps.length, ((i + 1) * array.length) / steps.length)
    this.frames = steps.map((step, i) => ({
      step,
      epoch: epochs[i],
      pictures: part(reconstructions, i),
      positions: positions.length ? part(positions, i) : null,
    }))
    this.frame = this.frames.at(-1)
  }
}

class Training {
  constructor(root, data) {
    Object.assign(this, { root, data, feed: new KeptFeed(data) })
    this.chart = new LossChart(root.querySelector(".loss"))
    this.pictures = new Pictures(root.querySelector(".pictures"), false)
    this.codeSpace = new CodeSpace(root.querySelector(".code"))
    this.slider = root.querySelector("[data-testid='film']")
    this.play = root.querySelector("[data-testid='film-play']")
    this.moment = root.querySelector("[data-testid='film-moment']")
    this.slider.oninput = () => {
      this.stop()
      this.showFrame(Number(this.slider.value))
    }
    this.play.onclick = () => (this.timer ? this.stop() : this.start())
  }

  async open() {
    await this.feed.unpack()
    const hasFilm = Boolean(this.feed.frame)
    for (const part of this.root.querySelectorAll(".film, .pictures, .code")) part.hidden = !hasFilm
    if (hasFilm) {
      this.at = this.feed.frames.length - 1
      Object.assign(this.slider, { min: 0, max: this.at, step: 1, value: this.at })
      this.slider.disabled = this.play.disabled = this.at === 0
    }
    this.draw()
    const watcher = new ResizeObserver(() => this.draw())
    for (const box of [this.root, ...this.root.querySelectorAll(".plot")]) watcher.observe(box)
    followTheme(() => this.draw())
  }

  draw() {
    const theme = readTheme(this.root)
    const { feed, data } = this
    this.chart.draw(theme, [{ feed, name: "", colour: theme.primary }], data)
    this.root.dataset.points = this.chart.pointCounts.join()
    if (feed.frame) this.drawFrame(theme)
  }

  drawFrame(theme) {
    const { feed, data } = this
    this.pictures.draw(theme, feed, data.shape)
    this.codeSpace.draw(theme, feed)
    const { step, epoch } = feed.frame
    setText(this.moment, `Step ${countText(step)} · epoch ${epochText(epoch)} · moment ${this.at + 1} of ${feed.frames.length}`)
    this.slider.setAttribute("aria-valuetext", `step ${countText(step)}`)
    this.root.dataset.step = step
  }

  showFrame(at) {
    this.at = at
    this.feed.frame = this.feed.frames[at]
    this.slider.value = at
    this.drawFrame(readTheme(this.root))
  }

  start() {
    const last = this.feed.frames.length - 1
    if (this.at === last) this.showFrame(0)
    this.timer = setInterval(() => {
      this.showFrame(this.at + 1)
      if (this.at === last) this.stop()
    }, FRAME_FOR)
    setText(this.play, "Pause")
  }

  stop() {
    clearInterval(this.timer)
    this.timer = null
    setText(this.play, "Play")
  }
}

new Training(document.getElementById("training").shadowRoot.querySelector(".live"), carried("training-data")).open()
