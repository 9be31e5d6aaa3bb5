// How many cases are called anomalous, how many of them rightly so, and what follows. Needs numbers.js and canvas.js.

const SHARE_DIGITS = 3
const sharesOf = (a, b) => `${countText(a)} of ${countText(b)}`

// What each number says of the counts at hand; and why it says nothing, where it is a share of nothing.
const RATES = {
  precision: {
    of: ({ tp, fp }) => `${sharesOf(tp, tp + fp)} called anomalous are`,
    none: "nothing is called anomalous",
  },
  recall: {
    of: ({ tp, fn }) => `${sharesOf(tp, tp + fn)} anomalous ones are found`,
    none: "no case is known to be anomalous",
  },
  f1: {
    of: () => "harmonic mean of these two",
    none: "nothing is anomalous, or called so",
  },
  falseAlarms: {
    of: ({ fp, tn }) => `${sharesOf(fp, fp + tn)} normal ones raise an alarm`,
    none: "no case is known to be normal",
  },
  accuracy: {
    of: ({ tp, fp, fn, tn }) => `${sharesOf(tp + tn, tp + fp + fn + tn)} are called what they are`,
    none: "no case has a label",
  },
}

class Rates {
  constructor(part) {
    this.part = part
    this.rows = Object.fromEntries(
      Object.keys(RATES).map((name) => [name, { value: part(`${name}-value`), text: part(`${name}-text`) }]),
    )
  }

  // called: how many of all `count` cases are called anomalous; confusion: of those with labels; own: labels by the person.
  draw({ called, count, confusion, own, canLabel }) {
    const { part } = this
    const { tp, fp, fn, tn } = confusion
    const known = tp + fp + fn + tn
    setText(part("called-count"), countText(called))
    setText(part("called-text"), `of ${countText(count)} cases called anomalous (${decimals((100 * called) / count, 1)}\u00a0%)`)
    part("matrix").hidden = part("rates").hidden = known === 0
    part("no-labels").hidden = known > 0
    setText(part("no-labels"), `No labels: threshold from the training scores alone.${canLabel ? " Label cases below, and numbers appear here." : ""}`)
    for (const [name, number] of Object.entries(confusion)) setText(part(name), countText(number))
    const rates = ratesOf(confusion)
    for (const [name, { of, none }] of Object.entries(RATES)) {
      const isSaid = Number.isFinite(rates[name])
      setText(this.rows[name].value, isSaid ? decimals(rates[name], SHARE_DIGITS) : NOTHING)
      setText(this.rows[name].text, isSaid ? of(confusion) : none)
    }
    const missing = count - known
    const words = [
      missing && known ? `${countText(missing)} without a label ${missing === 1 ? "is" : "are"} not counted.` : "",
      own ? `${countText(own)} ${own === 1 ? "label is" : "labels are"} yours.` : "",
    ]
    setText(part("counted"), words.filter(Boolean).join(" "))
    return rates
  }
}
