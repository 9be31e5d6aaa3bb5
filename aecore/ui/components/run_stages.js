// The stages of a run that trains its layers one by one: which there are, and which one a step belongs to.
// Needs numbers.js and canvas.js.

// [{name, title, first_step, last_step}] in order; none of a run that trains everything at once, or is only laid over others.
const stagesOf = (feed) => feed?.stages ?? []

// The names of the terms whose curves would be those of the stages' own losses: a layer's, if no penalty is added to it.
function repeatedTerms(stages, terms) {
  const hasPenalties = ["sparsity", "contraction", "weight_decay"].some((term) => terms.includes(term))
  return stages.map(({ name }) => name).filter((name) => !(hasPenalties && name.startsWith("layer_")))
}

// The index of the stage that makes the step after this one; of a run that is over, the last.
function stageAfter(stages, step) {
  const at = stages.findIndex((stage) => step < stage.last_step)
  return at < 0 ? stages.length - 1 : at
}

// The index of the stage that made this step: a row of the metrics tells of what lies behind it.
const stageOf = (stages, step) => stageAfter(stages, Math.max(0, step - 1))

// Where the run is, in words: "Layer 1 of 2"; "" where there are no stages.
function stageWords(feed) {
  const stages = stagesOf(feed)
  if (!stages.length || !feed.status) return ""
  const { name, title } = stages[stageAfter(stages, feed.status.step)]
  const layers = stages.filter((stage) => stage.name.startsWith("layer_")).length
  return name.startsWith("layer_") ? `${title} of ${layers}` : title
}

// What lies where on a chart: the stages that have begun, {index, title, from, to} in the units of its axis.
function spansOf(stages, { x, step }) {
  if (!stages.length || !x.length) return []
  const last = stageOf(stages, step.at(-1))
  const begins = stages.slice(0, last + 1).map(({ first_step: first }) => (first ? x[nearestAt(step, first)] : 0))
  return begins.map((from, index) => ({ ...stages[index], index, from, to: begins[index + 1] ?? x.at(-1) }))
}

// A stage behind the curves, from `left` to `right`: every other one shaded, its name above it, the longest that fits.
function paintBand(pen, theme, { left, right, top, bottom }, index, names) {
  pen.save()
  pen.fillStyle = theme.text
  pen.globalAlpha = index % 2 ? 0.02 : 0.06
  pen.fillRect(left, top, right - left, bottom - top)
  pen.restore()
  if (index) rule(pen, theme, left, top, left, bottom, 0.35)
  const fitting = names.find((text) => widthOf(pen, theme, text, 13, 600) <= right - left - 6)
  if (fitting) write(pen, theme, fitting, (left + right) / 2, top + 12, { align: "center", weight: 600, quiet: false })
}

// The list under the summary: every stage by number and name, and where the run is.
class StageList {
  constructor(list) {
    this.list = list
  }

  draw(stages, status) {
    this.list.hidden = !stages.length
    if (!stages.length) return
    const wanted = stages.map(({ title }) => title).join()
    if (this.list.dataset.shown !== wanted) {
      this.list.dataset.shown = wanted
      const entry = ({ name, title }) => make("li", { dataset: { stage: name } }, make("span", { textContent: title }))
      this.list.replaceChildren(...stages.map(entry))
    }
    const step = status?.step ?? 0
    const present = status ? stageAfter(stages, step) : -1
    ;[...this.list.children].forEach((entry, index) => {
      const isDone = index < present || step >= stages.at(-1).last_step
      const place = isDone ? "done" : index === present ? "now" : "later"
      if (entry.dataset.place === place) return
      entry.dataset.place = place
      entry.ariaCurrent = place === "now" ? "step" : null
    })
  }
}
