// A drawing board, and at every move of the pen what the network makes of it: what it sees, where in the code space it puts
// it and how surely, what it draws of that, and what the loss says. Needs canvas.js, pixels.js, numbers.js, random.js,
// board.js, drawn_picture.js, loss_terms.js, loss_table.js, space.js, space_view.js, map_view.js and class_legend.js.

const SAMPLES = 6
const SAMPLES_WITHIN = 10 // milliseconds: samples that take longer are drawn when the pen rests
const INVITATIONS = {
  digits: "Draw a digit",
  mnist: "Draw a digit",
  "emnist-letters": "Draw a letter",
  kmnist: "Draw a character",
}

const OF_A_CLOUD = "Its code is a cloud: each sample is decoded from another place in it. The less they differ, the surer the network is."
const MAP_OF_CLOUDS =
  "Points: test pictures. Disc and ellipses: this code, one and two standard deviations wide. Ring: where Walk and Map are."
const MAP_OF_POINTS = "Points: test pictures. Disc: this code. Ring: where Walk and Map are."
const OF_A_POINT = "A plain autoencoder makes a point of a picture, not a cloud, so there is nothing to draw at random."

class LatentDraw extends SpaceView {
  constructor(root, space, tell) {
    super(root, space, tell)
    this.taken = null // the test picture that is looked at instead of the drawing
    this.seed = 1
    this.typical = null // the terms of a typical test picture
    this.typicalWork = new IdleWork()
    this.sampleWork = new IdleWork()
    this.decodeTime = Infinity // milliseconds, the shortest so far
    this.isFinished = false // whether a stroke was finished and nothing said of it yet
    this.samples = Array.from({ length: SAMPLES }, () => make("canvas", { className: "picture" }))
    this.part("strip").replaceChildren(...this.samples)
    this.table = new LossTable(this.part("terms"))
    this.legend = new ClassLegend(this.part("legend"))
    this.map = new MapView(this.part("map"), space, { ondraw: () => space.isReady && this.map.draw(this.theme) })
    this.board = new DrawingBoard(this.part("drawing"), {
      strokes: globalThis.aecoreDrawing ?? [], // so that it is there again on coming back from another view, or for another run
      onink: (event) => this.look(null, event),
      onfinish: (strokes) => this.keep(strokes),
    })
    setText(this.part("set-out"), "") // what the last run's view said there
    this.part("take").onclick = (event) => this.look(Math.floor(Math.random() * space.pictures.length), event)
    this.part("back").onclick = (event) => this.look(null, event)
    this.part("centre").onchange = (event) => this.look(this.taken, event)
    this.part("again").onclick = (event) => this.sampleAgain(event)
    this.part("walk").onclick = () => this.setOut()
  }

  open() {
    super.open()
    this.setPlane()
    this.measureTypical()
  }

  close() {
    super.close()
    this.board.close()
    this.map.close()
    this.typicalWork.stop()
    this.sampleWork.stop()
  }

  hear(news) {
    if (news === "codes" || news === "network") this.setPlane()
    if (news === "codes") this.measureTypical()
  }

  readTheme() {
    super.readTheme()
    this.map.renew()
  }

  // --- what the person does ------------------------------------------------------------------------------------------

  // Look at a test picture, or, where it is null, at the drawing.
  look(taken, event) {
    this.taken = taken
    this.space.touch()
    this.typicalWork.postpone()
    setText(this.part("set-out"), "")
    this.requestDraw(event)
  }

  keep(strokes) {
    globalThis.aecoreDrawing = strokes
    this.isFinished = true
    this.look(null, null)
  }

  sampleAgain(event) {
    this.seed++
    this.requestDraw(event)
  }

  setOut() {
    this.space.setOut(this.encoding.mean, this.input.words, this.input.picture)
    setText(this.part("set-out"), "Walk and Map now start from this code.")
  }

  // --- what is looked at ---------------------------------------------------------------------------------------------

  // {source, picture, caption, words}: what the network is shown.
  findInput() {
    const { space, board } = this
    const { ink } = board
    if (this.taken === null && ink.length) {
      const isCentred = isCentredData(space.facts) && this.part("centre").checked
      const caption = isCentred ? "Your drawing, scaled and centred." : "Your drawing, as it lies on the board."
      const picture = drawnPicture(inkOf(ink), space.size, isCentred)
      return { source: "drawing", picture, caption, words: "the code of your drawing" }
    }
    const i = this.taken ?? 0
    const source = this.taken === null ? "example" : "test"
    if (!space.pictures.length) {
      const { channels, height, width } = space.size
      const picture = new Float32Array(channels * height * width)
      return { source, picture, caption: "Getting a test picture…", words: "the code of a black picture" }
    }
    const which = `${space.origin} picture ${i + 1}, class ${space.classOf(i)}.`
    const caption = source === "example" ? `An example: ${which}` : `${which[0].toUpperCase()}${which.slice(1)}`
    return { source, picture: space.pictures[i], caption, words: space.wordsFor(i) }
  }

  // Principal components need codes, and all of them where a map is there already; two numbers need none.
  setPlane() {
    const { space, map } = this
    if (!space.isReady) return
    const { encodings, pictures, codeSize } = space
    const isComplete = encodings.length > 0 && encodings.length === pictures.length
    if (isComplete || (!map.plane && (codeSize <= 2 || encodings.length))) map.setUsualPlane()
  }

