// Arithmetic with codes: the code of a picture, plus so much of the difference between the mean codes of two groups.
// Needs numbers.js, canvas.js, pixels.js, space.js, space_view.js, picture_chooser.js and groups.js.

const STRENGTHS = Array.from({ length: 9 }, (_, i) => i / 2 - 2)
const FRAME_SHARE = 6 // milliseconds that small pictures may take at each drawing, of which there may be two a frame

// What to try: [words, group that is added, group that is taken away].
const LOOK_EXAMPLES = [
  ["Thicker", "thick", "thin"],
  ["Lean to the right", "right", "left"],
  ["Wider", "wide", "narrow"],
]
const FACTOR_EXAMPLES = [
  ["Larger", "highest-scale", "lowest-scale"],
  ["Further right", "highest-x", "lowest-x"],
  ["Further down", "highest-y", "lowest-y"],
]
const CLASS_EXAMPLES = [["4", "9"], ["3", "8"]] // from which class to which, where there are such

const KINDS = { look: "By look", factor: "By what is known of it", class: "By class" }

const strengthText = (value) => value.toFixed(2).replace("-", "−")
const stepText = (value) => String(value).replace("-", "−")

class LatentArithmetic extends SpaceView {
  constructor(root, space, tell) {
    super(root, space, tell)
    this.choice = { picture: 0, plus: null, minus: null, strength: 1 }
    this.groups = new Map()
    this.counted = 0 // pictures that the groups were made of
    this.kept = new Map() // mean codes by the id of their group
    this.small = [] // pictures beside the result: {canvas, codeOf(), isMean, isOld}
    this.isOld = true
    for (const side of ["plus", "minus"]) this.part(side).onchange = ({ target }) => this.choose({ [side]: target.value })
    this.part("strength").oninput = (event) => this.setStrength(Number(event.target.value), event)
    this.part("walk").onclick = () => this.walk()
    this.makeStrip()
  }

  open() {
    if (this.space.pictures.length) this.showPictures()
    super.open()
  }

  hear(news) {
    if (news === "pictures") this.showPictures()
    if (news === "network" || news === "codes") this.isOld = true
  }

  showPictures() {
    this.makeMeans()
    this.chooser = new PictureChooser(this.part("chooser"), this.space, {
      name: "arithmetic-with",
      label: "Test pictures",
      onpick: (picture) => this.choose({ picture }),
    })
    this.chooser.pick(this.choice.picture)
  }

  makeStrip() {
    this.strip = STRENGTHS.map((strength) => {
      const words = stepText(strength)
      return makeTile(`strip-${strength}`, words, `Strength ${words}`, (event) => this.setStrength(strength, event))
    })
    this.part("strip").replaceChildren(...this.strip)
  }

  makeMeans() {
    const { space } = this
    const labels = [...new Set(space.labels)].sort((a, b) => a - b)
    this.means = labels.map((label) => {
      const name = space.classes[label] ?? String(label)
      const onclick = () => this.choose({ plus: `class-${label}` })
      return Object.assign(makeTile(`mean-class-${label}`, name, `Mean of class ${name}`, onclick), { value: `class-${label}` })
    })
    this.part("means").replaceChildren(...this.means)
  }

  // --- what the person does ------------------------------------------------------------------------------------------

  choose(choice) {
    Object.assign(this.choice, choice)
    this.isOld = true
    this.chooser.pick(this.choice.picture)
    this.requestDraw()
  }

  setStrength(strength, event) {
    this.choice.strength = strength
    this.space.touch()
    this.requestDraw(event)
  }

  walk() {
    const { picture, plus, minus, strength } = this.choice
    const [first, second] = [plus, minus].map((id) => this.groups.get(id).name)
    this.space.setOut(this.result, `${this.space.wordsFor(picture)} + ${strengthText(strength)} × (${first} − ${second})`)
    setText(this.part("walked"), "The Walk tab now starts from this code.")
  }

  // --- groups --------------------------------------------------------------------------------------------------------

