// The code space of one run as the browser knows it: the network, test pictures with their codes, and one code that the
// person moves. Knows no screen. All that changes is told to listeners. Needs pixels.js, network.js, idle_work.js, random.js
// and code_statistics.js.
//
// While the run is in training, newer weights are fetched again and again, and all pictures are encoded anew.

const FINAL_STATES = ["finished", "stopped", "failed", "interrupted", "gone"]
const FETCH_EVERY = 700 // milliseconds from having encoded everything to asking for newer weights
const LONGEST_WAIT = 5000
const BREATHS = 4 // so many times as long as fetching took is waited before the next time: the network belongs to others too
const LIVE_BUDGET = 800 // milliseconds that encoding may take while the run is in training: large networks then encode fewer…
const LIVE_LEAST = 100 // …but not fewer than these
const TELL_EVERY = 100 // encodings of the first pass between two times that listeners hear of them
const SPACES_KEPT = 3
const BROKEN = "The weights of this network have grown beyond all bounds: its training has diverged. Train it again with a smaller learning rate."
const USUAL_REACH = 3 // a Gaussian code's prior has 99.7 % within three standard deviations

class Space {
  constructor({ base, token }) {
    Object.assign(this, { base, token })
    this.listeners = new Set()
    this.work = new IdleWork()
    this.stamp = null // of the weights that are here
    this.state = null // of the run
    this.facts = null // what the server says of the run; see latent_route.py
    this.network = null
    this.pictures = []
    this.labels = [] // the class of each picture, a position in `classes`
    this.classes = []
    this.origin = "" // "test" or "validation": which pictures these are
    this.factors = null // {names, values}: the known factors of each picture, where there are any
    this.encodings = [] // {mean, logVariance} of the first so many pictures
    this.statistics = null // see codeStatistics; null until something is encoded
    this.code = null // the code that the person moves, the same in every view
    this.start = null // {code, words, picture}: from where the person set out, if they chose it; picture may be null
    this.isUntouched = true // whether nobody has moved the code yet
    this.problem = "" // a sentence, where there is nothing to show
    this.failures = 0
  }

  // news: "network" (other weights), "pictures", "codes" (more or all pictures encoded), "code" (the person's own moved),
  // "state" (of the run), "problem". Returns what to call to listen no more.
  listen(listener) {
    this.listeners.add(listener)
    this.fetchSoon(0)
    return () => this.listeners.delete(listener)
  }

  tell(news) {
    for (const listener of [...this.listeners]) listener(news)
  }

  // --- what is known -------------------------------------------------------------------------------------------------

  get isReady() {
    return this.network !== null && this.code !== null
  }

  get isGaussian() {
    return this.facts.description.gaussian
  }

  get codeSize() {
    return this.network.codeSize
  }

  // Of a picture: {channels, height, width}.
  get size() {
    return this.facts
  }

  // The picture that a code stands for.
  decode(code) {
    return this.network.decode(code)
  }

  classOf(i) {
    return this.classes[this.labels[i]] ?? String(this.labels[i])
  }

  // What the code of a picture is called.
  wordsFor(i) {
    return `the code of a picture of class ${this.classOf(i)} (${this.origin} picture ${i + 1})`
  }

  // Of the numbers of the code: the prior's mean and standard deviation where there is a prior, else those of the codes.
  centreOf(k) {
    return this.isGaussian ? 0 : (this.statistics?.mean[k] ?? 0)
  }

  spreadOf(k) {
    return this.isGaussian ? 1 : Math.sqrt(this.statistics?.variance[k] ?? 1)
  }

  // From where to where a number of the code is worth moving.
  rangeOf(k) {
    const { low = [], high = [] } = this.statistics ?? {}
    if (this.isGaussian) {
      const reach = Math.ceil(2 * Math.max(USUAL_REACH, -(low[k] ?? 0), high[k] ?? 0)) / 2
      return [-reach, reach]
    }
    const margin = 0.1 * (high[k] - low[k]) || 1
    return [(low[k] ?? 0) - margin, (high[k] ?? 0) + margin]
  }

  // A random code: from the prior, its standard deviation times `temperature`. Where there is no prior, from the normal
  // distribution with the mean and the covariance of the codes (a sum of the centred codes, each times a normal number).
  sample(random, temperature = 1) {
    if (this.isGaussian) return Float32Array.from(normals(this.codeSize, random), (value) => temperature * value)
    const { mean, count } = this.statistics
    const code = Float64Array.from(mean)
    normals(count, random).forEach((weight, i) => {
      const share = (temperature * weight) / Math.sqrt(count)
      this.encodings[i].mean.forEach((value, k) => (code[k] += share * (value - mean[k])))
    })
    return Float32Array.from(code)
  }

  // --- what the person does ------------------------------------------------------------------------------------------

  setCode(code) {
    this.code = Float32Array.from(code)
    this.isUntouched = false
    this.touch()
    this.tell("code")
  }

  // Set out from a code. words: what it is, as in "Start: the code of a 7"; picture: the one that was encoded, if any.
  setOut(code, words, picture = null) {
    this.start = { code: Float32Array.from(code), words, picture }
    this.setCode(code)
  }

  // The middle of the prior, or where there is none, of the codes.
  get middle() {
    return Float32Array.from({ length: this.codeSize }, (_, k) => this.centreOf(k))
  }

  // Long work waits while something is being dragged.
  touch() {
    this.work.postpone()
  }

  // --- from the server -----------------------------------------------------------------------------------------------

  // What the page knows: the run's state, and the stamp of its weights where they change no more, else null.
  update(stamp, state) {
    this.wantedStamp = stamp
    if (this.isFinal) this.state = state
    this.isRefused = false
    this.fetchSoon(0)
  }