  // A new network's terms replace the old ones when all of them are known.
  measureTypical() {
    const { network, facts, pictures, encodings } = this.space
    if (!pictures.length || encodings.length < pictures.length) return
    let found
    function* steps() {
      found = yield* typicalTerms(network, facts, pictures, encodings)
    }
    this.typicalWork.start(steps(), () => {
      this.typical = found
      this.drawTable()
    })
  }

  // --- on the screen -------------------------------------------------------------------------------------------------

  draw() {
    const { space } = this
    const { network, facts } = space
    this.input = this.findInput()
    const { picture } = this.input
    this.encoding = network.encode(picture)
    const start = performance.now()
    this.answer = network.decode(this.encoding.mean)
    this.decodeTime = Math.min(this.decodeTime, performance.now() - start)
    this.terms = lossTerms(facts, picture, this.encoding, this.answer)
    this.root.style.setProperty("--pixels", `${space.size.width}px`)
    paintPicture(this.part("seen"), space.size, picture)
    paintPicture(this.part("reconstruction"), space.size, this.answer)
    this.drawSamples()
    this.drawMap()
    this.write()
    this.drawTable()
    this.leaveNumbers()
  }

  // The same random numbers at every move of the pen, so that the samples change with the drawing alone.
  drawSamples() {
    const { space } = this
    this.part("strip").hidden = this.part("again").disabled = !space.isGaussian
    this.sampled = null
    if (!space.isGaussian) return
    const isQuick = SAMPLES * this.decodeTime <= SAMPLES_WITHIN
    this.root.toggleAttribute("data-old-samples", !isQuick)
    const steps = this.sampling(this.input.picture, this.encoding)
    if (!isQuick) return this.sampleWork.start(steps, () => this.drawTable())
    this.sampleWork.stop()
    while (!steps.next().done);
  }

  *sampling(picture, { mean, logVariance }) {
    const { space } = this
    const random = makeRandom(this.seed)
    const pictures = []
    while (pictures.length < SAMPLES) {
      const noise = normals(mean.length, random)
      pictures.push(space.decode(mean.map((value, k) => value + Math.exp(logVariance[k] / 2) * noise[k])))
      yield
    }
    pictures.forEach((each, i) => paintPicture(this.samples[i], space.size, each))
    const term = RECONSTRUCTION_TERMS[space.facts.reconstruction]
    this.sampled = pictures.reduce((sum, each) => sum + term(picture, each) / SAMPLES, 0)
    this.root.removeAttribute("data-old-samples")
    this.root.dataset.samplesHash = pictures.map(hashOf).join(" ")
  }

  drawMap() {
    const { map, theme, space, encoding } = this
    map.marks = [{ ...encoding, colour: theme.text }]
    map.draw(theme)
    this.legend.draw(theme, space.pictures.length ? space.classes : [])
  }

  drawTable() {
    if (!this.terms) return
    const { space, terms, typical, sampled } = this
    const { facts, statistics } = space
    const order = statistics?.order ?? [...Array(space.codeSize).keys()]
    const what = this.input.source === "drawing" ? "This drawing" : "This test picture"
    this.table.show({ terms, typical, order, usual: statistics?.kl ?? null, what, facts, sampled })
  }

  write() {
    const { space, input: { source, caption } } = this
    setText(this.part("invitation"), INVITATIONS[space.facts.data] ?? "Draw something")
    setText(this.part("about-seen"), caption)
    setText(this.part("about-samples"), space.isGaussian ? OF_A_CLOUD : OF_A_POINT)
    setText(this.part("about-map"), space.isGaussian ? MAP_OF_CLOUDS : MAP_OF_POINTS)
    this.part("map").ariaLabel = `Map of the codes, by ${this.map.plane?.name ?? "principal components"}`
    this.part("seen").ariaLabel = caption
    this.part("reconstruction").ariaLabel = "What the decoder draws of the mean of its code"
    this.part("strip").ariaLabel = `${SAMPLES} pictures that the decoder draws of codes drawn at random from the cloud`
    this.part("take").disabled = !space.pictures.length
    this.part("back").disabled = this.taken === null || !this.board.ink.length
    this.part("centring").hidden = !isCentredData(space.facts)
    if (this.isFinished) setText(this.part("summary"), this.summary)
    this.isFinished = false
  }

  // What the numbers say once a stroke is finished, for those who do not see them.
  get summary() {
    const { reconstruction, kl } = this.terms
    if (this.input.source !== "drawing") return "The board is empty."
    return `Reconstruction ${lossText(reconstruction)}${kl === null ? "" : `, KL divergence ${lossText(kl)} nats`}.`
  }

  leaveNumbers() {
    const { input, answer, encoding, terms } = this
    Object.assign(this.root.dataset, {
      source: input.source,
      seenHash: hashOf(input.picture),
      reconstructionHash: hashOf(answer),
      mean: JSON.stringify(Array.from(encoding.mean.subarray(0, 8), (value) => Number(value.toFixed(4)))),
      reconstruction: terms.reconstruction,
      kl: terms.kl ?? "",
    })
  }
}

export default spaceComponent(LatentDraw)
