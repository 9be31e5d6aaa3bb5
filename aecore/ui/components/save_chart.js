// A chart as a file: PNG for a page, SVG for whoever wants to change it. A small button in the chart's corner offers both.
// Needs canvas.js and svg_pen.js.

const SAVED_SCALE = 3 // device pixels for each CSS pixel
const SAVED_LONGEST = 8000 // device pixels
const SVG_RATIO = 2 // of what can only be pixels, such as hatching: for each CSS pixel
const SAVED_EDGE = 16 // CSS pixels around all
const SAVED_LINE = 22 // CSS pixels from one line of the heading or of the legend to the next
const SAVE_ICON = '<svg viewBox="0 0 20 20" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M10 3v9m-3.5-3.5L10 12l3.5-3.5M4 15.5h12"/></svg>'

// box: the element that the chart fills, in whose corner the button is to stand. Of the chart, asked for when it is saved:
//   canvases(): those that its layers are on, the lowest first
//   paint(): draws it on them, with the pens that penFor gives
//   theme(): its colours, as readTheme gives them
//   title(): what it shows, in a few words: the heading, and the file's name
//   legend(): [{text, mark(pen, x, y)}], what a mark around (x, y) stands for; may be missing
function offerSaving(box, chart) {
  saveMenu(box, { png: () => savePng(chart), svg: () => saveSvg(chart) })
}

// The same for a chart that is a function: it says at every drawing how it is drawn again. Its canvas gets a box to stand in.
// drawing: paint, theme, title and legend as above.
function keepDrawing(canvas, drawing) {
  if (canvas.saving) return // this is the drawing again
  const known = lastDrawings.has(canvas)
  lastDrawings.set(canvas, drawing)
  if (known) return
  const box = make("div")
  canvas.replaceWith(box)
  box.append(canvas)
  const last = (name) => () => lastDrawings.get(canvas)[name]?.()
  offerSaving(box, { canvases: () => [canvas], paint: last("paint"), theme: last("theme"), title: last("title"), legend: last("legend") })
}

const lastDrawings = new WeakMap()

// The button and its two choices, in the corner of an element.
function saveMenu(box, save) {
  const summary = make("summary", { ariaLabel: "Save this chart", title: "Save this chart", dataset: { testid: "save-chart" } })
  summary.innerHTML = SAVE_ICON
  const choice = (kind) => make("button", { type: "button", textContent: kind.toUpperCase(), ariaLabel: `Save as ${kind.toUpperCase()}`, dataset: { testid: `save-${kind}` } })
  const [png, svg] = ["png", "svg"].map(choice)
  const menu = make("details", { className: "save-chart" }, summary, make("div", {}, png, svg))
  const close = () => {
    menu.open = false
    summary.focus()
  }
  png.onclick = () => (save.png(), close())
  svg.onclick = () => (save.svg(), close())
  menu.onkeydown = (event) => {
    event.stopPropagation() // the chart has keys of its own
    if (event.key === "Escape") close()
  }
  menu.onfocusout = ({ relatedTarget }) => (menu.contains(relatedTarget) ? null : (menu.open = false))
  for (const kind of ["onpointerdown", "onpointermove", "onclick", "ondblclick"]) menu[kind] = (event) => event.stopPropagation()
  box.classList.add("can-save")
  box.append(menu)
  return menu
}

async function savePng(chart) {
  const canvas = make("canvas")
  drawSaved(chart, (width, height) => {
    const ratio = Math.min(SAVED_SCALE, SAVED_LONGEST / Math.max(width, height))
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) })
    const pen = canvas.getContext("2d")
    pen.scale(ratio, ratio)
    return { pen, ratio }
  })
  keepFile(await new Promise((resolve) => canvas.toBlob(resolve)), fileName(chart.title(), "png"))
}

function saveSvg(chart) {
  let pen = null
  drawSaved(chart, (width, height) => {
    pen = new SvgPen(width, height)
    return { pen, ratio: SVG_RATIO }
  })
  keepFile(new Blob([pen.document(chart.title())], { type: "image/svg+xml" }), fileName(chart.title(), "svg"))
}

// start(width, height): a pen on an empty sheet of that size in CSS pixels, and its device pixels for each of these.
function drawSaved(chart, start) {
  const theme = chart.theme()
  const canvases = chart.canvases()
  const [{ clientWidth: across, clientHeight: down }] = canvases
  const scratch = make("canvas").getContext("2d")
  const heading = wordsIn(scratch, theme, chart.title(), across)
  const legend = besideEachOther(scratch, theme, chart.legend?.() ?? [], across)
  const above = SAVED_LINE * heading.length + 6
  const below = legend.length ? SAVED_LINE * (legend.at(-1).line + 1) + 8 : 0
  const [width, height] = [across + 2 * SAVED_EDGE, above + down + below + 2 * SAVED_EDGE]
  const { pen, ratio } = start(width, height)
  pen.fillStyle = theme.background
  pen.fillRect(0, 0, width, height)
  pen.translate(SAVED_EDGE, SAVED_EDGE)
  heading.forEach((text, i) => write(pen, theme, text, 0, SAVED_LINE * i + 9, { size: 15, weight: 600, quiet: false }))
  pen.translate(0, above)
  pen.save()
  for (const canvas of canvases) {
    canvas.saving = () => {
      pen.restore() // each layer begins as on a canvas of its own
      pen.save()
      return { pen, width: canvas.clientWidth, height: canvas.clientHeight, ratio }
    }
  }
  try {
    chart.paint()
  } finally {
    for (const canvas of canvases) delete canvas.saving
  }
  pen.restore()
  legend.forEach(({ text, mark, x, line }) => {
    const y = down + 8 + SAVED_LINE * line + 10
    pen.save()
    mark(pen, x + 9, y)
    pen.restore()
    write(pen, theme, text, x + 24, y, { size: 14, quiet: false })
  })
}

function wordsIn(pen, theme, text, room) {
  const lines = [""]
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim()
    if (lines.at(-1) && widthOf(pen, theme, longer, 15, 600) > room) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines
}

function besideEachOther(pen, theme, entries, room) {
  let [x, line] = [0, 0]
  return entries.map((entry) => {
    const across = 24 + widthOf(pen, theme, entry.text, 14) + 18
    if (x && x + across - 18 > room) [x, line] = [0, line + 1]
    const placed = { ...entry, x, line }
    x += across
    return placed
  })
}

// A mark of a legend: a piece of line.
function lineMark(colour, lineWidth, { alpha = 1, dashes = [] } = {}) {
  return (pen, x, y) => {
    Object.assign(pen, { strokeStyle: colour, lineWidth, globalAlpha: alpha })
    pen.setLineDash(dashes)
    pen.beginPath()
    pen.moveTo(x - 9, y)
    pen.lineTo(x + 9, y)
    pen.stroke()
  }
}

// A mark of a legend that trace(pen, x, y) makes a path of.
function filledMark(colour, trace) {
  return (pen, x, y) => {
    pen.fillStyle = colour
    pen.beginPath()
    trace(pen, x, y)
    pen.fill()
  }
}

function fileName(title, ending) {
  const words = title.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ["chart"]
  return `${words.join("-").slice(0, 80)}.${ending}`
}

function keepFile(blob, download) {
  const href = URL.createObjectURL(blob)
  make("a", { href, download }).click()
  setTimeout(() => URL.revokeObjectURL(href), 60_000)
}
