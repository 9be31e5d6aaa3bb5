// One slider for each number of the code, and the picture that the decoder draws of it, at the display's own rate.
// Needs canvas.js, pixels.js, numbers.js, space.js, space_view.js, picture_chooser.js, code_slider.js and
// traversals.js.

const SHOWN_AT_FIRST = 16
const SHOWN_MORE = 48
const TRAVERSED_AT_FIRST = 8 // a code with more numbers has no room for pictures of them all

class LatentWalk extends SpaceView {
  constructor(root, space, tell) {
    super(root, space, tell)
    this.sliders = new Map()
    this.shown = SHOWN_AT_FIRST
    this.part("random").onclick = (event) => this.sample(event)
    this.part("middle").onclick = () => space.setOut(space.middle, this.middleWords)
    this.part("reset").onclick = () => space.setCode(space.start?.code ?? space.middle)
    this.part("more").onclick = () => {
      this.shown += SHOWN_MORE
      this.arrange()
    }
    this.traversals = new Traversals(space)
    this.part("traversals").onchange = () => this.requestDraw()
    this.isOld = true
  }

  close() {
    super.close()
    this.traversals.close()
  }

  get middleWords() {
    return this.space.isGaussian ? "the middle of the prior" : "the middle of all codes"
  }

  hear(news) {
    if (["network", "codes"].includes(news)) this.isOld = true
    if (news === "pictures") this.makeChooser()
  }

  open() {
    if (this.space.pictures.length) this.makeChooser()
    super.open()
  }

  readTheme() {
    this.isOld = true
    super.readTheme()
  }

  makeChooser() {
    const { space } = this
    this.chooser = new PictureChooser(this.part("chooser"), space, {
      name: "walk-from",
      label: "Test pictures",
      onpick: (i) => {
        const { mean } = space.encodings[i] ?? space.network.encode(space.pictures[i])
        space.setOut(mean, space.wordsFor(i), space.pictures[i])
      },
    })
  }

  sample() {
    const { space } = this
    if (!space.isGaussian && !space.statistics) return
    const random = makeRandom(crypto.getRandomValues(new Uint32Array(1))[0])
    const from = space.isGaussian ? "the prior" : "a normal distribution around all codes"
    this.chooser?.pick(null)
    space.setOut(space.sample(random), `a random sample from ${from}`)
  }

  move(k, value, event) {
    const code = this.space.code.slice()
    code[k] = value
    this.requestDraw(event)
    this.space.setCode(code)
  }

  // The most used numbers first. They do not change places under the person's hand.
  arrange() {
    const { space } = this
    const size = space.codeSize
    const box = this.part("sliders")
    if (!this.order) this.part("traversals").checked = size <= TRAVERSED_AT_FIRST
    if (!this.order || this.order.length !== size || !box.matches(":focus-within, :hover")) {
      this.order = space.statistics?.order ?? [...Array(size).keys()]
    }
    const count = Math.min(size, this.shown)
    const wanted = this.order.slice(0, count)
    for (const k of wanted) if (!this.sliders.has(k)) this.sliders.set(k, new CodeSlider(k, (...move) => this.move(...move)))
    const rows = wanted.map((k) => this.sliders.get(k).row)
    if (rows.length !== box.children.length || rows.some((row, i) => row !== box.children[i])) box.replaceChildren(...rows)
    this.visible = wanted.map((k) => this.sliders.get(k))
    this.part("more").hidden = count === size
    setText(this.part("more"), `Show ${countText(Math.min(SHOWN_MORE, size - count))} more of ${countText(size)} numbers`)
    this.isOld = true
    this.requestDraw()
  }

  // What changes with the weights, but not while the code is moved.
  drawUse() {
    const { space } = this
    const { statistics, encodings } = space
    this.arrange()
    for (const slider of this.visible) {
      const { k } = slider
      slider.setRange(space.rangeOf(k))
      const isActive = statistics ? statistics.active[k] : true
      slider.setUse(statistics ? this.useText(k) : "", isActive)
      slider.draw(this.theme, encodings.map(({ mean }) => mean[k]), space.isGaussian)
    }
    const active = statistics?.active.filter(Boolean).length
    const size = space.codeSize
    setText(this.part("title"), `The code: ${countText(size)} ${size === 1 ? "number" : "numbers"}`)
    setText(this.part("about"), statistics ? this.aboutText(active, statistics.count) : "")
    this.root.dataset.active = active ?? ""
    this.root.dataset.order = JSON.stringify(this.order.slice(0, 64))
    this.isOld = false
  }

  // The rows are renewed when the code, the weights or the rows are others.
  drawTraversals() {
    const { space } = this
    const isWanted = this.part("traversals").checked
    this.part("sliders").toggleAttribute("data-traversals", isWanted)
    const shown = `${space.stamp} ${space.code} ${this.visible.map(({ k, range }) => [k, range])}`
    if (!isWanted || shown === this.traversed) return
    this.traversed = shown
    this.traversals.show(
      this.visible.map(({ k, range, traversal }) => ({ k, range, canvas: traversal, onpick: (value) => this.move(k, value, null) })),
    )
  }

  useText(k) {
    const { kl, variance } = this.space.statistics
    if (!Number.isFinite(variance[k])) return "no number"
    return kl ? `${kl[k].toFixed(2)} nats` : `σ ${lossText(Math.sqrt(variance[k]))}`
  }

  aboutText(active, count) {
    const { isGaussian, codeSize, origin } = this.space
    const from = `${countText(count)} ${origin} pictures`
    const most = codeSize === 1 ? "" : "The most used come first. "
    const collapsed = codeSize - active
    const dead = collapsed
      ? ` ${countText(collapsed)} ${collapsed === 1 ? "is" : "are"} collapsed: the same for every picture, so moving ${collapsed === 1 ? "it" : "them"} should change next to nothing.`
      : ""
    return isGaussian
      ? `${most}Bars: where the codes of ${from} lie. Line: the prior. Nats: how much a number tells about a picture (KL divergence from the prior).${dead}`
      : `${most}Bars: where the codes of ${from} lie; σ: how widely. This autoencoder has no prior: nobody asked the decoder to draw anything sensible between them.${dead}`
  }

  draw() {
    if (this.isOld) this.drawUse()
    const { space } = this
    const { code, start } = space
    const picture = space.decode(code)
    paintPicture(this.part("picture"), space.size, picture)
    for (const slider of this.visible) slider.show(code[slider.k])
    this.drawTraversals()
    const origin = start ?? { code: space.middle, words: this.middleWords, picture: null }
    const isMoved = !sameBytes(code, origin.code)
    setText(this.part("where"), `Start: ${origin.words}${isMoved ? ", then moved" : ""}.`)
    this.part("reset").disabled = !isMoved
    this.part("random").disabled = !space.isGaussian && !space.statistics
    this.showStart(origin.picture)
    this.part("picture").ariaLabel = `The picture that the decoder draws of this code. Start: ${origin.words}.`
    this.root.dataset.pictureHash = hashOf(picture)
    this.root.dataset.code = JSON.stringify(Array.from(code.slice(0, 8), (value) => Number(value.toFixed(3))))
  }

  showStart(picture) {
    const canvas = this.part("started-from")
    canvas.hidden = !picture
    if (picture && this.painted !== picture) paintPicture(canvas, this.space.size, picture)
    this.painted = picture
  }
}

export default spaceComponent(LatentWalk)
