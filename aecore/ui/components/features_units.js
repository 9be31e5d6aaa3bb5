// The units of one layer: all as pictures, one of them in full, and how much they are used.
// Needs everything that space_view.js needs, numbers.js, curve.js, and the other files of this view.

const PARTS = 40 // bars of a histogram
const COLOURS = 511 // an odd number: there is one in the middle
const SORTED_BY = { mean: "mean activation", deviation: "spread", number: "number" }
const NAMES = { relu: "ReLU", leaky_relu: "leaky ReLU", gelu: "GELU", silu: "SiLU" }
// What the person chose, for whatever layer they look at: how units are sorted (null: as suits the layer), and how large.
const KEPT = { by: null, isLarge: false }

const DRAWN = {
  weights: "Each picture shows the weights from the pixels to one unit: what the unit looks for. Each is scaled to its own largest weight.",
  filters:
    "Each picture is a filter of the first convolution, which is laid on every place of the picture. Each is scaled to its own " +
    "largest weight.",
  combinations:
    "A unit of this layer has no weights to the pixels. Each picture is the sum of the pictures of the layer below, times the " +
    "unit's weights to them: what it would respond to if no unit bent its answer (Lee, Ekanadham & Ng 2008; Erhan et al. 2009). " +
    "Each is scaled to its own largest number.",
  best: "Only the weights of dense layers and the filters of the first convolution are pictures. Each unit is shown here by the picture that excites it most.",
}

class FeaturesUnits extends SpaceView {
  constructor(root, space, tell) {
    super(root, space, tell)
    this.selected = null
    this.target = null // ρ, a share of the range
    this.mosaic = new Mosaic(this.part("tiles"), this.part("grid"), { onpick: (unit) => this.select(unit) })
    this.unit = new UnitPanel((name) => this.part(name))
    for (const chip of this.part("sort").querySelectorAll("input")) chip.onchange = () => this.sortBy(chip.value)
    this.part("again").onclick = () => this.sortBy(this.by)
    this.part("larger").onclick = () => {
      KEPT.isLarge = !KEPT.isLarge
      this.requestDraw()
    }
    this.part("before").onclick = () => this.turn(-1)
    this.part("after").onclick = () => this.turn(1)
    if (space.isReady) this.take()
  }

  update({ target }) {
    this.target = target
    this.requestDraw()
  }

  hear(news) {
    if (news === "codes") this.take()
  }

  readTheme() {
    super.readTheme()
    this.table = divergingTable(this.theme)
    if (this.space.isReady) this.setPictures()
  }

  // Newer answers. The order stays, so that a unit can be watched while it learns.
  take() {
    const { space } = this
    this.table ??= divergingTable(this.theme)
    const { drawn, activeAbove } = space.units
    this.by ??= KEPT.by ?? (activeAbove === null ? "deviation" : "mean")
    this.bestOf = drawn === "best" ? (unit) => mostExciting(space.answers, space.answered, unit, 1)[0] : null
    this.order ??= unitsInOrder(space.unitStatistics, this.by)
    this.selected ??= this.order[0]
    this.isSorted = unitsInOrder(space.unitStatistics, this.by).every((unit, i) => unit === this.order[i])
    this.axis = axisOf(space.answers, space.units.ends)
    this.setPictures()
  }

  setPictures() {
    this.mosaic.setPictures(this.space.units.count, this.tileSize, (canvas, unit) => this.paintUnit(canvas, unit))
  }

  // Of a unit's picture.
  get tileSize() {
    const { units, size } = this.space
    if (units.drawn !== "filters") return size
    const { kernel_size: side, input_shape: [channels] } = units.layers[0]
    return { channels, width: side, height: side }
  }

  paintUnit(canvas, unit) {
    const { space, table, bestOf, tileSize: size } = this
    if (bestOf) return paintPicture(canvas, size, space.pictures[bestOf(unit)])
    const length = size.channels * size.width * size.height
    paintWeights(canvas, size, space.shapes.subarray(unit * length, (unit + 1) * length), table)
  }

  // --- what the person does ------------------------------------------------------------------------------------------

  // Drawn at once: the unit may be on another page, and is focused next.
  select(unit) {
    this.selected = unit
    this.requestDraw()
    this.drawIfDue()
  }

  sortBy(by) {
    this.by = KEPT.by = by
    this.order = unitsInOrder(this.space.unitStatistics, by)
    this.isSorted = true
    this.selected = this.order[0]
    this.mosaic.followed = null
    this.requestDraw()
  }

