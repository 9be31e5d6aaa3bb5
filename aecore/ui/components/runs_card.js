// One run as a card, or as a row of the table: the same parts, told apart by their looks. Needs runs_words.js.

const PICTURE_GAP = 1 // the transparent pixel between two pictures of a thumbnail
const LEAST_SIDE = 44 // CSS pixels of a picture on a card, if it can be
const STAR = "m10 2 2.4 5.2 5.6.6-4.2 3.9 1.2 5.6L10 14.5l-5 2.8 1.2-5.6L2 7.8l5.6-.6Z"
const MORE = "M4 10h.01M10 10h.01M16 10h.01"

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

// hooks: what can be done with a run, by name; each is called with the run.
function makeRun(hooks, isCard) {
  const part = {
    check: element("input", { type: "checkbox" }),
    state: element("span", { className: "state" }),
    star: element("button", { type: "button", className: "star icon" }, drawn(STAR)),
    picture: element("div", { className: "picture" }, element("img", { alt: "", decoding: "async", draggable: false })),
    name: element("b", { className: "name" }),
    kind: element("span", { className: "kind" }),
    origin: element("span", { className: "origin" }),
    note: element("span", { className: "note" }),
    numbers: element("div", { className: "numbers" }),
    bar: element("div", { className: "progress" }, element("i")),
    curve: drawnCurve(),
    open: element("button", { type: "button", className: "button", textContent: "Look back" }),
    take: element("button", { type: "button", className: "button", textContent: "Take away" }),
    link: element("a", { className: "button", textContent: "Open the sweep", target: "_self" }),
    more: element("button", { type: "button", className: "more icon", ariaHasPopup: "menu" }, drawn(MORE)),
  }
  const box = element("article", { className: isCard ? "run" : "run row", tabIndex: 0 })
  box.part_ = part
  box.setAttribute("role", "listitem")
  part.check.onclick = (event) => hooks.select(box.run, part.check.checked, event.shiftKey)
  part.star.onclick = () => hooks.star(box.run)
  part.open.onclick = () => hooks.open(box.run)
  part.take.onclick = () => hooks.take(box.run)
  part.more.onclick = () => hooks.more(box.run, part.more)
  box.onclick = (event) => {
    if (event.target.closest("button, a, input, label")) return
    if (event.shiftKey || event.ctrlKey || event.metaKey) hooks.select(box.run, !part.check.checked, event.shiftKey)
    else if (event.target.closest(".picture, .name")) hooks.open(box.run)
  }
  // Braces: a handler that returns false would keep the browser from doing what it does.
  box.onkeydown = (event) => {
    if (event.target === box) hooks.key(box.run, event)
  }
  const tick = element("label", { className: "tick" }, part.check)
  if (isCard) {
    const words = element("div", { className: "words" }, part.name, part.kind, part.origin)
    const result = element("div", { className: "result" }, part.numbers, part.curve)
    const actions = element("div", { className: "actions" }, part.open, part.take, part.link, part.more)
    box.append(element("div", { className: "top" }, tick, part.state, part.bar, part.star), part.picture, words, part.note, result, actions)
  } else {
    Object.assign(part, { preset: element("span"), data: element("span"), error: element("span"), parameters: element("span"), size: element("span"), created: element("span") })
    const cells = { tick, star: part.star, picture: part.picture, name: element("span", { className: "names" }, part.name, part.note) }
    Object.assign(cells, { preset: part.preset, data: part.data, state: element("span", { className: "states" }, part.state, part.bar) })
    Object.assign(cells, { error: part.error, curve: part.curve, parameters: part.parameters, size: part.size, created: part.created })
    for (const [name, cell] of Object.entries(cells)) box.append(element("div", { className: `cell of-${name}` }, cell))
    box.append(element("div", { className: "cell of-actions" }, part.more))
  }
  return box
}

// now: {base, queue, selected}.
function fillRun(box, run, now) {
  const part = box.part_
  box.run = run
  box.dataset.token = run.token
  box.dataset.state = run.state
  const isSelected = now.selected.has(run.token)
  box.classList.toggle("selected", isSelected)
  box.ariaLabel = `${run.name}, ${kindText(run)}, ${stateWord(run)}${run.starred ? ", starred" : ""}`
  part.check.checked = isSelected
  part.check.ariaLabel = `Select ${run.name}`
  fillState(part.state, run)
  part.star.hidden = !run.mine
  part.star.ariaPressed = String(run.starred)
  part.star.ariaLabel = part.star.title = run.starred ? "Take the star away" : "Star: keep it when room is needed"
  say(part.name, run.name)
  say(part.kind, run.problem || kindText(run))
  say(part.origin, originText(run))
  say(part.note, run.note.replace(/\s*\n\s*/g, " · "), run.note)
  const isUnderWay = isActive(run)
  part.bar.hidden = !isUnderWay
  part.bar.firstChild.style.width = `${(100 * run.step) / Math.max(1, run.steps)}%`
  fillNumbers(part.numbers, run, now)
  fillCurve(part.curve, run.curve)
  const isSweep = run.kind === "sweep"
  part.open.hidden = part.take.hidden = isSweep || Boolean(run.problem)
  part.link.hidden = !isSweep
  if (isSweep) part.link.href = sweepAddress(now.base, run)
  part.more.ariaLabel = part.more.title = `More for ${run.name}`
  fillPicture(part.picture, run, now)
  if (part.preset) fillCells(part, run, now)
}

