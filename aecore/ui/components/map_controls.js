// What a person chooses of a map: the plane, points or pictures, clouds, classes to pick out, how near. The choices belong to the
// space, so that they are still there when the person comes back from another tab. Needs canvas.js and markers.js.

class MapControls {
  // view: a LatentMap.
  constructor(view) {
    this.view = view
    this.choices = view.space.mapChoices ??= { kind: "components", pair: null, shown: "points", size: 16, hasEllipses: false }
    this.part = (name) => view.part(name)
    for (const chip of this.part("shown").querySelectorAll("input")) {
      chip.checked = chip.value === this.choices.shown
      chip.onchange = () => this.choose({ shown: chip.value })
    }
    this.part("size").value = this.choices.size
    this.part("size").oninput = () => this.choose({ size: Number(this.part("size").value) })
    this.part("ellipses").checked = this.choices.hasEllipses
    this.part("ellipses").onchange = () => this.choose({ hasEllipses: this.part("ellipses").checked })
    this.part("plane").onchange = () => this.choosePlane({ kind: this.part("plane").value })
    for (const name of ["across", "up"]) {
      this.part(name).onchange = () =>
        this.choosePlane({ kind: "pair", pair: this.pairWith(name) })
    }
    this.part("nearer").onclick = () => view.pointer.zoom(1 / ZOOM_STEP)
    this.part("farther").onclick = () => view.pointer.zoom(ZOOM_STEP)
    this.part("whole").onclick = () => view.pointer.home()
    this.apply()
  }

  choose(choice) {
    Object.assign(this.choices, choice)
    this.apply()
  }

  // The two numbers, after one was chosen: one that is on both axes changes places with the other.
  pairWith(name) {
    const [across, up] = ["across", "up"].map((each) => Number(this.part(each).value))
    if (across !== up) return [across, up]
    const [oldAcross, oldUp] = this.choices.pair
    return name === "across" ? [across, oldAcross] : [oldUp, up]
  }

  choosePlane(choice) {
    const order = this.view.space.statistics?.order ?? [0, 1]
    Object.assign(this.choices, choice)
    this.choices.pair ??= order.slice(0, 2)
    this.fill()
    this.view.setPlane()
    this.view.requestDraw()
  }

  apply() {
    const { shown, size, hasEllipses } = this.choices
    const { map } = this.view
    map.hasPoints = shown !== "pictures"
    map.hasEllipses = hasEllipses
    if (map.plane) map.setWarped(shown !== "points")
    else map.window.isWarped = shown !== "points"
    setText(this.part("size-text"), `${size} × ${size}`)
    this.part("size-label").toggleAttribute("data-off", shown === "points")
    this.describe()
    map.renew()
  }

  describe() {
    if (this.view.space.facts) setText(this.part("about"), this.aboutText())
  }

  // What depends on the network and its codes.
  fill() {
    const { space } = this.view
    if (!space.network) return
    const { codeSize, statistics } = space
    const { kind, pair } = this.choices
    this.part("planes").hidden = codeSize <= 2
    const order = statistics?.order ?? [...Array(Math.min(codeSize, 2)).keys()]
    this.options("plane", [["components", "Principal components"], ["pair", "Two numbers"]], kind)
    const numbers = order.map((k) => [k, this.numberText(k)])
    const [across, up] = pair ?? order
    this.options("across", numbers, across)
    this.options("up", numbers, up)
    for (const name of ["across-label", "up-label"]) this.part(name).hidden = kind !== "pair"
    this.part("ellipses").disabled = !space.isGaussian
    this.describe()
    this.fillClasses()
  }

  options(name, choices, chosen) {
    const select = this.part(name)
    const wanted = JSON.stringify(choices)
    // Not while it is open: in training, how much numbers are used changes all the time.
    if (select.dataset.options !== wanted && !(select.matches(":focus") && select.options.length)) {
      select.dataset.options = wanted
      select.replaceChildren(...choices.map(([value, textContent]) => make("option", { value, textContent })))
    }
    select.value = chosen
  }

  numberText(k) {
    const { kl, variance, active } = this.view.space.statistics ?? {}
    if (!variance) return `z${k + 1}`
    const use = kl ? `${kl[k].toFixed(2)} nats` : `σ ${lossText(Math.sqrt(variance[k]))}`
    return `z${k + 1} · ${use}${active[k] ? "" : " · collapsed"}`
  }

  aboutText() {
    const { space } = this.view
    const sentences = ["Move over the map to see the picture of a place. Drag to move the point and to draw a path."]
    sentences.push(`Points: where the encoder puts ${countText(space.encodings.length)} ${space.origin} pictures that it was not trained on.`)
    if (this.choices.shown !== "points") {
      const what = space.isGaussian ? "the prior" : "a normal distribution around the codes"
      sentences.push(`Every cell holds an equal share of ${what}, so the pictures in the middle are closer together than they look.`)
    }
    if (space.codeSize > 2) sentences.push("The code's other numbers are those of the point: set them on the Walk tab.")
    if (!space.isGaussian) {
      sentences.push(
        "A code here is a point, so there are no clouds to draw, and there is no prior: where no points are, the decoder has never been, and what it draws there means little.",
      )
    }
    return sentences.join(" ")
  }

  // --- classes ---

  fillClasses() {
    const { space } = this.view
    const box = this.part("classes")
    if (this.classes === space.classes) return
    this.classes = space.classes
    box.replaceChildren(...space.classes.map((name, kind) => this.makeChip(name, kind)))
    this.paintClasses()
  }

  makeChip(name, kind) {
    const chip = make("button", { type: "button", className: "class", dataset: { testid: `class-${kind}` } })
    chip.append(make("i"), name)
    chip.onclick = () => {
      const classes = new Set(this.view.map.highlighted)
      if (!classes.delete(kind)) classes.add(kind)
      this.view.map.highlight(classes)
      this.paintClasses()
    }
    return chip
  }

  paintClasses() {
    const { theme, map } = this.view
    for (const [kind, chip] of [...this.part("classes").children].entries()) {
      chip.style.setProperty("--colour", colourOf(theme, kind))
      chip.firstChild.className = `marker ${markerOf(theme, kind)}`
      chip.ariaPressed = map.highlighted.has(kind)
    }
  }
}
