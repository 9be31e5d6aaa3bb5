// Which marker on a map stands for which class. Needs canvas.js and markers.js.

const MARKER_ROOM = 14 // pixels

class ClassLegend {
  constructor(list) {
    this.list = list
    this.classes = []
    this.markers = []
  }

  draw(theme, classes) {
    if (this.classes.join() !== classes.join()) this.fill(classes)
    this.markers.forEach((canvas, kind) => {
      const { pen } = penFor(canvas)
      pen.beginPath()
      traceMarker(pen, markerOf(theme, kind), MARKER_ROOM / 2, MARKER_ROOM / 2, 5)
      pen.fillStyle = colourOf(theme, kind)
      pen.fill()
    })
  }

  fill(classes) {
    this.classes = classes
    this.markers = classes.map(() => make("canvas", { ariaHidden: "true" }))
    this.list.replaceChildren(...classes.map((name, kind) => make("li", {}, this.markers[kind], name)))
  }
}
