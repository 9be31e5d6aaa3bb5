// The time machine: one slider whose stops are the kept moments of a training, and all that there is of that moment.
// Everything is here after the first answer; the server hears of nothing but a GIF, or a new training from some moment.
// Needs numbers.js, canvas.js, pixels.js, curve.js, run_stages.js, chart.js, sequences.js, pictures.js, markers.js, scatter.js,
// player.js, rewind_film.js, rewind_player.js, rewind_filters.js and rewind_gif.js.

// The code space of a moment: where the dots are is said for every picture of the screen, also between two moments.
class MomentSpace extends CodeSpace {
  moveTo(positions) {
    Object.assign(this, { start: null, target: positions, targetBounds: positions && this.bounds })
  }
}

class Rewind {
  constructor(root) {
    this.root = root
    const panel = (name) => root.querySelector(`.${name}`)
    panel("loss").querySelector(".plot").append(make("i", { className: "mark", hidden: true, dataset: { testid: "mark" } }))
    this.chart = new LossChart(panel("loss"))
    this.pictures = new Pictures(panel("pictures"), false)
    this.space = new MomentSpace(panel("code"))
    this.filters = new Filters(panel("filters"))
    this.film = null
    this.drawn = 0 // pictures of the screen so far
    this.hasPlane = false
    const heard = { onstep: () => this.requestDraw(), onplay: () => this.showPlaying() }
    this.player = new FilmPlayer(root, { count: () => this.film?.frames.length ?? 0, ...heard })
    this.connect()
    this.closing = new AbortController()
    document.addEventListener("visibilitychange", () => this.film?.wake(), { signal: this.closing.signal })
    this.resizing = new ResizeObserver(() => this.redraw())
    for (const box of [root, ...root.querySelectorAll(".plot")]) this.resizing.observe(box)
  }

  part(name) {
    return this.root.querySelector(`[data-testid='${name}']`)
  }

  connect() {
    const { player } = this
    this.slider = this.part("moment")
    this.slider.oninput = ({ timeStamp }) => {
      this.touched = timeStamp
      player.goTo(Number(this.slider.value))
    }
    this.part("play").onclick = () => player.toggle()
    this.part("loop").onclick = () => this.set({ isLooping: !player.isLooping })
    for (const chip of this.root.querySelectorAll("[data-speed]")) chip.onclick = () => this.set({ speed: Number(chip.dataset.speed) })
    for (const chip of this.root.querySelectorAll("[data-plane]")) chip.onclick = () => this.choosePlane(Boolean(chip.dataset.plane))
    this.part("gif").onclick = () => this.saveGif()
    this.part("again").onclick = () => this.startStep !== null && this.tell("start", this.startStep)
    this.chart.canvas.onclick = ({ offsetX }) => this.goToChart(offsetX)
    this.root.onkeydown = (event) => this.key(event)
    this.set({})
    this.choosePlane(false)
    this.showPlaying()
  }

  close() {
    this.closing.abort()
    this.player.close()
    this.resizing.disconnect()
    cancelAnimationFrame(this.request)
    this.film?.close()
  }

  update(data, tell) {
    Object.assign(this, { data, tell })
    const { film } = data
    if (this.film?.token !== film.token) {
      this.film?.close()
      this.player.pause()
      this.film = new Film(film, () => this.hear())
      this.isNew = true
    }
    this.film.update(film)
    this.told = film.state
    this.film.wake()
    this.redraw()
  }

  // News of the film. Who stands at its end stays there; everybody else stays at the step where they are.
  hear() {
    const { film, player } = this
    const wasAtEnd = this.isNew || player.isPlaying === false && this.step === this.lastStep
    if (film.frames.length) {
      if (wasAtEnd) player.phase = player.end
      else if (!player.isPlaying) player.phase = Math.max(0, lastUpTo(film.frames.map(({ step }) => step), this.step))
      this.isNew = false
      this.lastStep = film.frames.at(-1).step
      this.log = new Log(film)
      this.bounds = film.frames.map(({ positions }) => boundsOf(positions))
    }
    if (film.state && film.state !== this.told && film.isOver) {
      this.told = film.state
      this.tell("state", film.state)
    }
    this.redraw()
  }

