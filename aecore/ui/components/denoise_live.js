// Add noise to a picture and see networks take it away, while the slider moves. Needs numbers.js, canvas.js, curve.js,
// pixels.js, noise.js, network.js, idle_work.js and psnr_chart.js. Sends nothing to the server.

const percent = (share) => `${Math.round(100 * share)} %`
const SIGMA = { axis: "Strength σ: the standard deviation of the noise", tick: (level) => level.toFixed(1) }
const SHARE = { axis: "Strength p: the share of pixels that are hit", tick: percent }

const strengthOf = (kind) => (kind === "gaussian" ? SIGMA : SHARE)

function levelText(kind, level) {
  return kind === "gaussian" ? `σ = ${level.toFixed(2)}` : `p = ${percent(level)}`
}

const psnrText = (psnr, same) => (psnr === Infinity ? same : `${psnr.toFixed(1)} dB`)

function unpack(data) {
  const { parts: [images, ...weights], ...header } = unpackBlock(data)
  const networks = header.networks.map(({ description, ...about }, i) => ({ ...about, ...makeNetwork(description, weights[i]) }))
  return { ...header, networks, pictures: picturesIn(images, header.labels.length) }
}

class DenoiseLive {
  // choice: what the person chose before other networks or pictures came, or undefined.
  constructor(parent, data, choice) {
    this.data = data.slice()
    this.shown = unpack(data)
    this.root = parent.querySelector("[data-testid=denoise-live]")
    this.choice = { picked: 0, kind: this.shown.kind, level: this.shown.level, round: 0, ...choice }
    this.choice.picked = Math.min(this.choice.picked, this.shown.pictures.length - 1)
    this.work = new IdleWork()
    this.makeGallery()
    this.makeAnswers()
    this.readTheme()
    this.connectControls()
    this.renewNoise()
    this.draw()
    this.watcher = new ResizeObserver(() => this.drawChart())
    this.watcher.observe(this.part("psnr-chart"))
  }

  part(name) {
    return this.root.querySelector(`[data-testid=${name}]`)
  }

  stop() {
    this.work.stop()
    this.watcher.disconnect()
    cancelAnimationFrame(this.frame)
  }

  // The noisy picture has the colour of text, each network one of the theme.
  readTheme() {
    this.theme = readTheme(this.part("psnr-chart"))
    this.colours = [this.theme.text, ...this.shown.networks.map((_, i) => this.theme.palette[i])]
    const marked = [...this.root.querySelectorAll("figure"), ...this.part("legend").children]
    for (const element of marked) {
      if (element.dataset.curve) element.style.setProperty("--colour", this.colours[element.dataset.curve])
    }
  }

  makeGallery() {
    const { pictures, labels } = this.shown
    const choices = pictures.map((picture, i) =>
      makePictureChoice({
        name: "picture",
        label: labels[i],
        testid: `picture-${i}`,
        size: this.shown,
        picture,
        onpick: () => this.choose({ picked: i }),
      }),
    )
    choices[this.choice.picked].firstChild.checked = true
    this.part("gallery").replaceChildren(...choices)
  }

  makeAnswers() {
    const { networks, width, clean_title: cleanTitle } = this.shown
    const figures = networks.map(({ name, note }, i) =>
      make(
        "figure",
        { className: "answer", dataset: { curve: i + 1 } },
        make("figcaption", {}, make("b", { textContent: name }), make("small", { textContent: note })),
        make("canvas", { className: "picture", role: "img", dataset: { testid: `answer-${i}` } }),
        make(
          "p",
          { className: "psnr" },
          make("b", { dataset: { testid: `psnr-${i}` } }),
          make("span", { className: "best", textContent: "best" }),
        ),
      ),
    )
    const box = this.part("pictures")
    box.querySelectorAll(".answer").forEach((old, i) => {
      old.remove()
      for (const reading of ["psnr", "answer-hash"]) this.root.removeAttribute(`data-${reading}-${i}`)
    })
    box.append(...figures)
    box.style.setProperty("--count", 2 + networks.length)
    box.style.setProperty("--pixels", `${width}px`)
    setText(this.part("clean-title"), cleanTitle)
    const entry = (name, curve) => make("li", { dataset: { curve } }, make("i"), make("span", { textContent: name }))
    this.part("legend").replaceChildren(...["Noisy picture", ...networks.map(({ name }) => name)].map(entry))
  }

  connectControls() {
    const { kind, level } = this.choice
    for (const button of this.part("kinds").querySelectorAll("input")) {
      button.checked = button.value === kind
      button.onchange = () => this.choose({ kind: button.value })
    }
    const slider = this.part("level")
    slider.value = level
    slider.oninput = () => this.setLevel(Number(slider.value))
    this.part("new-noise").onclick = () => this.choose({ round: this.choice.round + 1 })
  }