  // While the pictures are encoded for the first time, the groups grow.
  makeGroups() {
    const { space, choice } = this
    const count = space.encodings.length
    if (count === this.counted) return
    this.counted = count
    this.groups = new Map(groupsOf(space, count).map((group) => [group.id, group]))
    this.examples = this.findExamples()
    const ids = [...this.groups.keys()]
    const [, plus, minus] = this.examples.find(([words]) => words) ?? [null, ids[0], ids.at(-1)]
    if (!this.groups.has(choice.plus)) choice.plus = plus
    if (!this.groups.has(choice.minus)) choice.minus = minus
    for (const side of ["plus", "minus"]) this.fillSelect(this.part(side))
    this.fillExamples()
    this.listSmall()
  }

  // [words, plus, minus, class of the picture or undefined] of those whose groups are there.
  findExamples() {
    const { groups, space } = this
    const looks = (space.factors ? FACTOR_EXAMPLES : LOOK_EXAMPLES).filter(([, ...ids]) => ids.every((id) => groups.has(id)))
    const classes = [...groups.values()].filter(({ kind }) => kind === "class")
    const named = (name) => classes.find((group) => group.name === name)
    const favourites = CLASS_EXAMPLES.map((names) => names.map(named)).filter((pair) => pair.every(Boolean))
    const pairs = favourites.length ? favourites : classes.length > 1 ? [classes.slice(0, 2)] : []
    const changes = pairs.map(([from, to]) => {
      const words = favourites.length ? `Turn a ${from.name} into a ${to.name}` : `Turn ${from.name} into ${to.name}`
      return [words, to.id, from.id, from.members[0][0]]
    })
    return [...looks, ...changes]
  }

  fillSelect(select) {
    const options = (kind) =>
      [...this.groups.values()].filter((group) => group.kind === kind).map(({ id, name }) => new Option(capital(name), id))
    const parts = Object.entries(KINDS).map(([kind, label]) => make("optgroup", { label }, ...options(kind)))
    select.replaceChildren(...parts.filter((part) => part.children.length))
  }

  fillExamples() {
    const buttons = this.examples.map(([textContent, plus, minus, picture], i) => {
      const onclick = () => this.choose({ plus, minus, strength: 1, picture: picture ?? this.choice.picture })
      return make("button", { type: "button", className: "button", textContent, onclick, dataset: { testid: `example-${i}` } })
    })
    this.part("presets").replaceChildren(...buttons)
  }

  listSmall() {
    const means = this.means.filter((tile) => this.groups.has(tile.value))
    this.small = [
      { canvas: this.part("plus-picture"), codeOf: () => this.meanOf(this.choice.plus) },
      { canvas: this.part("minus-picture"), codeOf: () => this.meanOf(this.choice.minus) },
      { canvas: this.part("reconstruction"), codeOf: () => this.code },
      ...this.strip.map((tile, i) => ({ canvas: tile.firstChild, codeOf: () => this.resultAt(STRENGTHS[i]) })),
      ...means.map((tile) => ({ canvas: tile.firstChild, codeOf: () => this.meanOf(tile.value), isMean: true })),
    ]
    for (const each of this.small) each.isOld = true
  }

