// Where the codes of held-out examples lie, and the person's own code among them, to be dragged.
// Needs everything that map_view.js needs, space_view.js, map_pointer.js and class_legend.js.

const NEAR = 10 // pixels within which a point is meant

class KeptMap extends SpaceView {
  constructor(root, space, tell) {
    super(root, space, tell)
    this.map = new MapView(this.part("map"), space, { ondraw: () => this.requestDraw() })
    this.legend = new ClassLegend(this.part("classes"))
    const drag = (pixels, event) => this.move(pixels, event)
    new MapPointer(this.map, {
      hover: (pixels, event) => this.hover(pixels, event),
      press: drag,
      drag,
      release: () => {},
      nudge: ([across, down], event) => {
        if (!this.map.plane) return
        const [x, y] = this.map.window.toPixels(this.map.placeOf(space.code))
        this.move([x + across, y + down], event)
      },
    })
  }

  hear(news) {
    if (news !== "codes") return
    this.map.setUsualPlane()
    const { name, kind } = this.map.plane
    const others = kind === "components" ? " The code's other directions stay as they are." : ""
    setText(this.part("map-about"), `The plane of ${name}. Dots: the codes of ${countText(this.space.encodings.length)} held-out examples.${others}`)
  }

  readTheme() {
    super.readTheme()
    this.legend.draw(this.theme, this.space.classes)
    this.map.renew()
  }

  showMessage() {} // the walk around it has one

  hover(pixels, event) {
    this.map.picked = pixels && this.map.plane ? this.map.points.nearestTo(this.map.window, pixels, NEAR) : -1
    this.requestDraw(event)
  }

  move([x, y], event) {
    const { map, space } = this
    if (!map.plane) return
    const { left, right, top, bottom } = map.window.box
    const inside = [Math.min(right, Math.max(left, x)), Math.min(bottom, Math.max(top, y))]
    this.requestDraw(event)
    space.setCode(map.plane.move(space.code, map.window.toPlace(inside)))
  }

  draw() {
    this.map.draw(this.theme)
  }
}
