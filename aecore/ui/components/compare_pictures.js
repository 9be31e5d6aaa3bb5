// The same held-out pictures through several networks. Needs canvas.js, pixels.js, random.js, noise.js and network.js.

const SHOWN = { pictures: 10, sequences: 4 }
const NARROW = { pictures: 5, sequences: 1 } // the style hides the others
const NOISE_SEED = 8

const fetched = async (address) => {
  const response = await fetch(address)
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? `The server answered ${response.status}.`)
  return unpackBlock(new Uint8Array(await response.arrayBuffer()))
}

// One of each class in turn, so that the first ten show all ten digits.
function inTurns(labels) {
  const seen = new Map()
  const turns = labels.map((label) => {
    seen.set(label, (seen.get(label) ?? -1) + 1)
    return seen.get(label)
  })
  return [...labels.keys()].sort((a, b) => turns[a] - turns[b] || labels[a] - labels[b])
}

class ComparePictures {
  constructor(root) {
    this.root = root
    this.networks = new Map() // by token and stamp: a promise of what its answers are made with
    this.choice = { noise: "none", level: 0.5, from: 0 }
    this.part = (name) => root.querySelector(`[data-testid=${name}]`)
    for (const button of root.querySelectorAll("[name=noise]")) button.onchange = () => this.choose({ noise: button.value })
    this.part("level").oninput = () => this.choose({ level: Number(this.part("level").value) })
    this.part("others").onclick = () => this.choose({ from: this.choice.from + this.count })
    this.resizing = new ResizeObserver(() => this.requestDraw())
    this.resizing.observe(root)
  }

  close() {
    this.resizing.disconnect()
    cancelAnimationFrame(this.request)
    this.isClosed = true
  }

  get isOfSequences() {
    return this.size?.height === 1
  }

  get count() {
    return Math.min(SHOWN[this.isOfSequences ? "sequences" : "pictures"], this.order?.length ?? 0)
  }

  choose(choice) {
    Object.assign(this.choice, choice)
    this.requestDraw()
  }

