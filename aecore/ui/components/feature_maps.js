// Two maps of the same pictures, by their pixels and by a run's features: what is pointed at in one is shown in both.
// Needs canvas.js, pixels.js, markers.js, feature_maps_map.js and mounting.js.

const METHODS = { pca: "two principal components", tsne: "t-SNE" }
const READING = {
  pca: "Distances within a map can be compared.",
  tsne:
    "t-SNE keeps together what is close; how far apart groups lie, and how large they are, means little (van der Maaten & Hinton 2008).",
}
const NOTE_WIDTH = 56 // pixels, about
const SILENCE = "The pictures do not come: the server does not answer. Open the page again."

class FeatureMaps {
  constructor(root) {
    this.root = root
    this.picked = -1
    this.highlighted = new Set()
    const pick = (picture, isByKeyboard) => this.pick(picture, isByKeyboard)
    this.maps = ["pixels", "features"].map((name) => {
      const map = new PointMap(this.part(name), { onpick: pick })
      return Object.assign(map, { name, note: this.part(`${name}-note`) })
    })
    this.watcher = new ResizeObserver(() => this.requestDraw())
    this.watcher.observe(root)
  }

  close() {
    this.watcher.disconnect()
    cancelAnimationFrame(this.request)
  }

  part(name) {
    return this.root.querySelector(`[data-testid=${name}]`)
  }

  update(data) {
    this.theme = readTheme(this.root)
    if (data.token !== this.data?.token) this.fetchPictures(data)
    this.data = data
    const { labels, classes, method, numbers } = data
    for (const map of this.maps) map.setPlaces(data[map.name], labels)
    if (this.picked >= labels.length) this.picked = -1
    if (this.classes !== classes.join("\n")) this.makeLegend(classes)
    this.maps.forEach(({ name, box }, i) => {
      const title = `${i ? "Features" : "Pixels"}: ${METHODS[method]} of ${numbers[i].toLocaleString("en")} numbers`
      setText(this.part(`${name}-title`), title)
      Object.assign(this.maps[i], { title, classes })
      box.ariaLabel = `${title}. Arrow keys go from picture to picture.`
    })
    setText(this.part("reading"), READING[method])
    this.requestDraw()
  }

  // The pictures themselves: of another run, other ones. Until they are here the maps are shown without.
  async fetchPictures({ base, token }) {
    this.pictures = null
    const address = `${base}/api/runs/${encodeURIComponent(token)}/atlas`
    const response = await fetch(address).catch(() => null)
    const answer = response?.ok ? unpackBlock(await response.arrayBuffer()) : null
    if (token !== this.data.token) return
    const { error } = answer ? {} : ((await response?.json().catch(() => null)) ?? {})
    setText(this.part("message"), answer ? "" : (error ?? SILENCE))
    this.part("message").hidden = answer !== null
    if (answer) Object.assign(this, { origin: answer.origin, pictures: picturesIn(answer.parts[0], answer.labels.length) })
    this.requestDraw()
  }

  makeLegend(classes) {
    this.classes = classes.join("\n")
    this.highlighted.clear()
    this.part("classes").replaceChildren(
      ...classes.map((name, kind) => {
        const chip = make("button", { type: "button", className: "class", dataset: { testid: `class-${kind}` } }, make("i"), name)
        chip.onclick = () => this.highlight(kind)
        return chip
      }),
    )
  }

  highlight(kind) {
    if (!this.highlighted.delete(kind)) this.highlighted.add(kind)
    this.requestDraw()
  }

  pick(picture, isByKeyboard) {
    this.part("words").ariaLive = isByKeyboard ? "polite" : "off"
    // The mouse that leaves takes away what it has picked, not what the keyboard has.
    if (picture === this.picked || (picture < 0 && this.isByKeyboard && !isByKeyboard)) return
    Object.assign(this, { picked: picture, isByKeyboard })
    this.drawPicked()
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  requestDraw() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.draw()
    })
  }

  draw() {
    for (const map of this.maps) map.draw(this.theme, this.highlighted)
    for (const [kind, chip] of [...this.part("classes").children].entries()) {
      chip.style.setProperty("--colour", colourOf(this.theme, kind))
      chip.firstChild.className = `marker ${markerOf(this.theme, kind)}`
      chip.ariaPressed = this.highlighted.has(kind)
    }
    this.drawPicked()
    this.root.dataset.frames = Number(this.root.dataset.frames ?? 0) + 1
  }

  drawPicked() {
    const { picked } = this
    for (const map of this.maps) {
      map.drawPicked(picked)
      this.showNote(map)
    }
    setText(this.part("words"), picked < 0 ? "Point at a picture to see it in both maps." : this.wordsOf(picked))
    this.root.dataset.picked = picked
  }

  wordsOf(picture) {
    return `${this.origin === "validation" ? "Validation" : "Test"} picture ${picture + 1}, class ${this.classOf(picture)}.`
  }

  classOf(picture) {
    const { labels, classes } = this.data
    return classes[labels[picture]] ?? String(labels[picture])
  }

  // The picture beside its point.
  showNote(map) {
    const { size } = this.data
    const { note, box, places } = map
    note.hidden = this.picked < 0
    if (note.hidden) return
    const [canvas, text] = note.children
    const picture = this.pictures?.[this.picked]
    canvas.hidden = !picture
    if (picture) paintPicture(canvas, size, picture)
    canvas.style.width = `${size.width * Math.max(1, Math.round(NOTE_WIDTH / size.width))}px` // whole pixels
    setText(text, this.classOf(this.picked))
    placeBeside(note, ...map.toPixels(places[this.picked]), box.clientWidth, box.clientHeight)
  }
}

export default function ({ data, parentElement }) {
  const make = (root) => new FeatureMaps(root)
  return keepView(parentElement, "[data-testid]", make, (view) => view.update(data))
}
