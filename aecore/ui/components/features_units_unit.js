// One unit beside its picture: how much it is used, the pictures that excite it most, and all its answers.
// Needs numbers.js, pixels.js, features_units_layer.js and features_units_histogram.js.

const BEST_SHOWN = 10
const UNIT_PARTS = 40 // bars of its histogram

class UnitPanel {
  // part(name): an element of the view.
  constructor(part) {
    this.part = part
    this.best = []
  }

  // axis: of the activations; size: of the unit's picture; target: ρ as an activation, or null; targetText: what it is called.
  draw(theme, space, unit, { axis, size, target, targetText }) {
    setText(this.part("unit-title"), `Unit ${unit + 1}`)
    this.part("picture").style.setProperty("--pixels", `${size.width}px`)
    this.part("picture").ariaLabel = `What unit ${unit + 1} responds to`
    setText(this.part("unit-facts"), this.factsText(space, unit))
    this.drawBest(space, unit)
    const mean = space.unitStatistics.mean[unit]
    const marks = [{ at: mean, text: `mean ${activationText(mean)}`, colour: theme.text }]
    if (target !== null) marks.push({ at: target, text: targetText, colour: theme.palette[6], isDashed: true })
    const values = space.answersOfUnit(unit)
    const words = { across: "activation of this unit", up: "pictures", isLog: true }
    drawHistogram(this.part("unit-histogram"), theme, { values, axis, parts: UNIT_PARTS, ...words, marks })
    this.part("unit-histogram").ariaLabel =
      `Histogram of the activations of unit ${unit + 1} for ${values.length} pictures, on a logarithmic scale. ` +
      marks.map(({ text }) => text).join(", ")
  }

  factsText(space, unit) {
    const { mean, deviation, active, dead } = space.unitStatistics
    const spread = `Mean activation ${activationText(mean[unit])}, spread (σ) ${activationText(deviation[unit])}.`
    if (dead[unit]) return `${spread} This unit is dead.`
    return active ? `${spread} Active for ${active[unit]} of ${space.answered} pictures.` : spread
  }

  // The pictures are made once, then painted anew, so that nothing moves while the run trains.
  drawBest(space, unit) {
    const found = mostExciting(space.answers, space.answered, unit, BEST_SHOWN)
    if (this.best.length !== found.length) {
      this.best = found.map((_, i) => make("figure", { dataset: { testid: `best-${i}` } }, make("canvas", { role: "img" }), make("figcaption")))
      this.part("best").replaceChildren(...this.best)
    }
    const answers = space.answersOfUnit(unit)
    found.forEach((p, i) => {
      const [canvas, caption] = this.best[i].children
      paintPicture(canvas, space.size, space.pictures[p])
      this.best[i].dataset.picture = p
      const text = activationText(answers[p])
      canvas.ariaLabel = `A picture of class ${space.classOf(p)}, activation ${text}`
      setText(caption, text)
    })
  }
}

// Two decimals are enough to compare; three where the values are small.
function activationText(value) {
  if (!Number.isFinite(value)) return NOTHING
  const size = Math.abs(value)
  return decimals(value || 0, size < 0.1 ? 3 : size < 10 ? 2 : 1)
}
