// One case: its name, its score, what it looks like, and the buttons to label it.
// Needs numbers.js, canvas.js, anomaly_cases.js, anomaly_picture.js and anomaly_sequence.js.

const VERDICTS = { 11: "Found", 10: "False alarm", "1-1": "Called anomalous", "01": "Missed", "00": "Rightly left alone", "0-1": "Left alone" }
const TRUTHS = { 1: "anomalous", 0: "normal" }
const PICTURE_TITLES = ["Original", "Reconstruction", "Error"]

class CaseCard {
  // isLarge: in the dialog; hooks: onlabel(position, label or null), onopen(position).
  constructor({ isLarge, hooks }) {
    Object.assign(this, { isLarge, hooks, position: -1 })
    this.title = make("b", { className: "name" })
    this.rank = make("span", { className: "rank" })
    this.verdict = make("span", { className: "verdict" })
    this.score = make("span", { className: "score" })
    this.truth = make("p", { className: "truth caption" })
    this.look = make("div", { className: "look" })
    if (!isLarge) {
      this.open = make("button", { type: "button", className: "open", textContent: "Larger", onclick: () => hooks.onopen(this.position) })
      this.look.onclick = () => hooks.onopen(this.position)
    }
    this.buttons = [0, 1].map((label) => {
      const button = make("button", { type: "button", className: "button", textContent: label ? "Anomalous" : "Normal", dataset: { label } })
      button.onclick = () => hooks.onlabel(this.position, button.ariaPressed === "true" ? null : label)
      return button
    })
    this.labels = make("div", { className: "labels", role: "group" }, ...this.buttons)
    const head = make("div", { className: "case-head" }, this.title, this.rank, ...(this.open ? [this.open] : []))
    const line = make("div", { className: "case-score" }, this.score, this.verdict)
    this.box = make("article", { className: "case", tabIndex: -1 }, head, this.look, line, this.truth, this.labels)
  }

  makeLook(cases) {
    if (this.kind === cases.kind) return
    this.kind = cases.kind
    if (cases.kind === "sequences") {
      this.canvases = [make("canvas", { className: "sequence", role: "img" })]
      return this.look.replaceChildren(...this.canvases)
    }
    this.canvases = PICTURE_TITLES.map(() => make("canvas", { className: "pixels", role: "img" }))
    this.look.replaceChildren(
      ...this.canvases.map((canvas, i) => make("figure", {}, canvas, make("figcaption", { textContent: PICTURE_TITLES[i] }))),
    )
  }

  // now: {cases, threshold, labels, own}; scale: of the page; paintKey: of what the picture depends on beside the position.
  draw(theme, position, now, scale, paintKey) {
    const { cases, threshold, labels, own } = now
    this.position = position
    const key = [position, paintKey].join()
    if (this.painted !== key) {
      this.painted = key
      this.makeLook(cases)
      this.paint(theme, cases, scale)
      this.name(cases)
    }
    const isCalled = cases.scores[position] > threshold
    const label = labels[position]
    const mine = own.of(position)
    const state = [key, isCalled, label, mine].join()
    if (this.state === state) return // most cards, while a threshold is dragged
    this.state = state
    setText(this.score, `${isCalled ? "▲" : "▽"} ${lossText(cases.scores[position])} ${isCalled ? "above" : "below"}`)
    setText(this.verdict, VERDICTS[`${Number(isCalled)}${label}`])
    Object.assign(this.box.dataset, { verdict: `${Number(isCalled)}${label}`, called: isCalled })
    setText(this.truth, this.truthText(cases.classOf(position), label, mine))
    this.labels.hidden = !cases.can_label
    for (const button of this.buttons) button.ariaPressed = mine === Number(button.dataset.label)
  }

  name(cases) {
    const { position } = this
    const name = cases.nameOf(position)
    const rank = countText(cases.rankOf[position] + 1)
    setText(this.title, name)
    setText(this.rank, `no. ${rank}`)
    this.rank.title = `Number ${rank} of ${countText(cases.count)}, the most anomalous first`
    this.labels.ariaLabel = `Your label of ${name}`
    this.box.dataset.position = position
    if (this.open) this.open.ariaLabel = `${name}, larger`
  }

  truthText(kind, label, mine) {
    const truth = mine !== undefined ? `${TRUTHS[mine]}, labelled by you` : label >= 0 ? `known to be ${TRUTHS[label]}` : "not labelled"
    return kind ? `Class ${kind}, ${truth}` : `${truth[0].toUpperCase()}${truth.slice(1)}`
  }

  paint(theme, cases, { largest, ranges, table }) {
    const { size, kind } = cases
    const pair = cases.pairOf(this.position)
    const name = cases.nameOf(this.position)
    if (kind === "sequences") {
      const [canvas] = this.canvases
      canvas.style.height = `${sequenceHeight(size, this.isLarge)}px`
      canvas.ariaLabel = `${name} as a chart: the sequence, and its reconstruction over it`
      return drawSequence(canvas, theme, pair, size, { names: cases.channel_names, scale: { ranges, largest }, isLarge: this.isLarge })
    }
    this.look.style.setProperty("--pixels", `${size.width}px`)
    pair.forEach((bytes, i) => paintPicture(this.canvases[i], size, shownBytes(bytes)))
    paintErrors(this.canvases[2], size, pixelErrors(pair, size), largest, table)
    this.canvases.forEach((canvas, i) => (canvas.ariaLabel = `${name}: ${PICTURE_TITLES[i].toLowerCase()}`))
  }
}
