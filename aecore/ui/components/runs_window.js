// A long list of which only what is on the screen is in the page: cards in columns, or rows of a table, all equally high.

const BEYOND = 500 // CSS pixels above and below the screen that are there too

class RunsWindow {
  // make(): an element; fill(element, item): show this item in it.
  constructor(box) {
    Object.assign(this, { box, items: [], there: new Map(), drawn: 0 })
  }

  // items: each with a token; layout: {columns, height, gap, make, fill, name}. With another name all elements are made anew.
  show(items, layout) {
    if (layout.name !== this.layout?.name) {
      this.box.replaceChildren()
      this.there.clear()
    }
    Object.assign(this, { items, layout })
    const rows = Math.ceil(items.length / layout.columns)
    this.box.style.height = `${Math.max(0, rows * (layout.height + layout.gap) - layout.gap)}px`
    this.draw(true)
  }

  // The first and last item that are, or nearly are, on the screen.
  get range() {
    const { columns, height, gap } = this.layout
    const top = this.box.getBoundingClientRect().top
    const first = Math.floor((-top - BEYOND) / (height + gap))
    const last = Math.ceil((window.innerHeight - top + BEYOND) / (height + gap))
    return [Math.max(0, first) * columns, Math.min(this.items.length, Math.max(0, last) * columns)]
  }

  // isNew: what is shown may have changed; else only the place on the page.
  draw(isNew = false) {
    if (!this.layout) return
    const [first, last] = this.range
    if (!isNew && first === this.first && last === this.last) return
    Object.assign(this, { first, last })
    const focused = this.box.getRootNode().activeElement
    const held = [...this.there].find(([, element]) => element.contains(focused))?.[0]
    const wanted = new Map()
    for (let place = first; place < last; place++) wanted.set(this.items[place].token, place)
    // What has the keyboard's focus stays, however far it is scrolled away.
    const heldPlace = held === undefined || wanted.has(held) ? -1 : this.items.findIndex(({ token }) => token === held)
    if (heldPlace >= 0) wanted.set(held, heldPlace)
    for (const [token, element] of this.there) {
      if (wanted.has(token)) continue
      element.remove()
      this.there.delete(token)
    }
    let next = this.box.firstElementChild
    for (const [token, place] of [...wanted].sort(([, one], [, other]) => one - other)) {
      let element = this.there.get(token)
      const isMade = !element
      if (isMade) this.there.set(token, (element = this.layout.make()))
      if (isMade || isNew) this.layout.fill(element, this.items[place], place)
      this.place(element, place)
      if (element === next) next = next.nextElementSibling
      else this.box.insertBefore(element, next)
    }
    if (focused && held !== undefined && this.there.has(held) && focused !== this.box.getRootNode().activeElement) {
      focused.focus({ preventScroll: true }) // moved in the page, it has lost the focus
    }
    this.drawn += 1
  }

  place(element, place) {
    const { columns, height, gap } = this.layout
    const [column, row] = [place % columns, Math.floor(place / columns)]
    Object.assign(element.style, {
      top: `${row * (height + gap)}px`,
      height: `${height}px`,
      left: `calc((100% + ${gap}px) / ${columns} * ${column})`,
      width: `calc((100% + ${gap}px) / ${columns} - ${gap}px)`,
    })
    element.ariaSetSize = this.items.length
    element.ariaPosInSet = place + 1
  }

  // Give an item the keyboard's focus, wherever it is.
  focus(place) {
    const item = this.items[place]
    if (!item) return
    const { columns, height, gap } = this.layout
    if (!this.there.has(item.token)) {
      const element = this.layout.make()
      this.there.set(item.token, element)
      this.layout.fill(element, item, place)
      this.place(element, place)
      this.box.append(element)
    }
    const element = this.there.get(item.token)
    element.focus({ preventScroll: true })
    element.scrollIntoView({ block: "nearest" })
    this.draw(true)
  }
}
