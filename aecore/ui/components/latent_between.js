// From one picture to another: on the straight line between their codes, on the great circle, and by cross-fading the pixels.
// Needs numbers.js, canvas.js, pixels.js, quantile.js, idle_work.js, space.js, space_view.js, picture_chooser.js, paths.js,
// player.js and latent_between_export.js.

const ROWS = ["line", "circle", "fade"]
const MOST_MEASURED = 100 // codes whose neighbours are looked for, to know what distance is usual
const EMPTY_MIDDLE = 6 // with fewer numbers than this, random codes are often near the middle of the prior

function shareText(share) {
  if (!Number.isFinite(share)) return NOTHING
  if (share < 0.001) return "fewer than 0.1 %"
  if (share > 0.999) return "more than 99.9 %"
  return `${(100 * share).toFixed(share < 0.1 || share > 0.9 ? 1 : 0)} %`
}

class LatentBetween extends SpaceView {
  constructor(root, space, tell) {
    super(root, space, tell)
    this.own = [] // the person's pictures: {name, pixels (as sent), picture}
    this.ends = null // {a, b}: what makeEnd returns, once there are pictures
    this.isOld = true // whether the network or an end is another than what was drawn
    this.usual = NaN // the distance from a test picture's code to the nearest other, where there is no prior
    this.work = new IdleWork()
    this.player = new Player(root, { onstep: () => this.requestDraw(), onplay: () => this.showPlaying() })
    this.strips = Object.fromEntries(ROWS.map((row) => [row, new Strip(this.part(`${row}-strip`), (t) => this.player.goTo(t))]))
    this.connect()
  }

  connect() {
    const scrubber = this.part("scrubber")
    scrubber.oninput = (event) => this.scrub(Number(scrubber.value), event)
    scrubber.onkeydown = (event) => {
      if (event.key !== " ") return
      event.preventDefault()
      this.player.toggle()
    }
    this.part("play").onclick = () => this.player.toggle()
    this.part("swap").onclick = () => this.setEnds({ a: this.ends.b, b: this.ends.a })
    this.part("random-pair").onclick = () => this.pickRandomPair()
    for (const end of ["a", "b"]) this.part(`target-${end}`).onchange = () => this.showPicked()
    connectSaving(this)
    this.showPlaying()
  }

  close() {
    this.player.close()
    this.work.stop()
    super.close()
  }

  hear(news) {
    // Where there is no prior, the middle that the circle turns about is that of the codes.
    if (news === "network" || (news === "codes" && !this.space.isGaussian)) this.isOld = true
  }

  readTheme() {
    for (const strip of Object.values(this.strips)) strip.isOld = true
    super.readTheme()
  }

  // --- the two ends --------------------------------------------------------------------------------------------------

  update({ own = [] }) {
    const before = this.own
    const isSame = (one, other) => one.name === other.name && one.pixels === other.pixels
    this.own = own.map((each) => before.find((old) => isSame(old, each)) ?? this.readOwn(each))
    const isChanged = this.own.length !== before.length || this.own.some((each, i) => each !== before[i])
    if (this.ends && isChanged) this.showOwn()
  }