  turn(pages) {
    this.mosaic.turn(pages)
    this.requestDraw()
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  draw() {
    const { space, mosaic } = this
    setText(this.part("title"), this.titleText)
    for (const chip of this.part("sort").querySelectorAll("input")) chip.checked = chip.value === this.by
    this.part("again").toggleAttribute("data-off", this.isSorted)
    this.part("again").hidden = this.isSorted && space.isFinal // else its room is kept
    this.part("larger").ariaPressed = KEPT.isLarge
    const { dead } = space.unitStatistics
    const of = { isDead: (unit) => dead[unit], labelOf: (unit) => this.labelOf(unit) }
    mosaic.draw({ order: this.order, selected: this.selected, isLarge: KEPT.isLarge, ...of })
    this.showPages()
    this.showScale()
    setText(this.part("about"), this.aboutText)
    this.drawUnit()
    this.drawNumbers()
    this.drawCharts()
    this.leaveUnitReadings()
  }

  get titleText() {
    const { units, depth } = this.space
    const { count, activation, topK, isCode, isGaussian, layers } = units
    const what = layers.at(-1).kind === "dense" ? "units" : "filters"
    const kind = isGaussian ? "means" : (NAMES[activation] ?? activation)
    const kept = topK === undefined ? "" : `, the ${countText(topK)} largest kept`
    return `${isCode ? "The code" : `Layer ${depth}`}: ${countText(count)} ${what}, ${kind}${kept}`
  }

  labelOf(unit) {
    const { space } = this
    const { mean, active, dead } = space.unitStatistics
    const use = dead[unit] ? "dead" : active ? `active for ${active[unit]} of ${space.answered} pictures` : ""
    return [`Unit ${unit + 1}`, `mean activation ${activationText(mean[unit])}`, use].filter(Boolean).join(", ")
  }

  showPages() {
    const { mosaic } = this
    this.part("pages").hidden = mosaic.pages === 1
    this.part("before").disabled = mosaic.page === 0
    this.part("after").disabled = mosaic.page === mosaic.pages - 1
    const first = mosaic.page * mosaic.onPage
    setText(
      this.part("page"),
      `${countText(first + 1)} to ${countText(first + mosaic.shown.length)} of ${countText(mosaic.count)}, by ${SORTED_BY[this.by]}`,
    )
  }

  showScale() {
    const isShown = !this.bestOf && this.tileSize.channels === 1
    this.part("scale").hidden = !isShown
    if (!isShown) return
    paint(this.part("scale").querySelector("canvas"), { width: COLOURS, height: 1 }, (data) => data.set(this.table))
  }

  get aboutText() {
    const { units } = this.space
    const isColour = units.drawn !== "best" && this.tileSize.channels === 3
    const colours = isColour ? " Grey is no weight; a colour is what the unit wants more of." : ""
    const places = units.layers.at(-1).kind === "dense" ? "" : " A filter's activation for a picture is the largest that it has anywhere in it."
    const order = this.space.isFinal ? "" : " While the run trains, the units keep their places: press “Sort again” to have them sorted as they are now."
    return `${DRAWN[units.drawn]}${colours}${places}${order}`
  }

  // The target as an activation: ρ is a share of the range (of tanh, from −1 to 1).
  get targetAt() {
    const [low, high] = this.space.units.ends ?? [0, 1]
    return this.target === null ? null : low + this.target * (high - low)
  }

  get targetText() {
    const at = this.targetAt
    return this.target === null ? "" : `target ρ = ${this.target}${at === this.target ? "" : ` (${activationText(at)})`}`
  }

  drawUnit() {
    const { selected, axis, tileSize: size, targetAt: target, targetText } = this
    this.paintUnit(this.part("picture"), selected)
    this.unit.draw(this.theme, this.space, selected, { axis, size, target, targetText })
  }

  drawNumbers() {
    const { space } = this
    const { count, activeAbove, rests, isGaussian, topK } = space.units
    const { dead, active, mean } = space.unitStatistics
    const pictures = `${space.answered} ${space.origin} pictures`
    const deadCount = dead.filter(Boolean).length
    setText(this.part("dead"), `${countText(deadCount)} of ${countText(count)}`)
    const deadText = rests
      ? `0 for every one of ${pictures}`
      : isGaussian
        ? `their mean hardly varies over ${pictures} (variance below ${ACTIVE_VARIANCE}; Burda et al. 2016)`
        : `the same for all ${pictures}, to within 1\u00a0% of the range`
    setText(this.part("dead-text"), deadText)
    const sum = active?.reduce((total, value) => total + value, 0) / space.answered
    setText(this.part("active"), active ? `${decimals(sum, 1)} of ${countText(count)}` : NOTHING)
    const above = rests ? "not 0" : `above ${activeAbove}${activeAbove || space.units.ends ? ", the middle of the range" : ""}`
    const share = `${decimals((100 * sum) / count, 1)}\u00a0% of the units on average; active: ${above}`
    setText(this.part("active-text"), active ? share : "a linear unit has no value at which it rests, so it is never silent")
    const average = mean.reduce((total, value) => total + value, 0) / count
    setText(this.part("mean"), activationText(average))
    setText(this.part("mean-text"), this.target === null ? "of all units and pictures" : `of all units; ${this.targetText}`)
    Object.assign(this.root.dataset, { dead: deadCount, active: active ? sum.toFixed(4) : "", mean: average.toFixed(5) })
  }

  drawCharts() {
    const { space, theme } = this
    const { answers, units, unitStatistics: { mean } } = space
    const all = { values: answers, axis: this.axis, parts: PARTS, across: "activation", isLog: true }
    drawHistogram(this.part("answers"), theme, { ...all, up: "how often" })
    const target = this.targetAt
    const marks = [{ at: mean[this.selected], text: `unit ${this.selected + 1}`, colour: theme.text }]
    if (target !== null) marks.push({ at: target, text: this.targetText, colour: theme.palette[6], isDashed: true })
    const means = { values: mean, axis: meansAxis(units, mean, target), parts: PARTS, across: "mean activation of a unit", up: "units", marks }
    drawHistogram(this.part("means"), theme, means)
    const { answersText } = this
    setText(this.part("answers-text"), answersText)
    this.part("answers").ariaLabel = `Histogram of all activations, on a logarithmic scale. ${answersText}`
    this.part("means").ariaLabel = `Histogram of the mean activation of each unit. ${marks.map(({ text }) => text).join(", ")}`
  }

  get answersText() {
    const { answers, answered, units } = this.space
    const total = `${countText(units.count)} units × ${countText(answered)} pictures, counted on a logarithmic scale.`
    if (!units.rests) return total
    let zeros = 0
    for (const value of answers) if (value === 0) zeros++
    return `${total} ${decimals((100 * zeros) / answers.length, 1)}\u00a0% are exactly 0.`
  }

  leaveUnitReadings() {
    const { space, mosaic } = this
    Object.assign(this.root.dataset, {
      depth: space.depth,
      units: space.units.count,
      answered: space.answered,
      selected: this.selected,
      page: mosaic.page,
      pages: mosaic.pages,
      columns: mosaic.layout.columns,
      order: mosaic.order.slice(0, 20).join(" "),
      stamp: space.stamp,
    })
  }
}

// Means lie close to the end at which the units rest: of a range with ends, as much of it as they need.
function meansAxis({ ends }, mean, target) {
  const [low, high] = ends ?? [0, Infinity]
  const shifted = Array.from(target === null ? mean : [...mean, target], (value) => value - low)
  const [least, most] = axisOf(shifted)
  return [low + least, Math.min(high, low + most)]
}

// Colours from the most negative weight through none, the paper, to the most positive: blue and orange of the same lightness,
// which colour-blind readers can tell apart. Red, green, blue, opacity of one after the other.
function divergingTable({ palette, surface }) {
  const canvas = Object.assign(document.createElement("canvas"), { width: COLOURS, height: 1 })
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  const colours = pen.createLinearGradient(0, 0, COLOURS, 0)
  ;[palette[0], surface, palette[6]].forEach((colour, i) => colours.addColorStop(i / 2, colour))
  pen.fillStyle = colours
  pen.fillRect(0, 0, COLOURS, 1)
  return pen.getImageData(0, 0, COLOURS, 1).data
}

// Weights of one channel in the table's colours, zero in its middle; of three as red, green and blue around grey.
function paintWeights(canvas, size, weights, table) {
  const middle = (COLOURS - 1) / 2
  const largest = weights.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1
  paint(canvas, size, (data, pixels) => {
    for (let i = 0; i < pixels; i++) {
      const at = 4 * Math.round(middle * (1 + weights[i] / largest))
      for (let channel = 0; channel < 3; channel++) {
        data[4 * i + channel] = size.channels === 1 ? table[at + channel] : 127.5 * (1 + weights[i + channel * pixels] / largest)
      }
    }
  })
}

export default layerComponent(FeaturesUnits)