const trainAddress = (base, run) => `${base}/train?run=${encodeURIComponent(run.token)}`
const sweepAddress = (base, run) => `${base}/disentangle?sweep=${encodeURIComponent(run.token)}&view=${isActive(run) ? "Live" : "Compare"}`

function say(part, text, title = text) {
  if (part.textContent !== text) part.textContent = text
  if (part.title !== title) part.title = title
}

function fillState(part, run) {
  if (part.dataset.state === run.state) return
  part.dataset.state = run.state
  part.title = run.reason
  const shape = RUN_STATES[run.state]?.shape
  part.replaceChildren(...(shape ? [drawn(shape)] : []), stateWord(run))
}

function fillNumbers(part, run, { queue }) {
  const facts = isActive(run)
    ? [["", progressText(run, queue[run.token])]]
    : run.kind === "sweep"
      ? [[`${run.finished} of ${run.runs}`, "runs finished"]]
      : mainNumbers(run).map((number) => [numberText(number), number.name])
  const key = facts.join("|")
  if (part.dataset.key === key) return
  part.dataset.key = key
  part.replaceChildren(...facts.map(([value, words]) => element("span", {}, ...(value ? [element("b", { textContent: value })] : []), element("small", { textContent: words }))))
}

function fillCells(part, run, { queue }) {
  say(part.preset, run.preset)
  say(part.data, run.data)
  const number = run.numbers.find(({ value }) => value === run.error)
  say(part.error, isActive(run) ? progressText(run, queue[run.token]) : number ? numberText(number) : NOTHING, number?.name ?? "")
  say(part.parameters, countText(run.parameters))
  say(part.size, sizeText(run.bytes))
  say(part.created, run.mine ? whenText(run.created) : "with the app")
}

// --- its picture ----------------------------------------------------------------------------------------------------------

function fillPicture(part, run, { base, widths }) {
  const image = part.firstChild
  const [, height] = run.shape
  part.classList.toggle("lines", height === 1)
  part.hidden = false
  const address = run.thumbnail ? `${base}/api/runs/${encodeURIComponent(run.token)}/thumbnail.png?stamp=${run.thumbnail}` : ""
  image.onload = () => fitPicture(part, image, run, widths)
  image.onerror = () => image.removeAttribute("src")
  if (!address) image.removeAttribute("src")
  else if (image.getAttribute("src") !== address) image.src = address
  if (image.complete && image.naturalWidth) fitPicture(part, image, run, widths)
}

// Pictures are shown at a whole number of screen pixels for each of theirs, as many of them as fit; lines as large as fits.
function fitPicture(part, image, run, { across, down }) {
  const [width, height] = [image.naturalWidth, image.naturalHeight]
  if (run.shape[1] === 1) {
    const scale = Math.min(1, across / width, down / height)
    part.style.width = image.style.width = `${width * scale}px`
    image.style.height = `${height * scale}px`
    return
  }
  const ratio = window.devicePixelRatio || 1
  const side = (height - PICTURE_GAP) / 2
  const largest = Math.floor((down * ratio) / height)
  const scale = Math.max(1, Math.min(largest, Math.ceil((LEAST_SIDE * ratio) / side))) / ratio
  // A picture may be wider than it is high: the gaps say how many there are.
  const count = Math.max(1, Math.round((width + PICTURE_GAP) / (side * (run.shape[2] / run.shape[1]) + PICTURE_GAP)))
  const step = (width + PICTURE_GAP) / count
  const shown = Math.max(1, Math.min(count, Math.floor((across / scale + PICTURE_GAP) / step)))
  part.style.width = `${(shown * step - PICTURE_GAP) * scale}px`
  Object.assign(image.style, { width: `${width * scale}px`, height: `${height * scale}px` })
}

// --- its curve ------------------------------------------------------------------------------------------------------------

const [CURVE_WIDTH, CURVE_HEIGHT] = [96, 34]

function drawnCurve() {
  const image = drawn("", { fill: "none" })
  image.setAttribute("viewBox", `-2 -2 ${CURVE_WIDTH + 4} ${CURVE_HEIGHT + 4}`)
  image.setAttribute("class", "curve")
  return image
}

// The validation's loss, by its logarithm where it has one: most of it happens at the beginning.
function fillCurve(image, values) {
  const known = values.filter((value) => value !== null)
  image.style.visibility = known.length > 1 ? "visible" : "hidden"
  if (known.length < 2) return
  const scaled = known.every((value) => value > 0) ? Math.log : (value) => value
  const [low, high] = [Math.min(...known), Math.max(...known)].map(scaled)
  const at = (value, place) => {
    const [x, y] = [(place / (values.length - 1)) * CURVE_WIDTH, high > low ? (1 - (scaled(value) - low) / (high - low)) * CURVE_HEIGHT : CURVE_HEIGHT / 2]
    return `${x.toFixed(1)} ${y.toFixed(1)}`
  }
  let path = ""
  values.forEach((value, place) => {
    if (value !== null) path += `${place > 0 && values[place - 1] !== null ? "L" : "M"}${at(value, place)}`
  })
  if (image.firstChild.getAttribute("d") !== path) image.firstChild.setAttribute("d", path)
}
