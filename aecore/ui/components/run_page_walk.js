// The network of a run's own page: a held-out example, its code as sliders and on a map, and what the decoder makes of it.
// Needs everything that latent_walk.js needs, noise.js, run_page_data.js, run_page_example.js and run_page_map.js.

const FEW_SLIDERS = 4

// The code space of a run that is not on a server: all of it is in the page.
class KeptSpace extends Space {
  constructor(data) {
    super({ base: "", token: "run" })
    const { facts, labels, classes, origin } = data
    Object.assign(this, { data, facts, labels, classes, origin, state: "finished", stamp: "kept" })
    this.kind = isLines(facts) ? "sequence" : "picture"
  }

  async unpack() {
    const { data, facts } = this
    const [weights, bytes] = await Promise.all([floatsIn(data.weights), bytesIn(data.pictures)])
    this.network = makeNetwork(facts.description, weights)
    this.pictures = picturesIn(bytes, this.labels.length)
    this.code = new Float32Array(this.codeSize)
  }

  fetchSoon() {} // there is nobody to ask

  wordsFor(i) {
    return `the code of a ${this.kind} of class ${this.classOf(i)} (${this.origin} ${this.kind} ${i + 1})`
  }
}

class KeptWalk extends LatentWalk {
  constructor(root, space, tell) {
    super(root, space, tell)
    space.view = this
    const { corruption, skips } = space.data
    this.noise = corruption && this.makeNoise(corruption)
    this.hasSkips = skips
    const lines = isLines(space.size)
    root.toggleAttribute("data-lines", lines)
    setText(this.part("chooser-title"), `Choose a ${space.kind}`)
    if (lines) this.part("traversals").closest("label").hidden = true
    setText(this.part("legend"), lines ? `Thick: the decoder's. Thin: the ${space.kind} chosen.${corruption ? " Dots: what the network is given." : ""}` : "")
  }

  // {kind, level} as the person set them.
  makeNoise({ kind, level, from }) {
    const box = this.part("noise")
    const select = this.part("noise-kind")
    const slider = this.part("noise-level")
    box.hidden = false
    const kinds = kind === "mixed" ? NOISE_KINDS : [kind]
    select.replaceChildren(...kinds.map((value) => make("option", { value, textContent: value })))
    select.disabled = kinds.length === 1
    slider.value = from === null ? level : (from + level) / 2
    select.onchange = slider.oninput = () => this.choose(this.chosen)
    return () => ({ kind: select.value, level: Number(slider.value) })
  }

  open() {
    super.open()
    this.choose(this.chooser.order[0])
    this.space.encodeAll()
  }

  makeChooser() {
    const { space } = this
    this.chooser = new ExampleChooser(this.part("chooser"), space, {
      name: "walk-from",
      label: `Held-out ${space.kind}s`,
      onpick: (i) => this.choose(i),
    })
    if (isLines(space.size)) setText(this.chooser.others, "Other sequences")
  }

  readTheme() {
    super.readTheme()
    if (isLines(this.space.size)) this.chooser.fill()
  }

  choose(i) {
    const { space } = this
    const clean = space.pictures[i]
    let given = clean
    if (this.noise) {
      const { kind, level } = this.noise()
      setText(this.part("noise-value"), level.toFixed(2))
      given = corrupt(clean, drawNoise(kind, space.size, i + 1), level)
    }
    Object.assign(this, { chosen: i, clean, given })
    this.chooser.pick(i)
    space.setOut(space.network.encode(given).mean, space.wordsFor(i), given)
  }

  aboutText(active, count) {
    return super.aboutText(active, count).replaceAll("pictures", `${this.space.kind}s`).replaceAll("picture", this.space.kind)
  }

  draw() {
    if (this.isOld) this.drawUse()
    const { space } = this
    const { code, start } = space
    const answer = space.decode(code)
    const isOfExample = start?.picture === this.given
    const behind = isOfExample ? { before: this.clean, given: this.noise ? this.given : null } : {}
    paintExample(this.part("picture"), this.theme, space.size, answer, behind)
    for (const slider of this.visible) slider.show(code[slider.k])
    if (!isLines(space.size)) this.drawTraversals()
    const origin = start ?? { code: space.middle, words: this.middleWords }
    const isMoved = !sameBytes(code, origin.code)
    const error = isOfExample ? ` Squared error a pixel, to the ${space.kind} chosen: ${lossText(meanSquaredError(this.clean, answer))}.` : ""
    setText(this.part("where"), `Start: ${origin.words}${isMoved ? ", then moved" : ""}.${error.replace("a pixel", isLines(space.size) ? "a time step" : "a pixel")}`)
    this.part("reset").disabled = !isMoved
    this.part("random").disabled = !space.isGaussian && !space.statistics
    this.showBeside("clean", isOfExample && !isLines(space.size) ? this.clean : null)
    this.showBeside("given", isOfExample && this.noise && !isLines(space.size) ? this.given : null)
    this.showBeside("whole", isOfExample && this.hasSkips ? this.wholeAnswer : null)
    this.part("picture").ariaLabel = `The ${space.kind} that the decoder draws of this code. Start: ${origin.words}.`
    this.part("picture").shown = answer // what tests read: lines have no pixels to compare
    this.root.dataset.code = JSON.stringify(Array.from(code.slice(0, 8), (value) => Number(value.toFixed(3))))
  }

  // What the network makes of what it is given, through its skip connections: no slider changes it.
  get wholeAnswer() {
    if (this.answeredTo !== this.given) {
      this.whole = this.space.network.reconstruct(this.given)
      this.answeredTo = this.given
    }
    return this.whole
  }

  showBeside(name, values) {
    const canvas = this.part(name)
    canvas.closest("figure").hidden = values === null
    if (values === null || canvas.painted === values) return
    canvas.painted = values
    paintExample(canvas, this.theme, this.space.size, values)
  }
}

async function openNetwork(root, data) {
  const space = new KeptSpace(data)
  await space.unpack()
  const tell = { trigger() {}, state() {} }
  const views = []
  const mapRoot = root.querySelector("[data-testid=run-page-map]")
  mapRoot.hidden = space.codeSize < 2
  if (space.codeSize <= FEW_SLIDERS) root.querySelector(".code").append(mapRoot) // where there is room for it
  if (space.codeSize > 1) views.push(new KeptMap(mapRoot, space, tell))
  views.push(new KeptWalk(root, space, tell))
  for (const view of views) {
    view.open()
    view.readTheme()
  }
  followTheme(() => views.forEach((view) => {
    view.readTheme()
    view.drawIfDue()
  }))
}

openNetwork(document.getElementById("network").shadowRoot.querySelector("[data-testid=run-page-network]"), carried("network-data"))
