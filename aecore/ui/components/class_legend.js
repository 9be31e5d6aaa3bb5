// Which marker on a map stands for which class. Needs canvas.js and markers.js.

class ClassLegend {
  constructor(list) {
    this.list = list
    this.classes = []
  }

  draw(theme, classes) {
    if (this.classes.join() !== classes.join()) {
      this.classes = classes
      this.list.replaceChildren(...classes.map((name) => make("li", {}, make("i"), name)))
    }
    for (const [kind, { firstChild }] of [...this.list.children].entries()) {
      firstChild.className = `marker ${markerOf(theme, kind)}`
      firstChild.style.setProperty("--colour", colourOf(theme, kind))
    }
  }
}