  meanOf(id) {
    if (!this.kept.has(id)) this.kept.set(id, meanCodeOf(this.groups.get(id), this.space.encodings))
    return this.kept.get(id)
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  // All that changes with the weights, the picture or the groups, but not with the strength.
  renew() {
    const { space, choice } = this
    this.makeGroups()
    this.isOld = false
    if (!this.groups.size) return
    const isNew = this.encodings !== space.encodings || this.network !== space.network
    if (isNew) this.kept.clear()
    for (const each of this.small) each.isOld ||= isNew || !each.isMean
    Object.assign(this, { encodings: space.encodings, network: space.network })
    const picture = space.pictures[choice.picture]
    this.code = (space.encodings[choice.picture] ?? space.network.encode(picture)).mean
    const [plus, minus] = [this.meanOf(choice.plus), this.meanOf(choice.minus)]
    this.difference = plus.map((value, k) => value - minus[k])
    paintPicture(this.part("original"), space.size, picture)
    this.write()
  }

  resultAt(strength) {
    return this.code.map((value, k) => value + strength * this.difference[k])
  }

  write() {
    const { space, choice, groups } = this
    const what = `${space.classOf(choice.picture)}, ${space.origin} picture ${choice.picture + 1}`
    setText(this.part("picture-words"), `${what}. Above: its code, decoded.`)
    this.part("original").ariaLabel = `${what}, as it is`
    this.part("reconstruction").ariaLabel = `${what}: its code, decoded`
    for (const side of ["plus", "minus"]) {
      const { name, count } = groups.get(choice[side])
      this.part(side).value = choice[side]
      this.part(`${side}-picture`).ariaLabel = `${capital(name)}: the mean code, decoded`
      setText(this.part(`${side}-count`), `Mean of ${countText(count)} ${space.origin} ${count === 1 ? "picture" : "pictures"}.`)
    }
    setText(this.part("about"), this.aboutText())
    this.means.forEach((tile) => tile.setAttribute("aria-pressed", tile.value === choice.plus))
    this.examples.forEach(([, plus, minus], i) => {
      this.part(`example-${i}`).setAttribute("aria-pressed", plus === choice.plus && minus === choice.minus)
    })
  }

  aboutText() {
    const [plus, minus] = ["plus", "minus"].map((side) => this.groups.get(this.choice[side]))
    const groups = plus === minus ? [plus] : [plus, minus]
    const words = groups.map(({ name, about }) => `${capital(name)}: ${about}.`).join(" ")
    const isFair = groups.some(({ kind }) => kind !== "class")
    const fair = isFair ? " Codes are averaged class by class, so that the difference is this and not the class." : ""
    const plain = this.space.isGaussian
      ? ""
      : " This autoencoder has no prior, and nothing was asked of the places between its codes: a sum may mean nothing."
    return words + fair + plain
  }

  draw() {
    const start = performance.now()
    if (this.isOld) this.renew()
    this.part("walk").disabled = !this.groups.size
    if (!this.groups.size) return setText(this.part("about"), "Encoding the test pictures…")
    const { space, choice } = this
    this.result = this.resultAt(choice.strength)
    const picture = space.decode(this.result)
    paintPicture(this.part("result"), space.size, picture)
    this.showStrength()
    this.paintSmall(start + FRAME_SHARE)
    Object.assign(this.root.dataset, {
      ...choice,
      resultHash: hashOf(picture),
      result: JSON.stringify(Array.from(this.result.slice(0, 8), (value) => Number(value.toFixed(3)))),
    })
  }

  showStrength() {
    const { picture, plus, minus, strength } = this.choice
    const text = strengthText(strength)
    const slider = this.part("strength")
    if (Number(slider.value) !== strength) slider.value = strength
    slider.setAttribute("aria-valuetext", text)
    setText(this.part("strength-text"), text)
    setText(this.part("sign"), `${strength < 0 ? "−" : "+"} ${strengthText(Math.abs(strength))} × (`)
    this.strip.forEach((tile, i) => tile.setAttribute("aria-current", STRENGTHS[i] === strength))
    const [first, second] = [plus, minus].map((id) => this.groups.get(id).name)
    this.part("result").ariaLabel =
      `The picture that the decoder draws of ${this.space.wordsFor(picture)} plus ${text} times ${first} minus ${second}`
    if (!sameBytes(this.result, this.space.code)) setText(this.part("walked"), "")
  }

  // As many as there is time for in this frame; the others in the next ones.
  paintSmall(end) {
    const waiting = this.small.filter((each) => each.isOld)
    for (const each of waiting) {
      if (performance.now() > end) break
      paintPicture(each.canvas, this.space.size, this.space.decode(each.codeOf()))
      each.isOld = false
    }
    const left = this.small.filter((each) => each.isOld).length
    this.root.dataset.waiting = left
    if (left) this.requestDraw()
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1)

// A small picture with a word under it, as a button.
function makeTile(testid, words, ariaLabel, onclick) {
  const canvas = make("canvas", { className: "picture" })
  return make("button", { type: "button", className: "tile", ariaLabel, onclick, dataset: { testid } }, canvas, words)
}

export default spaceComponent(LatentArithmetic)