  get isFinal() {
    return FINAL_STATES.includes(this.state)
  }

  fetchSoon(delay) {
    clearTimeout(this.timer)
    if (!this.listeners.size) return
    const isNewest = this.wantedStamp === null || this.wantedStamp === this.stamp
    const hasAll = this.network && this.pictures.length && isNewest
    if (!this.isFinal || !(hasAll || this.isRefused)) this.timer = setTimeout(() => this.fetchAll(), delay)
  }

  async fetchAll() {
    if (this.isBusy) return
    if (document.hidden) return this.fetchSoon(FETCH_EVERY)
    this.isBusy = true
    const start = performance.now()
    try {
      const network = this.fetchNetwork()
      await Promise.all([network, this.pictures.length ? null : this.fetchPictures(network)])
      this.failures = 0
    } catch (error) {
      this.failures++
      if (error.isAnswer) this.say(error.message)
      else reportError(error) // a mistake of ours, not the server's
    }
    this.isBusy = false
    const wait = Math.max(FETCH_EVERY * 2 ** this.failures, BREATHS * (performance.now() - start))
    const delay = Math.min(LONGEST_WAIT, wait)
    if (this.isEncoding) this.fetchAfterwards = delay
    else this.fetchSoon(delay)
  }

  async fetchNetwork() {
    // Weights of one stamp never change, so the browser keeps them. Else the server is asked whether there are newer ones.
    const isKept = this.wantedStamp !== null && this.wantedStamp !== this.stamp
    const query = isKept ? `stamp=${this.wantedStamp}` : `have=${this.stamp ?? ""}`
    const response = await this.ask(`network?${query}`, isKept ? "default" : "no-store")
    if (response.status === 204) return this.setState(response.headers.get("x-run-state"))
    const { parts: [weights], ...facts } = unpackBlock(await response.arrayBuffer())
    this.facts = facts
    this.stamp = facts.stamp
    if (isKept) this.wantedStamp = this.stamp // the page may have known an older one
    this.network = makeNetwork(facts.description, weights)
    if (this.isGaussian) this.code ??= new Float32Array(this.codeSize)
    if (this.problem !== BROKEN) this.say("") // whether it still is, the codes will tell
    this.tell("network")
    this.setState(facts.state)
    this.encodeAll()
  }

  // network: what to wait for, so that whoever hears of pictures can encode them.
  async fetchPictures(network) {
    const response = await this.ask("atlas", "default")
    const { parts: [images], labels, classes, origin, factors } = unpackBlock(await response.arrayBuffer())
    await network
    Object.assign(this, { labels, classes, origin, factors, pictures: picturesIn(images, labels.length) })
    this.tell("pictures")
    this.encodeAll()
  }

  async ask(what, cache) {
    const address = `${this.base}/api/runs/${encodeURIComponent(this.token)}/${what}`
    const response = await fetch(address, { cache }).catch(() => null)
    if (response?.ok) return response
    this.isRefused = response?.status === 404
    if (this.isRefused) this.setState(response.headers.get("x-run-state") ?? this.state)
    const { error } = (await response?.json().catch(() => null)) ?? {}
    throw Object.assign(new Error(error ?? "The server does not answer. Trying again…"), { isAnswer: true })
  }

  setState(state) {
    if (state === this.state) return
    this.state = state
    this.tell("state")
    if (this.isFinal && this.encodings.length < this.pictures.length) this.encodeAll() // what there was no time for
  }

  say(problem) {
    if (problem === this.problem) return
    this.problem = problem
    this.tell("problem")
  }

  // --- codes of all pictures -----------------------------------------------------------------------------------------

  encodeAll() {
    if (!this.network || !this.pictures.length) return
    // Without a prior there is no middle to start from: a picture's own code is a place where the decoder knows its way.
    if (this.isUntouched && !this.isGaussian) {
      this.code = this.network.encode(this.pictures[0]).mean
      this.start = { code: this.code, words: this.wordsFor(0), picture: this.pictures[0] }
      this.tell("code")
    }
    this.isEncoding = true
    this.work.start(this.encoding(), () => {
      this.isEncoding = false
      if (this.fetchAfterwards !== undefined) this.fetchSoon(this.fetchAfterwards)
      this.fetchAfterwards = undefined
    })
  }

  // Of newer weights all codes come at once, so that the map is never half old and half new.
  *encoding() {
    const { network, pictures } = this
    const isFirst = !this.encodings.length
    const encodings = []
    let spent = 0
    for (const picture of pictures) {
      if (!this.isFinal && spent > LIVE_BUDGET && encodings.length >= LIVE_LEAST) break
      const start = performance.now()
      encodings.push(network.encode(picture))
      spent += performance.now() - start
      if (isFirst && encodings.length % TELL_EVERY === 0 && encodings.length < pictures.length) this.accept([...encodings])
      yield
    }
    this.accept(encodings)
  }

  accept(encodings) {
    this.encodings = encodings
    this.statistics = codeStatistics(encodings)
    const isBroken = !this.statistics.mean.every(Number.isFinite)
    if (isBroken || this.problem === BROKEN) this.say(isBroken ? BROKEN : "")
    this.tell("codes")
  }
}

// The space of a run, the same one for all views of the page, so that weights are fetched and pictures encoded once. Each view
// is a module of its own, hence the place that all of them can see.
function spaceFor({ base, token, stamp, state }) {
  const spaces = (globalThis.aecoreSpaces ??= new Map())
  const space = spaces.get(token) ?? new Space({ base, token })
  spaces.delete(token)
  spaces.set(token, space)
  for (const [old, { listeners }] of spaces) if (spaces.size > SPACES_KEPT && !listeners.size) spaces.delete(old)
  space.update(stamp, state)
  return space
}