  // --- what the person does ------------------------------------------------------------------------------------------

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return
    const { target } = event
    if (event.key === " " && !target.closest("button")) {
      event.preventDefault()
      return this.player.toggle()
    }
    // The slider knows the arrows by itself, and the chart reads its values with them.
    if (target === this.slider || target.closest("canvas")) return
    const { moment, end: last } = this.player
    const moves = { ArrowLeft: moment - 1, ArrowRight: moment + 1, Home: 0, End: last }
    if (!Object.hasOwn(moves, event.key)) return
    event.preventDefault()
    this.player.goTo(Math.max(0, Math.min(last, moves[event.key])))
  }

  set(choice) {
    const { player } = this
    Object.assign(player, choice)
    for (const chip of this.root.querySelectorAll("[data-speed]")) chip.ariaPressed = Number(chip.dataset.speed) === player.speed
    this.part("loop").ariaPressed = player.isLooping
  }

  choosePlane(hasPlane) {
    this.hasPlane = hasPlane
    for (const chip of this.root.querySelectorAll("[data-plane]")) chip.ariaPressed = Boolean(chip.dataset.plane) === hasPlane
  }

  goToChart(offsetX) {
    const { chart, film } = this
    if (!chart.toX || !chart.leader || !film?.frames.length) return
    const { x, step } = chart.leader
    const at = step[nearestAt(x.map(chart.toX), offsetX)]
    this.player.goTo(nearestAt(film.frames.map((frame) => frame.step), at))
  }

  showPlaying() {
    const { isPlaying } = this.player
    const button = this.part("play")
    button.ariaPressed = isPlaying
    button.ariaLabel = isPlaying ? "Pause" : "Play"
    this.requestDraw()
  }

  async saveGif() {
    const button = this.part("gif")
    const [text, note] = [button.textContent, this.part("note")]
    const [{ film, hasPlane }, { speed }] = [this, this.player]
    setText(button, "Making the GIF…")
    button.disabled = true
    try {
      const { blob, moments } = await gifOfFilm(film, { theme: readTheme(this.root), hasPlane, speed })
      const name = `training-${film.token.slice(0, 12)}.gif`
      saveFile(blob, name)
      const some = moments < film.frames.length ? ` It has ${moments} of the ${film.frames.length} moments.` : ""
      setText(note, `Saved as ${name}.${some}`)
    } catch (error) {
      setText(note, error.message)
    }
    setText(button, text)
    button.disabled = false
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  requestDraw() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.draw()
    })
  }

  // All of it once more, also what looks as it did: other data, another theme, another size.
  redraw() {
    this.isOld = true
    this.requestDraw()
  }

  draw() {
    const { film, player, root } = this
    const frames = film?.frames ?? []
    const isEmpty = !frames.length
    root.toggleAttribute("data-empty", isEmpty)
    const message = this.part("message")
    message.hidden = !isEmpty
    setText(message, isEmpty ? film?.problem || "Fetching the film of this training…" : "")
    if (isEmpty) return this.leaveTraces()
    const { moment, place } = player
    const next = Math.min(moment + 1, player.end)
    const share = place - moment
    const frame = frames[moment]
    if (this.isOld) this.theme = readTheme(root)
    if (this.isOld || frame !== this.frame) this.drawMoment(frame, moment)
    const step = frame.step + share * (frames[next].step - frame.step)
    // Between two moments dots are where a straight line has them.
    const positions = share ? mix(frame.positions, frames[next].positions, share) : frame.positions
    this.space.bounds = share ? mix(this.bounds[moment], this.bounds[next], share) : this.bounds[moment]
    this.space.draw(this.theme, { token: film.token, gallery: film.gallery, frame: { ...frame, positions } })
    if (this.isOld) this.chart.draw(this.theme, [{ feed: film, name: "", colour: this.theme.primary }], this.data.words)
    this.chart.markAt(step)
    Object.assign(this, { frame, step: frame.step, isOld: false })
    this.drawn += 1
    if (this.touched) this.latency = performance.now() - this.touched
    this.touched = null
    this.leaveTraces()
  }

  // What changes from one kept moment to the next.
  drawMoment(frame, moment) {
    const { film, theme, slider } = this
    const { end: last } = this.player
    if (Number(slider.max) !== last) slider.max = last
    if (Number(slider.value) !== moment) slider.value = moment
    const isNow = film.isFleeting && moment === last
    setText(this.part("when"), isNow ? "this very moment" : `moment ${moment + 1} of ${last + 1}`)
    const { seconds, training, validation } = this.log.at(frame.step)
    slider.setAttribute("aria-valuetext", `step ${countText(frame.step)}, epoch ${decimals(frame.epoch, 2)}`)
    this.fact("epoch", decimals(frame.epoch, 2), ` / ${countText(film.status.epochs)}`)
    this.fact("step", countText(frame.step), ` / ${countText(film.status.steps)}`)
    this.fact("seconds", timeText(seconds))
    this.fact("training-loss", lossText(training))
    this.fact("validation-loss", lossText(validation))
    const { gallery } = film
    this.pictures.draw(theme, { gallery, frame }, [gallery.channels, gallery.height, gallery.width])
    this.filters.draw(theme, frame, gallery)
    this.drawStarts(frame.step)
    this.part("play").disabled = last < 1
    if (this.isOld) this.explain()
  }

  fact(name, value, rest = "") {
    const [number, small] = this.part(name).children
    setText(number, value)
    setText(small, rest)
  }

  // Where a step lies on the slider, between its stops where it is none: 0 to `last`.
  placeOf(step) {
    const { frames } = this.film
    const after = frames.findIndex((frame) => frame.step >= step)
    if (after < 0) return frames.length - 1
    if (after === 0) return 0
    const [low, high] = [frames[after - 1].step, frames[after].step]
    return after - 1 + (step - low) / (high - low)
  }

  // The moments whose weights were kept; the button names the one that is nearest on the slider.
  drawStarts(step) {
    const { starts } = this.film
    const places = starts.map((each) => this.placeOf(each))
    const { end: last } = this.player
    const here = this.placeOf(step)
    const nearest = places.reduce((best, place, i) => (Math.abs(place - here) < Math.abs(places[best] - here) ? i : best), 0)
    const marks = this.part("marks")
    const wanted = `${places.join()}/${last}`
    if (marks.dataset.shown !== wanted) {
      marks.dataset.shown = wanted
      marks.replaceChildren(
        ...places.map((place) => {
          const mark = make("i")
          mark.style.left = `${(100 * place) / Math.max(1, last)}%`
          return mark
        }),
      )
    }
    ;[...marks.children].forEach((mark, i) => mark.toggleAttribute("data-nearest", i === nearest))
    this.startStep = starts.length ? starts[nearest] : null
    const button = this.part("again")
    button.disabled = !starts.length
    setText(button, starts.length ? `Start again from step ${countText(this.startStep)}` : "Start again")
  }

  explain() {
    const { film } = this
    const { starts, missing, leftOut } = film
    const again = starts.length
      ? "Start again trains a new run that begins with the weights of that moment, with other settings if you like. The marks below the slider show where weights were kept."
      : film.isOver
        ? "Training cannot be started again from here: no weights of this run were kept."
        : "Training can be started again from a moment whose weights were kept: there is none yet."
    const notes = ["While it plays, dots glide between the kept moments; pictures and filters are those of the last one."]
    if (missing) notes.push(`${missing} moment${missing > 1 ? "s are" : " is"} missing: damaged.`)
    if (leftOut) notes.push(`${leftOut} moments are left out: there are too many to be sent.`)
    setText(this.part("again-note"), `${again} ${notes.join(" ")}`)
  }

  // What tests read: they cannot look at pixels.
  leaveTraces() {
    const { film, player, frame } = this
    const { frames } = film ?? { frames: [] }
    Object.assign(this.root.dataset, {
      state: film?.state ?? "",
      moments: frames.length,
      asked: film?.asked ?? 0,
      rows: film?.rowCount ?? 0,
      drawn: this.drawn,
    })
    if (!frames.length || !frame) return
    Object.assign(this.root.dataset, {
      place: player.place.toFixed(3),
      moment: player.moment,
      step: frame.step,
      latencyMs: this.latency?.toFixed(1) ?? "",
      pictureHash: (frame.hash ??= hashOf(frame.pictures)),
      mark: this.chart.markX?.toFixed(1) ?? "",
      start: this.startStep ?? "",
      playing: player.isPlaying,
    })
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const make = (root) => new Rewind(root)
  return keepView(parentElement, ".live", make, (view) => view.update(data, setTriggerValue))
}