  // The same strength of another noise: all curves are others.
  choose(choice) {
    Object.assign(this.choice, choice)
    this.renewNoise()
    this.requestFrame()
  }

  // The same noise at another strength: the curves stay, and whoever computes them waits for the pointer.
  setLevel(level) {
    this.choice.level = level
    this.work.postpone()
    this.requestFrame()
  }

  // However fast the pointer moves, there is one picture a frame of the display.
  requestFrame() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null
      this.draw()
    })
  }

  renewNoise() {
    const { picked, kind, round } = this.choice
    const { pictures, networks } = this.shown
    this.clean = pictures[picked]
    this.noise = drawNoise(kind, this.shown, seedOf(NOISE_KINDS.indexOf(kind), picked, round))
    this.isOld = true
    this.root.dataset.curve = "pending"
    const curves = emptyCurves(networks)
    this.work.start(measureCurves(this.clean, this.noise, networks, curves), () => {
      Object.assign(this, { curves, isOld: false })
      this.root.dataset.curve = "done"
      this.drawChart()
    })
  }

  draw() {
    const start = performance.now()
    const { clean, shown, choice } = this
    const noisy = corrupt(clean, this.noise, choice.level)
    const answers = shown.networks.map((network) => network.reconstruct(noisy))
    this.psnr = [noisy, ...answers].map((picture) => psnrOf(clean, picture))
    paintPicture(this.part("clean"), shown, clean)
    paintPicture(this.part("noisy"), shown, noisy)
    answers.forEach((answer, i) => paintPicture(this.part(`answer-${i}`), shown, answer))
    this.writeNumbers()
    this.drawChart()
    this.leaveReadings(noisy, answers)
    this.root.dataset.frameMs = (performance.now() - start).toFixed(2)
  }

  writeNumbers() {
    const { picked, kind, level } = this.choice
    const { labels, networks } = this.shown
    const [noisy, ...answers] = this.psnr
    const text = levelText(kind, level)
    const best = Math.max(...answers)
    const isContest = answers.some((psnr) => psnr < best)
    setText(this.part("level-text"), text)
    this.part("level").setAttribute("aria-valuetext", text)
    setText(this.part("psnr-noisy"), psnrText(noisy, "—"))
    this.part("clean").ariaLabel = `The clean picture: ${labels[picked]}`
    this.part("noisy").ariaLabel = `The noisy picture, ${psnrText(noisy, "without noise")}`
    answers.forEach((psnr, i) => {
      const number = psnrText(psnr, "perfect")
      setText(this.part(`psnr-${i}`), number)
      this.part(`psnr-${i}`).parentElement.toggleAttribute("data-best", isContest && psnr === best)
      this.part(`answer-${i}`).ariaLabel = `The answer of ${networks[i].name}, ${number}`
    })
  }

  drawChart() {
    const { curves = null, colours, isOld, psnr, choice: { kind, level } } = this
    const { axis, tick } = strengthOf(kind)
    const view = { curves, colours, isOld, level, now: psnr, strengthName: axis, strengthText: tick }
    const [canvas, { theme }] = [this.part("psnr-chart"), this]
    const names = ["noisy picture", ...this.shown.networks.map(({ name }) => name)]
    drawPsnrChart(canvas, theme, view)
    keepDrawing(canvas, {
      paint: () => drawPsnrChart(canvas, theme, view),
      theme: () => theme,
      title: () => `PSNR at every strength of the noise: ${this.choice.kind}`,
      legend: () => names.map((text, i) => ({ text, mark: lineMark(colours[i], 2.75, { dashes: i ? [] : NOISY_DASHES }) })),
    })
    this.part("psnr-chart").ariaLabel = `PSNR against the strength of the noise; at present ${levelText(kind, level)}`
  }

  leaveReadings(noisy, answers) {
    const { picked, kind, level } = this.choice
    const [psnrNoisy, ...psnr] = this.psnr
    Object.assign(this.root.dataset, { picked, kind, level, psnrNoisy, noisyHash: hashOf(noisy) })
    answers.forEach((answer, i) => {
      this.root.setAttribute(`data-psnr-${i}`, psnr[i])
      this.root.setAttribute(`data-answer-hash-${i}`, hashOf(answer))
    })
  }
}

const views = new WeakMap()

export default function ({ data, parentElement }) {
  let view = views.get(parentElement)
  if (!view || !sameBytes(view.data, data)) {
    view?.stop()
    view = new DenoiseLive(parentElement, data, view?.choice)
    views.set(parentElement, view)
  }
  // This function runs again when the theme changes: what is drawn on a canvas must follow.
  view.readTheme()
  view.drawChart()
  return () => {
    view.stop()
    views.delete(parentElement)
  }
}