  readOwn({ name, pixels }) {
    const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0))
    return { name, pixels, picture: Float32Array.from(bytes, (value) => value / 255) }
  }

  ofTest(i) {
    const { space } = this
    return { i, picture: space.pictures[i], name: space.classOf(i), origin: `${space.origin} picture ${i + 1}` }
  }

  ofOwn(own) {
    return { own, picture: own.picture, name: own.name, origin: "your own" }
  }

  idOf({ own, i }) {
    return own ? `own ${this.own.indexOf(own)}` : String(i)
  }

  // Once the network and the pictures are here.
  begin() {
    const { space } = this
    this.chooser = new PictureChooser(this.part("chooser"), space, {
      name: "between-end",
      label: "Test pictures",
      onpick: (i) => this.pick(this.ofTest(i)),
    })
    const other = space.labels.findIndex((label) => label !== space.labels[0])
    this.ends = { a: this.ofTest(0), b: this.ofTest(other < 0 ? space.pictures.length - 1 : other) }
    this.root.style.setProperty("--pixels", `${space.size.width}px`)
    this.showOwn()
    if (!wantsStillness()) this.player.play(THERE_AND_BACK)
  }

  get target() {
    return this.part("target-a").checked ? "a" : "b"
  }

  // After A comes B, but not under the hand of somebody who goes through the pictures with the arrow keys.
  pick(end) {
    const { target } = this
    const isByKeyboard = this.root.querySelector(".thumbnail :focus-visible")
    if (target === "a" && !isByKeyboard) this.part("target-b").checked = true
    this.setEnds({ ...this.ends, [target]: end })
  }

  setEnds(ends) {
    this.ends = ends
    for (const row of ROWS) this.strips[row].clear()
    this.isOld = true
    this.root.dataset.strips = "pending"
    this.showPicked()
    this.requestDraw()
  }

  pickRandomPair() {
    const { labels, pictures } = this.space
    const random = makeRandom(crypto.getRandomValues(new Uint32Array(1))[0])
    const any = (places) => places[Math.floor(random() * places.length)]
    const places = [...pictures.keys()]
    const a = any(places)
    const others = places.filter((i) => labels[i] !== labels[a])
    this.setEnds({ a: this.ofTest(a), b: this.ofTest(any(others.length ? others : places)) })
  }

  // An end whose picture was taken away is a test picture again.
  showOwn() {
    const { own, space } = this
    this.part("own-box").hidden = own.length === 0
    const choices = own.map((each, n) =>
      makePictureChoice({
        name: "between-end",
        label: each.name,
        testid: `own-${n}`,
        size: space.size,
        picture: each.picture,
        onpick: () => this.pick(this.ofOwn(each)),
      }),
    )
    this.part("own").replaceChildren(...choices)
    const kept = (end, i) => (end.own && !own.includes(end.own) ? this.ofTest(i) : end)
    const { a, b } = this.ends
    const ends = { a: kept(a, 0), b: kept(b, space.pictures.length - 1) }
    if (ends.a !== a || ends.b !== b) this.setEnds(ends)
    else this.showPicked()
    this.requestDraw()
  }

  showPicked() {
    const { i = null, own } = this.ends[this.target]
    this.chooser.pick(i)
    const choices = [...this.part("own").children]
    choices.forEach((choice, n) => (choice.firstChild.checked = this.own[n] === own))
  }

  // --- what follows from the network and the ends ----------------------------------------------------------------------

  prepare() {
    const { space, ends } = this
    for (const name of ["a", "b"]) {
      const end = ends[name]
      end.code = space.network.encode(end.picture).mean
      const reconstruction = space.decode(end.code)
      setText(this.part(`name-${name}`), end.name)
      setText(this.part(`origin-${name}`), end.origin)
      this.part(`name-${name}`).title = end.name
      this.paint(`original-${name}`, end.picture, `${name.toUpperCase()}: ${end.name}, ${end.origin}`)
      this.paint(`reconstruction-${name}`, reconstruction, `Reconstruction of ${name.toUpperCase()}`)
      this.root.setAttribute(`data-${name}`, this.idOf(end))
    }
    const { a, b } = ends
    this.paths = { line: linePath(a.code, b.code), circle: circlePath(a.code, b.code, space.middle) }
    this.isOld = false
    for (let stop = 0; stop < STOPS; stop++) this.strips.fade.show(stop, space.size, mix(a.picture, b.picture, placeOf(stop)))
    for (const row of ROWS) this.part(`${row}-strip`).ariaLabel = `${STOPS} pictures of the way from ${a.name} to ${b.name}`
    setText(this.part("why"), this.why)
    this.root.dataset.strips = "pending"
    this.work.start(this.filling(), () => {
      this.root.dataset.strips = "done"
      this.requestDraw()
    })
  }

  *filling() {
    const { space, strips, paths } = this
    for (let stop = 0; stop < STOPS; stop++) {
      for (const row of ["line", "circle"]) {
        strips[row].show(stop, space.size, space.decode(paths[row].at(placeOf(stop))))
        strips[row].draw(this.theme, space.size, stopOf(this.player.t))
        yield
      }
    }
    if (space.isGaussian) return
    const codes = this.codes
    const distances = []
    for (let i = 0; i < Math.min(MOST_MEASURED, codes.length); i++) {
      distances.push(distanceToNearest(codes[i], codes, i))
      yield
    }
    this.usual = distances.length ? quantileOf(distances, 0.5) : NaN
  }

  get codes() {
    return this.space.encodings.map(({ mean }) => mean)
  }

  get why() {
    const { isGaussian, codeSize } = this.space
    if (!isGaussian) {
      return "This autoencoder has no prior: nothing was asked of the places between the codes, and how far away the nearest code of a test picture is says how lonely a place is. The great circle turns about the middle of all codes."
    }
    const numbers = `${countText(codeSize)} ${codeSize === 1 ? "number" : "numbers"}`
    const usual = `The codes have ${numbers}. Random codes of the prior lie about √${countText(codeSize)} = ${Math.sqrt(codeSize).toFixed(1)} from its middle`
    return codeSize < EMPTY_MIDDLE
      ? `${usual}, but with so few numbers the middle is no empty place: the straight line is as good a way as the circle.`
      : `${usual}, hardly any close to it. A straight line passes nearer to the middle than its ends: the fewer random codes lie nearer still, the less the decoder knows its way there. The great circle keeps the distance.`
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  paint(name, picture, label) {
    const canvas = this.part(name)
    paintPicture(canvas, this.space.size, picture)
    if (canvas.ariaLabel !== label) canvas.ariaLabel = label
  }

  scrub(t, event) {
    this.space.touch()
    this.work.postpone()
    this.requestDraw(event)
    this.player.goTo(t)
  }

  showPlaying() {
    setText(this.part("play"), this.player.isPlaying ? "Pause" : "Play")
    this.root.dataset.playing = this.player.isPlaying
  }

  draw() {
    if (!this.chooser) {
      if (!this.space.pictures.length) return
      this.begin()
    }
    if (this.isOld) this.prepare()
    const { space, paths, ends: { a, b }, player: { t } } = this
    for (const row of ROWS) this.strips[row].draw(this.theme, space.size, stopOf(t))
    const codes = { line: paths.line.at(t), circle: paths.circle.at(t) }
    const pictures = { line: space.decode(codes.line), circle: space.decode(codes.circle), fade: mix(a.picture, b.picture, t) }
    const place = `t = ${t.toFixed(2)}`
    for (const row of ROWS) {
      this.paint(`${row}-picture`, pictures[row], `From ${a.name} to ${b.name}, ${place}`)
      this.root.setAttribute(`data-${row}-hash`, hashOf(pictures[row]))
    }
    for (const row of ["line", "circle"]) this.writeAbout(row, codes[row])
    setText(this.part("fade-number"), `${Math.round(100 * (1 - t))} % A, ${Math.round(100 * t)} % B`)
    setText(this.part("fade-about"), "of every pixel: two pictures over each other, without any code")
    setText(this.part("place"), place)
    const scrubber = this.part("scrubber")
    if (Number(scrubber.value) !== t) scrubber.value = t
    scrubber.setAttribute("aria-valuetext", place)
    this.root.dataset.t = t
  }

  // One number that says how usual a place is: seen from the prior, or where there is none, from the test pictures.
  writeAbout(row, code) {
    const { space, paths } = this
    let [number, about] = ["", ""]
    if (space.isGaussian) {
      const distance = distanceBetween(code, space.middle)
      number = Number.isFinite(distance) ? distance.toFixed(2) : NOTHING
      about = `from the middle of the prior; ${shareText(shareNearer(distance, space.codeSize))} of random codes lie nearer`
    } else {
      number = lossText(distanceToNearest(code, this.codes))
      about = `to the nearest code of a test picture; between test pictures ${lossText(this.usual)} is usual`
    }
    const isSame = row === "circle" && paths.circle.isLine
    setText(this.part(`${row}-number`), number)
    setText(this.part(`${row}-about`), isSame ? `${about}. Here the circle is the line` : about)
  }

  // The ways as they are now, whatever is picked or learned meanwhile.
  get ways() {
    const { paths: { line, circle }, ends: { a, b }, space: { network } } = this
    const [from, to] = [a.picture, b.picture]
    return { line: (t) => network.decode(line.at(t)), circle: (t) => network.decode(circle.at(t)), fade: (t) => mix(from, to, t) }
  }
}

export default spaceComponent(LatentBetween)
