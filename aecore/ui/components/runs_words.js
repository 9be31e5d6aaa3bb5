// What is said of a run: its state, its size, when it was made, its numbers. Needs numbers.js.

// A word and a shape for each state; the shape is drawn, lest a font lacks it.
const RUN_STATES = {
  finished: { word: "Finished", shape: "M4 10.5 8.2 15 16 5.5" },
  running: { word: "In training", shape: "M6 4.5 16 10 6 15.5Z" },
  preparing: { word: "Getting ready", shape: "M10 4v6l4 3M10 2.5a7.5 7.5 0 1 0 .01 0Z" },
  queued: { word: "Waiting", shape: "M10 5v5l3 2M10 2.5a7.5 7.5 0 1 0 .01 0Z" },
  paused: { word: "Paused", shape: "M7 4v12M13 4v12" },
  stopped: { word: "Stopped", shape: "M5 5h10v10H5Z" },
  interrupted: { word: "Interrupted", shape: "M11 2.5 6 11h4l-1 6.5L14 9h-4Z" },
  failed: { word: "Failed", shape: "M5 5 15 15M15 5 5 15" },
}
const ACTIVE_STATES = ["queued", "preparing", "running", "paused"]
const isActive = (run) => ACTIVE_STATES.includes(run.state)
const stateWord = (run) => RUN_STATES[run.state]?.word ?? run.state

const SVG = "http://www.w3.org/2000/svg"

function drawn(shape, attributes = {}) {
  const image = document.createElementNS(SVG, "svg")
  image.setAttribute("viewBox", "0 0 20 20")
  image.setAttribute("aria-hidden", "true")
  const path = image.appendChild(document.createElementNS(SVG, "path"))
  for (const [name, value] of Object.entries({ d: shape, ...attributes })) path.setAttribute(name, value)
  return image
}

function sizeText(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"]
  let [value, unit] = [bytes, 0]
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1]
  return `${unit === 0 || value >= 100 ? Math.round(value) : decimals(value, 1)} ${units[unit]}`
}

// In the person's own time zone.
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" })
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" })

function whenText(seconds) {
  const when = new Date(seconds * 1000)
  return `${DAY.format(when)}, ${MINUTE.format(when)}`
}

function agoText(seconds) {
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1) return "just now"
  if (minutes < 60) return `${minutes} minute${minutes > 1 ? "s" : ""} ago`
  const hours = Math.floor(minutes / 60)
  return `${hours} hour${hours > 1 ? "s" : ""} ago`
}

const plural = (count, word) => `${countText(count)} ${word}${count === 1 ? "" : "s"}`

// Where it comes from, as the second line of a card.
function originText(run) {
  if (!run.mine) return "Came with the app"
  const parts = [whenText(run.created)]
  if (run.start) parts.push(`began with ${run.start}`)
  if (run.file) parts.push(`from ${run.file}`)
  return parts.join(" · ")
}

const kindText = (run) => [run.preset, run.data].filter(Boolean).join(" · ")

// How far a run is that is under way.
function progressText(run, place) {
  if (run.state === "queued") return place ? `Number ${place} in the queue` : "Waits for its turn"
  if (run.kind === "sweep") return `${run.finished} of ${run.runs} runs have ended`
  return run.state === "preparing" ? "Getting the data" : `Epoch ${epochText(run.epoch)} of ${countText(run.epochs)}`
}

// At most two of its numbers: the error, and what its kind is judged by.
function mainNumbers(run) {
  const [first, ...others] = run.numbers
  const second = ["accuracy", "neg_elbo"].map((key) => others.find((number) => number.key === key)).find(Boolean)
  return [first, second].filter(Boolean)
}

const numberText = ({ key, value }) => (key === "accuracy" ? `${decimals(100 * value, 1)} %` : lossText(value))
