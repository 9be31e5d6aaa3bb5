// A run as one layer of its encoder sees it: the same network and pictures as a code space, and the same ways to fetch them, but
// with the weights themselves and with what the layer's units answer in the place of the codes.
// Needs space.js and features_units_layer.js.

class LayerSpace extends Space {
  constructor({ base, token, depth }) {
    super({ base, token })
    this.depth = depth
    this.units = null // what layerOf tells of the layer
    this.answers = null // see answersOf
    this.shapes = null // see picturesOf; null where they are no pictures
    this.unitStatistics = null
  }

  get isReady() {
    return this.answers !== null
  }

  // To so many pictures there are answers: of a large network in training not to all.
  get answered() {
    return this.answers.length / this.units.count
  }

  answersOfUnit(unit) {
    return this.answers.subarray(unit * this.answered, (unit + 1) * this.answered)
  }

  // A network only answers; its weights are wanted here, too.
  async ask(what, cache) {
    const response = await super.ask(what, cache)
    if (!what.startsWith("network?") || response.status === 204) return response
    const block = await response.arrayBuffer()
    this.floats = readFloats(unpackBlock(block).parts[0])
    return new Response(block, { headers: response.headers })
  }

  *encoding() {
    const { floats, pictures } = this
    const units = layerOf(this.facts.description, this.depth)
    if (!units) return this.say(`This network has no layer ${this.depth}: choose one of its ${this.facts.description.encoder.length}.`)
    const shapes = units.drawn === "best" ? null : yield* picturesOf(units, floats)
    const isEnough = (done, spent) => !this.isFinal && spent > LIVE_BUDGET && done >= LIVE_LEAST
    this.accept(units, yield* answersOf(units, floats, pictures, isEnough), shapes)
  }

  accept(units, answers, shapes) {
    const statistics = unitStatistics(units, answers)
    Object.assign(this, { units, answers, shapes, unitStatistics: statistics })
    const isBroken = !statistics.mean.every(Number.isFinite)
    if (isBroken || this.problem === BROKEN) this.say(isBroken ? BROKEN : "")
    this.tell("codes")
  }
}

// The page keeps spaces by name, so that weights are fetched once; one of a layer has a name of its own.
function layerComponent(View) {
  const mount = spaceComponent(View)
  return (call) => {
    const { data: { space, depth } } = call
    const name = `${space.token} layer ${depth}`
    const spaces = (globalThis.aecoreSpaces ??= new Map())
    if (!spaces.has(name)) spaces.set(name, new LayerSpace({ ...space, depth }))
    return mount({ ...call, data: { ...call.data, space: { ...space, token: name } } })
  }
}
