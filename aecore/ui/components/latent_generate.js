// A grid of pictures that the decoder makes of random codes, and beside each, if wanted, the nearest training picture.
// Needs numbers.js, canvas.js, pixels.js, random.js, space.js and space_view.js.
//
// Python searches the training pictures: it is told the codes and a name for them, and the answer has that name.

const FRAME_SHARE = 6 // milliseconds in which samples are decoded at each drawing, of which there may be two a frame
const ASK_AFTER = 500 // milliseconds without a change before the nearest pictures are asked for
const MOST_SEED = 999_999_999
const NARROW_PAIRS = 4 // pairs in a row on a phone, at most

const choices = new WeakMap() // what was chosen for a space, for when the view is opened again

class LatentGenerate extends SpaceView {
  constructor(root, space, tell) {
    super(root, space, tell)
    this.choice = choices.get(space) ?? { count: 16, temperature: 1, seed: 1, picked: 0 }
    choices.set(space, this.choice)
    this.cells = []
    this.drawing = 0 // counts the times when other codes are drawn: from another seed, or of other pictures' codes
    this.version = 0 // counts the times when other pictures are due
    this.wantsNearest = false
    this.answer = null // of Python: {name, pictures, distances, typical, searched} or {name, problem}
    this.asked = null // the name under which it was asked last
    this.attempt = 0 // a part of that name, so that what failed can be asked for again
    this.isDragging = false
    this.isOpened = false // whether the page has said what to begin with
    this.watchCells = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) target.isInSight = isIntersecting
    })
    this.connect()
  }

  connect() {
    const { choice } = this
    const [slider, seed, nearest] = ["temperature", "seed", "nearest"].map((name) => this.part(name))
    for (const button of this.part("counts").querySelectorAll("input")) {
      button.checked = Number(button.value) === choice.count
      button.onchange = () => this.choose({ count: Number(button.value) })
    }
    slider.value = choice.temperature
    slider.oninput = (event) => {
      this.isDragging = true
      this.choose({ temperature: Number(slider.value) }, event)
    }
    slider.onchange = () => {
      this.isDragging = false
      this.requestDraw()
    }
    seed.value = choice.seed
    seed.oninput = () => this.readSeed()
    seed.onchange = () => (seed.value = choice.seed)
    this.part("next").onclick = () => {
      seed.value = (choice.seed + 1) % (MOST_SEED + 1)
      this.readSeed()
    }
    nearest.onchange = () => this.turnNearest(nearest.checked)
    this.part("walk").onclick = () => this.walk()
  }

  close() {
    clearTimeout(this.timer)
    this.watchCells.disconnect()
    super.close()
  }

  hear(news) {
    const isOther = news === "network" || (news === "codes" && !this.space.isGaussian)
    if (!isOther) return
    if (news === "codes") this.drawing++
    this.change()
  }

  // searches: whether the nearest pictures are shown from the start.
  update({ nearest = null, searches = false }) {
    if (searches && !this.isOpened) {
      this.part("nearest").checked = true
      this.turnNearest(true)
    }
    this.isOpened = true
    if (nearest?.name === this.answer?.name) return
    const isFound = nearest && !nearest.problem
    this.answer = isFound ? { ...nearest, pictures: picturesIn(bytesOf(nearest.pictures), nearest.distances.length) } : nearest
    this.requestDraw()
  }

  // --- what the person does ------------------------------------------------------------------------------------------

  choose(choice, event) {
    Object.assign(this.choice, choice)
    this.space.touch()
    this.change()
    this.requestDraw(event)
  }

  readSeed() {
    const seed = this.part("seed").valueAsNumber
    if (!Number.isInteger(seed) || seed < 0 || seed > MOST_SEED) return
    this.drawing++
    this.choose({ seed })
  }

  pick(picked) {
    this.choice.picked = picked
    this.requestDraw()
  }

  turnNearest(isWanted) {
    this.wantsNearest = isWanted
    this.root.toggleAttribute("data-pairs", isWanted)
    if (this.answer?.problem || this.asked !== this.answer?.name) this.attempt++
    this.change()
    this.requestDraw()
  }

  walk() {
    const { code, i } = this.picked
    this.space.setOut(code, `sample ${i + 1} of seed ${this.choice.seed} at temperature ${this.choice.temperature.toFixed(2)}`)
    setText(this.part("walked"), "The Walk tab now starts from this code.")
  }

  // --- samples -------------------------------------------------------------------------------------------------------

  change() {
    this.version++
    clearTimeout(this.timer)
    this.timer = null
  }

  get picked() {
    return this.cells[Math.min(this.choice.picked, this.cells.length - 1)]
  }

  makeCells() {
    const { space, choice: { count } } = this
    this.watchCells.disconnect()
    this.cells = Array.from({ length: count }, (_, i) => this.makeCell(i, new Float32Array(space.network.inputs)))
    const columns = Math.sqrt(count)
    const grid = this.part("grid")
    grid.style.setProperty("--columns", columns)
    grid.style.setProperty("--narrow", Math.min(columns, NARROW_PAIRS))
    grid.replaceChildren(...this.cells.map(({ box }) => box))
    this.picked.button.checked = true
    for (const { box } of this.cells) this.watchCells.observe(box)
  }

  makeCell(i, blank) {
    const choice = makePictureChoice({
      name: "sample",
      label: `Sample ${i + 1}`,
      testid: `sample-${i}`,
      size: this.space.size,
      picture: blank,
      onpick: () => this.pick(i),
    })
    const [button, canvas] = choice.children
    const near = make("canvas", { className: "picture near", role: "img", dataset: { testid: `near-${i}` } })
    const distance = make("p", { className: "caption distance", dataset: { testid: `distance-${i}` } })
    const box = make("div", { className: "cell" }, choice, near, distance)
    box.isInSight = true
    showOrClear(near, this.space.size, null)
    return { i, box, button, canvas, near, distance, version: -1, drawing: -1 }
  }

  // Each sample keeps its direction from the middle; the temperature says how far it goes.
  codeOf(cell, middle) {
    const { temperature, seed } = this.choice
    if (cell.drawing !== this.drawing) cell.unit = this.space.sample(makeRandom(seedOf(seed, cell.i)))
    cell.drawing = this.drawing
    return cell.unit.map((value, k) => middle[k] + temperature * (value - middle[k]))
  }

  // Those in sight first, and of these the one that has waited longest; as many as there is time for.
  decodeSome(end) {
    const { space, version } = this
    const { middle } = space
    const waiting = this.cells.filter((cell) => cell.version !== version)
    waiting.sort((a, b) => b.box.isInSight - a.box.isInSight || a.version - b.version)
    let left = waiting.length
    for (const cell of waiting) {
      cell.code = this.codeOf(cell, middle)
      cell.picture = space.decode(cell.code)
      cell.hash = parseInt(hashOf(cell.picture), 16)
      cell.version = version
      paintPicture(cell.canvas, space.size, cell.picture)
      left--
      if (performance.now() > end) break
    }
    if (left) this.requestDraw()
    return this.cells.length - left
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  draw() {
    const end = performance.now() + FRAME_SHARE
    const { space, choice } = this
    const text = choice.temperature.toFixed(2)
    setText(this.part("temperature-text"), text)
    this.part("temperature").setAttribute("aria-valuetext", text)
    const isPossible = space.isGaussian || space.statistics !== null
    this.part("walk").disabled = !isPossible
    if (!isPossible) return setText(this.part("about"), "Encoding the test pictures…")
    if (this.cells.length !== choice.count) this.makeCells()
    const done = this.decodeSome(end)
    setText(this.part("about"), this.aboutText())
    const { count, temperature, seed } = choice
    const gridHash = (seedOf(...this.cells.map(({ hash }) => hash)) >>> 0).toString(16)
    Object.assign(this.root.dataset, { count, temperature, seed, done, gridHash, nearest: this.showNearest(done === count) })
    this.showLarge()
  }

  aboutText() {
    const { isGaussian, codeSize, statistics, origin } = this.space
    const numbers = codeSize === 1 ? "the one number" : `each of the ${countText(codeSize)} numbers`
    return isGaussian
      ? `Codes are drawn from the prior: a normal number for ${numbers} of the code, times the temperature. 1 is the prior ` +
          "itself, 0 the middle for all; above 1 they lie further out than the decoder is used to."
      : "This autoencoder has no prior: nothing says which codes are likely, and nothing was asked of the places between " +
          "them. These are drawn from a normal distribution with the mean and the covariance of the codes of " +
          `${countText(statistics.count)} ${origin} pictures; the temperature multiplies its standard deviations.`
  }

  showLarge() {
    const { picked: { i, picture, code }, answered } = this
    const { size } = this.space
    const near = answered?.pictures?.[i]
    showOrClear(this.part("large"), size, picture)
    showOrClear(this.part("large-near"), size, near)
    setText(this.part("picked-title"), `Sample ${i + 1} of ${this.cells.length}`)
    this.part("large").ariaLabel = `Sample ${i + 1}, large`
    this.part("large-near").ariaLabel = nearLabel(i, near)
    const words = near
      ? `Left: the sample. Right: the training picture that is nearest to it, ${answered.distances[i].toFixed(3)} away.`
      : "Pick any sample to see it here."
    setText(this.part("picked-words"), words)
    if (code && !sameBytes(code, this.space.code)) setText(this.part("walked"), "")
  }

  // --- the nearest training pictures ---------------------------------------------------------------------------------

  // Shows what is known of these samples, or asks for it. Returns "off", "waiting", "shown" or "failed".
  showNearest(isDone) {
    const name = this.wantsNearest && isDone ? this.nameSamples() : null
    this.answered = this.isAbout(name) ? this.answer : null
    // In training the next weights must not call off the search for those of now: it might never end.
    const isUnderWay = !this.space.isFinal && this.asked !== this.answer?.name && this.asked?.startsWith(this.wish)
    if (name && !this.answered && !this.isDragging && this.asked !== name && !isUnderWay) {
      this.timer ??= setTimeout(() => this.ask(name), ASK_AFTER)
    }
    setText(this.part("summary"), this.wantsNearest ? this.summaryText() : "")
    if (!this.wantsNearest) return "off"
    for (const { i, near, distance } of this.cells) {
      const picture = this.answered?.pictures?.[i]
      if (near.shown !== picture) showOrClear(near, this.space.size, picture)
      near.shown = picture
      near.ariaLabel = nearLabel(i, picture)
      setText(distance, picture ? this.answered.distances[i].toFixed(3) : "")
    }
    if (!this.answered) return "waiting"
    return this.answered.problem ? "failed" : "shown"
  }

  // What is wanted, the weights that it was made with, and a hash of the very codes.
  nameSamples() {
    if (this.named !== this.version) {
      this.codes = new Float32Array(this.cells.flatMap(({ code }) => [...code]))
      const hash = new Int32Array(this.codes.buffer).reduce((sum, bits) => seedOf(sum, bits), this.codes.length)
      this.name = `${this.wish}${this.space.stamp} ${hash}`
      this.named = this.version
    }
    return this.name
  }

  get wish() {
    const { count, temperature, seed } = this.choice
    return `${count} ${temperature} ${seed} ${this.attempt} `
  }

  // While the run is in training its weights change faster than anybody can search: then an answer for those of a moment
  // ago will do.
  isAbout(name) {
    if (!this.answer || !name) return false
    return this.answer.name === name || (!this.space.isFinal && this.answer.name.startsWith(this.wish))
  }

  ask(name) {
    this.timer = null
    this.asked = name
    this.tell.trigger("wanted", { name, codes: base64Of(this.codes) })
  }

  summaryText() {
    if (!this.answered) return "Searching the training pictures…"
    const { problem, distances, typical, searched } = this.answered
    if (problem) return `${problem} Switch this off and on to try again.`
    const moment = this.space.isFinal ? "" : " Found with the weights of a moment ago: the run is still in training."
    return (
      `On average (median) a sample is ${medianOf(distances).toFixed(3)} from the nearest of ${countText(searched)} training ` +
      `pictures; test pictures are ${typical.toFixed(3)} from theirs. 0 would be a copy; blurred pictures come out nearer than ` +
      `sharp ones. Distance: root mean square difference of the pixels, from 0 to 1.${moment}`
    )
  }
}

const nearLabel = (i, picture) => (picture ? `The training picture that is nearest to sample ${i + 1}` : "Not searched yet")

function showOrClear(canvas, size, picture) {
  if (picture) paintPicture(canvas, size, picture)
  else Object.assign(canvas, { width: size.width, height: size.height }) // which empties it
}

function medianOf(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2
}

function base64Of(floats) {
  let letters = ""
  for (const byte of new Uint8Array(floats.buffer)) letters += String.fromCharCode(byte)
  return btoa(letters)
}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))

export default spaceComponent(LatentGenerate)
