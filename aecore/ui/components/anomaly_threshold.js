// Where the threshold comes from: drawn by hand, typed, or by a rule. Needs numbers.js, canvas.js,
// anomaly_numbers.js and anomaly_memory.js.

const START = { rule: "mean", reference: "training", strictness: { mean: 3, quantile: 0.99 } }
const ABOUT_REFERENCE = {
  training: "The network has seen these; its errors on them are a little smaller than on new ones.",
  validation: "Normal cases that were not trained on.",
}

class ThresholdControls {
  // part(name): an element of the view; hooks.onchoose(threshold): the person chose; hooks.onsettle(): and let go.
  constructor(part, hooks) {
    Object.assign(this, { part, hooks })
    this.rules = [...part("rules").querySelectorAll("input")]
    this.sides = [...part("references").querySelectorAll("input")]
    for (const input of this.rules) {
      const chip = input.parentElement
      input.onchange = () => this.choose({ rule: input.value })
      chip.onpointerenter = input.onfocus = () => this.hint(input.value)
      chip.onpointerleave = input.onblur = () => this.hint(null)
    }
    for (const input of this.sides) input.onchange = () => this.choose({ reference: input.value })
    const slider = part("strictness")
    slider.oninput = () => this.slide(slider.valueAsNumber)
    slider.onchange = () => hooks.onsettle()
    part("typed").onchange = () => this.type()
  }

  // Another measurement: returns the threshold that it was left at before, or begins with.
  start(cases) {
    const { threshold, ...choice } = recallThreshold(cases.id) ?? {}
    Object.assign(this, { cases, hinted: null, ...structuredClone(START), ...choice })
    const now = this.rule ? this.thresholdNow() : threshold
    if (Number.isFinite(now) || threshold === undefined) return now
    this.rule = null // the best F1, of labels that are gone
    return threshold
  }

  remember(threshold) {
    const { rule, reference, strictness } = this
    rememberThreshold(this.cases.id, { threshold, rule, reference, strictness })
  }

  // What the rule says of the scores and labels as they are now; NaN where it says nothing.
  thresholdNow() {
    const { rule, cases, reference, strictness } = this
    if (rule === "f1") return bestF1Threshold(cases.ranking, this.hooks.tally())
    return REFERENCE_RULES[rule](cases.references[reference], strictness[rule])
  }

  choose(choice) {
    Object.assign(this, choice)
    if (this.rule) this.hooks.onchoose(this.thresholdNow())
    this.hooks.onsettle()
  }

  // k of the mean in tenths; the quantile in hundredths, of which 90 to 100 are on the slider.
  slide(value) {
    this.strictness[this.rule] = this.rule === "mean" ? value : value / 100
    this.hooks.onchoose(this.thresholdNow())
  }

  type() {
    const typed = this.part("typed").valueAsNumber
    if (Number.isFinite(typed)) {
      this.rule = null
      this.hooks.onchoose(typed)
      this.hooks.onsettle()
    }
    this.showNumber(this.threshold)
  }

  hint(rule) {
    this.hinted = rule
    this.showAbout()
  }

  // canKnow: whether there are labels to choose by. While the threshold is dragged only its number changes.
  draw(threshold, canKnow) {
    const { rule, cases, reference, part } = this
    this.showNumber(threshold)
    const key = JSON.stringify([cases.id, rule, reference, this.strictness, canKnow])
    if (key === this.key) return
    this.key = key
    for (const input of this.rules) {
      input.checked = input.value === rule
      const isOff = input.value === "f1" ? !canKnow : !cases.references[reference].length
      input.disabled = isOff
      input.parentElement.title = isOff ? "There are no cases to choose it by." : this.aboutOf(input.value)
    }
    for (const input of this.sides) {
      input.checked = input.value === reference
      input.parentElement.title = ABOUT_REFERENCE[input.value]
    }
    const isSliding = rule === "mean" || rule === "quantile"
    part("strictness-row").toggleAttribute("data-off", !isSliding)
    if (isSliding) this.showSlider()
    part("reference-row").hidden = !cases.references.validation.length // there is nothing to choose
    part("reference-row").toggleAttribute("data-off", rule === "f1" || rule === null)
    this.showAbout()
  }

  showSlider() {
    const { rule, strictness, part } = this
    const slider = part("strictness")
    const [min, max, step] = rule === "mean" ? [0.5, 6, 0.1] : [90, 100, 0.1]
    Object.assign(slider, { min, max, step })
    const value = rule === "mean" ? strictness.mean : 100 * strictness.quantile
    if (Math.abs(slider.valueAsNumber - value) > 1e-9) slider.value = value
    const text = rule === "mean" ? `k = ${decimals(value, 1)}` : `${decimals(value, 1)}\u00a0%`
    setText(part("strictness-text"), text)
    slider.ariaLabel = rule === "mean" ? "How many standard deviations above the mean" : "Which quantile"
    slider.ariaValueText = text
  }

  showNumber(threshold) {
    this.threshold = threshold
    const typed = this.part("typed")
    if (typed.getRootNode().activeElement !== typed) typed.value = Number(threshold.toPrecision(5))
  }

  showAbout() {
    setText(this.part("about-rule"), this.aboutOf(this.hinted ?? this.rule))
  }

  aboutOf(rule) {
    const { cases, reference, strictness } = this
    const values = cases.references[reference]
    const kind = `${countText(values.length)} ${reference} cases`
    const about = {
      mean: () => {
        const { mean, deviation } = meanAndDeviation(values)
        return (
          `The mean of the scores of ${kind}, ${lossText(mean)}, and k = ${decimals(strictness.mean, 1)} standard deviations ` +
          `(σ = ${lossText(deviation)}, of a sample: divided by n − 1) above it. ${ABOUT_REFERENCE[reference]}`
        )
      },
      quantile: () =>
        `${decimals(100 * strictness.quantile, 1)}\u00a0% of ${kind} have a smaller score (between two scores, the straight line). ` +
        ABOUT_REFERENCE[reference],
      largest: () => `The largest score of ${kind}: none of them is called anomalous. ${ABOUT_REFERENCE[reference]}`,
      f1: () =>
        "Of all thresholds the one with the best F1 on these very cases. That is a look at the answers: on new cases it will do less well.",
      null: () => "Set by hand. Drag the line, use the arrow keys, or type a number; the rules above choose one for you.",
    }
    return about[rule]()
  }
}
