// Test pictures to pick from, some of every class side by side, with a button that brings others. Needs canvas.js and pixels.js.

class PictureChooser {
  // box: an element that it fills; name: of the radio group, one of its own in the view; onpick(i): a picture of the space.
  constructor(box, space, { name, label, count = 20, onpick }) {
    Object.assign(this, { box, space, name, count, onpick })
    this.page = 0
    this.gallery = make("div", { className: "gallery", role: "radiogroup", ariaLabel: label })
    const testid = `${name}-others`
    this.others = make("button", { type: "button", className: "button others", textContent: "Other pictures", dataset: { testid } })
    this.others.onclick = () => this.turn()
    box.replaceChildren(this.gallery, this.others)
    this.fill()
  }

  // The pictures, those of a class together; each page of the chooser holds the next ones of every class.
  get order() {
    const turns = new Map()
    const places = this.space.labels.map((label, i) => {
      const turn = turns.get(label) ?? 0
      turns.set(label, turn + 1)
      return { i, label, turn }
    })
    return places.sort((a, b) => a.turn - b.turn || a.label - b.label).map(({ i }) => i)
  }

  fill() {
    const { order, count, space } = this
    const pages = Math.max(1, Math.ceil(order.length / count))
    const shown = order.slice((this.page % pages) * count, (this.page % pages) * count + count)
    shown.sort((a, b) => space.labels[a] - space.labels[b])
    this.others.hidden = pages < 2
    this.choices = new Map(shown.map((i) => [i, this.makeChoice(i)]))
    this.gallery.replaceChildren(...this.choices.values())
    this.pick(this.picked)
  }

  makeChoice(i) {
    const { name, space } = this
    return makePictureChoice({
      name,
      label: `${space.classOf(i)}, ${space.origin} picture ${i + 1}`,
      testid: `${name}-${i}`,
      size: space.size,
      picture: space.pictures[i],
      onpick: () => {
        this.picked = i
        this.onpick(i)
      },
    })
  }

  turn() {
    this.page++
    this.fill()
  }

  // Show a picture as picked, or none, without telling anybody.
  pick(i) {
    this.picked = i
    for (const [each, choice] of this.choices) choice.firstChild.checked = each === i
  }
}
