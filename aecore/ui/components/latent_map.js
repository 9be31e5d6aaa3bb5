// The Map of a code space: where test pictures lie, the picture of every place under the pointer, a path, the manifold.
// Needs everything that map_view.js needs, and map_pointer.js, map_grid.js, map_path.js, map_words.js, map_controls.js.

const SPEAK_AFTER = 700 // milliseconds of rest after which the place is said aloud
const SHORTEST_PATH = 12 // pixels; less is a press with an unsteady hand

const placeText = (place) => `(${place.map((value) => value.toFixed(2).replace("-", "−")).join(", ")})`

class LatentMap extends SpaceView {
  constructor(root, space, tell) {
    super(root, space, tell)
    this.map = new MapView(this.part("map"), space, { ondraw: () => this.requestDraw() })
    this.grid = new MapGrid(space, () => this.map.renew())
    this.strip = new PathStrip(this.part("strip"), space)
    this.walk = new PathWalk({ onstep: (place) => space.setCode(this.codeAt(place)), onend: () => this.requestDraw() })
    this.hovered = null // pixels
    this.pointer = new MapPointer(this.map, {
      hover: (pixels, event) => this.hover(pixels, event),
      press: (pixels, event) => this.press(pixels, event),
      drag: (pixels, event) => this.drag(pixels, event),
      release: () => this.release(),
      nudge: (step, event) => this.nudge(step, event),
    })
    this.controls = new MapControls(this)
    this.part("play").onclick = () => (this.walk.isGoing ? this.walk.stop() : this.walk.start(this.map.path))
    this.part("forget").onclick = () => this.forgetPath()
    this.part("words").ontoggle = () => this.requestDraw()
  }

  open() {
    this.setPlane()
    if (this.space.isReady) {
      this.controls.fill()
      this.showSize()
    }
    super.open()
  }

  // The style makes each of the picture's pixels a whole number of the screen's.
  showSize() {
    this.root.style.setProperty("--pixels", `${this.space.size.width}px`)
  }

  close() {
    super.close()
    clearTimeout(this.speaking)
    this.walk.stop()
    for (const part of [this.map, this.grid, this.strip]) part.close()
  }

  hear(news) {
    if (news === "codes") this.setPlane()
    if (["network", "pictures", "codes"].includes(news)) this.controls.fill()
    if (news === "code") this.speak()
    if (news !== "network") return
    this.showSize()
    this.map.renew()
    if (this.map.path.length > 1 && !this.pointer.isDragging) this.paintStrip()
  }

  readTheme() {
    super.readTheme()
    this.map.renew()
    this.controls.paintClasses()
  }

  // The plane that is chosen, of the codes as they are now.
  setPlane() {
    const { space, map } = this
    if (!space.encodings.length) return
    const { kind, pair } = this.controls.choices
    const before = map.plane?.name
    if (kind === "components" && space.codeSize > 2) map.setPlane(componentsPlane(space, map.lastPlaces))
    else map.setPlane(pairPlane(space, ...(space.codeSize === 2 ? [0, 1] : pair ?? space.statistics.order)))
    if (before !== map.plane.name) this.forgetPath()
  }

  // --- what the person does ------------------------------------------------------------------------------------------

  codeAt(place) {
    return this.map.plane.move(this.space.code, place)
  }

  hover(pixels, event) {
    this.hovered = pixels
    this.map.picked = pixels ? this.map.points.nearestTo(this.map.window, pixels, REACH, this.visibleClasses) : -1
    this.space.touch()
    this.requestDraw(event)
  }

  get visibleClasses() {
    if (!this.map.hasPoints) return new Set()
    return this.map.highlighted.size ? this.map.highlighted : null
  }

  press(pixels, event) {
    if (!this.map.plane) return
    this.walk.stop()
    this.pressedAt = pixels
    this.map.path = []
    this.strip.clear()
    this.drag(pixels, event)
  }

  drag(pixels, event) {
    if (!this.map.plane) return
    const { left, right, top, bottom } = this.map.window.box
    const inside = [Math.min(right, Math.max(left, pixels[0])), Math.min(bottom, Math.max(top, pixels[1]))]
    const place = this.map.window.toPlace(inside)
    this.map.path.push(place)
    this.hover(inside, event)
    this.space.setCode(this.codeAt(place))
    this.requestDraw(event)
  }