  requestDraw() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      if (this.rows) this.draw()
    })
  }

  async update(data) {
    const wanted = JSON.stringify(data)
    if (wanted === this.wanted) return this.requestDraw() // the theme may be another one
    this.wanted = wanted
    this.data = data
    setText(this.part("about"), "Getting the networks…")
    const [first] = data.runs
    const fits = data.runs.filter((run) => String(run.shape) === String(first.shape))
    const others = data.runs.filter((run) => !fits.includes(run))
    const settled = await Promise.allSettled([this.atlasOf(first), ...fits.map((run) => this.networkOf(run))])
    if (this.isClosed || wanted !== this.wanted) return // others were asked for meanwhile
    const [atlas, ...networks] = settled
    this.problems = others.map(({ name, data: of }) => `${name} takes ${of} of another size.`)
    networks.forEach(({ reason }, i) => reason && this.problems.push(`${fits[i].name}: ${reason.message}`))
    this.rows = fits
      .map((run, i) => ({ ...run, colour: data.runs.indexOf(run), network: networks[i].value }))
      .filter(({ network }) => network)
    if (atlas.reason || !this.rows.length) {
      this.rows = null
      this.part("rows").replaceChildren()
      return setText(this.part("about"), [atlas.reason?.message, ...this.problems].filter(Boolean).join(" "))
    }
    Object.assign(this, atlas.value)
    this.build()
    this.draw()
  }

  async atlasOf({ token, shape: [channels, height, width] }) {
    const { parts: [bytes], labels, classes, origin } = await fetched(`${this.data.base}/api/runs/${encodeURIComponent(token)}/atlas`)
    const pictures = picturesIn(bytes, labels.length)
    return { size: { channels, height, width }, pictures, order: inTurns(labels), classNames: labels.map((label) => classes[label] ?? label), origin }
  }

  networkOf({ token, stamp }) {
    const key = `${token} ${stamp}`
    if (!stamp || !this.networks.has(key)) {
      const query = stamp ? `?stamp=${stamp}` : ""
      const promise = fetched(`${this.data.base}/api/runs/${encodeURIComponent(token)}/network${query}`)
      const made = promise.then(({ description, parts: [weights] }) => makeNetwork(description, weights))
      made.catch(() => this.networks.delete(key))
      this.networks.set(key, made)
    }
    return this.networks.get(key)
  }

  build() {
    const kind = this.isOfSequences ? "lines" : ""
    const line = (name, colour, testid) => {
      const title = make("div", { className: "name", role: "rowheader" }, make("span", {}, name), make("small"))
      if (colour !== null) {
        title.prepend(make("i", { ariaHidden: true }))
        title.firstChild.style.setProperty("--run", `var(--run-${colour})`)
      }
      const cells = Array.from({ length: this.count }, () => make("canvas", { role: "img" }))
      return make("div", { className: `row ${kind}`, role: "row", dataset: { testid } }, title, ...cells)
    }
    this.lines = [line("Original", null, "row-original"), line("Given to them", null, "row-given")]
    this.lines.push(...this.rows.map((row, i) => line(row.name, row.colour, `row-${i}`)))
    this.part("rows").replaceChildren(...this.lines)
    this.part("rows").style.setProperty("--count", this.count)
    this.part("rows").style.setProperty("--narrow", Math.min(this.count, NARROW[this.isOfSequences ? "sequences" : "pictures"]))
    setText(this.part("others"), this.isOfSequences ? "Other sequences" : "Other pictures")
    this.part("others").disabled = this.order.length <= this.count
  }

  draw() {
    const { noise, level, from } = this.choice
    const theme = readTheme(this.root)
    theme.palette.forEach((colour, i) => this.root.style.setProperty(`--run-${i}`, colour))
    this.root.dataset.noise = noise
    setText(this.part("level-text"), noise === "gaussian" ? `σ = ${level.toFixed(2)}` : `p = ${Math.round(100 * level)} %`)
    const chosen = Array.from({ length: this.count }, (_, i) => this.order[(from + i) % this.order.length])
    const originals = chosen.map((index) => this.pictures[index])
    const given = originals.map((picture, i) => {
      return noise === "none" ? picture : corrupt(picture, drawNoise(noise, this.size, NOISE_SEED + chosen[i]), level)
    })
    const [original, corrupted, ...answers] = this.lines
    corrupted.hidden = noise === "none"
    const names = chosen.map((index) => `class ${this.classNames[index]}`)
    this.paintRow(theme, original, originals, null, names.map((name) => `The original, ${name}`))
    this.paintRow(theme, corrupted, given, originals, names.map((name) => `What the networks are given, ${name}`))
    const errors = this.rows.map(({ network, name }, i) => {
      const made = given.map((picture) => network.reconstruct(picture))
      this.paintRow(theme, answers[i], made, originals, names.map((of) => `${name}: ${of}`))
      return originals.reduce((sum, picture, at) => sum + meanSquaredError(picture, made[at]), 0) / originals.length
    })
    const best = Math.min(...errors)
    const isContest = errors.some((error) => error > best)
    errors.forEach((error, i) => {
      const note = answers[i].querySelector("small")
      note.replaceChildren("squared error ", make(isContest && error === best ? "b" : "span", { textContent: error.toFixed(4) }))
      if (isContest && error === best) note.append(" · best here")
      answers[i].dataset.error = error
    })
    const what = this.isOfSequences ? "sequences" : "pictures"
    const source =
      `${this.count} ${this.origin} ${what} of ${this.rows[0].data}: no network that learned from these data was trained on them. ` +
      "Squared error: the mean over these."
    setText(this.part("about"), [source, ...this.problems].join(" "))
    this.root.dataset.drawn = this.rows.length
  }

  // beside: of sequences, the originals that lie under these as thin lines.
  paintRow(theme, line, pictures, beside, labels) {
    const cells = line.querySelectorAll("canvas")
    pictures.forEach((picture, i) => {
      cells[i].ariaLabel = labels[i]
      if (!this.isOfSequences) return paintPicture(cells[i], this.size, picture)
      const { pen, width, height } = penFor(cells[i])
      if (beside) this.stroke(pen, width, height, beside[i], { strokeStyle: theme.text, lineWidth: 1, globalAlpha: 0.5 })
      const colour = beside ? theme.primary : theme.text
      this.stroke(pen, width, height, picture, { strokeStyle: colour, lineWidth: 2, globalAlpha: 1 })
    })
  }

  // Channels lie one above the other.
  stroke(pen, width, height, sequence, style) {
    const { channels, width: steps } = this.size
    const lane = height / channels
    Object.assign(pen, style, { lineJoin: "round" })
    for (let channel = 0; channel < channels; channel++) {
      pen.beginPath()
      for (let step = 0; step < steps; step++) {
        const value = Math.min(1, Math.max(0, sequence[channel * steps + step]))
        pen.lineTo((step / Math.max(1, steps - 1)) * width, channel * lane + 5 + (1 - value) * (lane - 10))
      }
      pen.stroke()
    }
  }
}

export default function ({ data, parentElement }) {
  const make = (root) => new ComparePictures(root)
  return keepView(parentElement, "[data-testid=compare-pictures]", make, (view) => view.update(data))
}