  release() {
    const ends = this.map.path.map((place) => this.map.window.toPixels(place))
    const length = ends.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - ends[i][0], y - ends[i][1]), 0)
    if (length < SHORTEST_PATH) return this.forgetPath()
    this.paintStrip()
    this.requestDraw()
  }

  paintStrip() {
    this.strip.paint(this.map.path, (place) => this.codeAt(place), () => {
      this.root.dataset.strip = this.map.path.length
    })
  }

  forgetPath() {
    this.walk.stop()
    this.map.path = []
    this.strip.clear()
    delete this.root.dataset.strip
    this.requestDraw()
  }

  nudge([across, down], event) {
    if (!this.map.plane) return
    const { window } = this.map
    const [x, y] = window.toPixels(this.map.placeOf(this.space.code))
    this.hovered = null
    this.map.picked = -1
    this.space.setCode(this.codeAt(window.toPlace([x + across, y + down])))
    this.requestDraw(event)
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  draw() {
    const { space, map } = this
    const isWarped = this.controls.choices.shown !== "points"
    map.grid = isWarped ? this.grid : null
    map.draw(this.theme)
    if (isWarped && map.plane && map.window.box) this.grid.update(map.window, this.controls.choices.size)
    const code = this.hovered && map.plane ? this.codeAt(map.window.toPlace(this.hovered)) : space.code
    const picture = space.decode(code)
    paintPicture(this.part("picture"), space.size, picture)
    this.root.dataset.pictureHash = hashOf(picture)
    setText(this.part("title"), this.hovered ? "The picture under the pointer" : "The picture at the point")
    this.describe(code)
    this.showNote()
    this.showPath()
    this.showWords()
    this.leaveMapReadings()
  }

  describe(code) {
    const { space, map } = this
    if (!map.plane) return setText(this.part("place"), "Encoding the test pictures…")
    const [place, what] = this.placeWords(code, this.hovered?.[1])
    setText(this.part("place"), `At ${place} on the plane of ${map.plane.name}.${what}`)
    this.part("picture").ariaLabel = `The picture that the decoder draws at ${place}.${what}`
  }

  // Where a code is on the map, and the class of the picture that is nearest to it there. row: where that is looked for, in
  // pixels, because the rows of a line are no part of the code.
  placeWords(code, row) {
    const { space, map } = this
    const place = map.placeOf(code)
    const [x, y] = map.window.toPixels(place)
    const nearest = map.points.nearestTo(map.window, [x, row ?? (map.plane.kind === "line" ? null : y)], Infinity)
    const what = nearest < 0 ? "" : ` Nearest on the map: a picture of class ${space.classOf(nearest)}.`
    return [placeText(place.slice(0, map.plane.kind === "line" ? 1 : 2)), what]
  }

  // Said aloud once the point rests.
  speak() {
    clearTimeout(this.speaking)
    this.speaking = setTimeout(() => {
      if (!this.map.window.box) return // nothing is drawn yet
      const [place, what] = this.placeWords(this.space.code)
      setText(this.part("spoken"), `The point is at ${place}.${what}`)
    }, SPEAK_AFTER)
  }

  // The test picture that is pointed at, beside the pointer.
  showNote() {
    const { map, space } = this
    const note = this.part("note")
    note.hidden = map.picked < 0 || !space.pictures[map.picked]
    if (note.hidden) return
    const [canvas, text] = note.children
    if (this.noted !== map.picked) paintPicture(canvas, space.size, space.pictures[map.picked])
    this.noted = map.picked
    setText(text, space.classOf(map.picked))
    const [x, y] = map.window.toPixels(map.points.now[map.picked])
    placeBeside(note, x, y, map.box.clientWidth, map.box.clientHeight)
  }

  showPath() {
    const hasPath = this.map.path.length > 1
    this.part("play").disabled = this.part("forget").disabled = !hasPath
    setText(this.part("play"), this.walk.isGoing ? "Stop" : "Play")
    this.part("strip").toggleAttribute("data-empty", !hasPath)
    setText(this.part("film-hint"), hasPath ? "Twelve pictures, equally far apart along your way." : "The pictures along your way appear here.")
  }

  // Only while somebody reads it.
  showWords() {
    const { map, space } = this
    if (!this.part("words").open || !map.plane || this.worded === map.points.target) return
    this.worded = map.points.target
    const isLine = map.plane.kind === "line"
    const axes = isLine ? 1 : 2
    const cells = (tag, texts) => make("tr", {}, ...texts.map((text) => make(tag, { textContent: text })))
    const rows = classesInPlane(map.points.target, space.labels).map(({ kind, count, centre, spread, nearest }) => {
      const name = (which) => (which === null ? "–" : (space.classes[which] ?? String(which)))
      return cells("td", [name(kind), count, placeText(centre.slice(0, axes)), placeText(spread.slice(0, axes)), name(nearest)])
    })
    this.part("table").replaceChildren(
      make("caption", { textContent: `${space.origin === "test" ? "Test" : "Validation"} pictures on the plane of ${map.plane.name}` }),
      cells("th", ["Class", "Pictures", "Centre", "Spread (σ)", "Nearest class"]),
      ...rows,
    )
  }

  leaveMapReadings() {
    const { map, space } = this
    Object.assign(this.root.dataset, {
      code: JSON.stringify(Array.from(space.code.slice(0, 8), (value) => Number(value.toFixed(3)))),
      plane: map.plane?.name ?? "",
      shown: this.controls.choices.shown,
      points: map.points.target.length,
      path: map.path.length,
      cells: map.grid ? this.grid.done : 0,
      picked: map.picked,
    })
  }
}

export default spaceComponent(LatentMap)
