// What every drawing needs: a canvas that is sharp on any screen, and the colours of the current theme.

// Fit the canvas to its box in device pixels and clear it. The pen draws in CSS pixels.
function penFor(canvas) {
  if (canvas.saving) return canvas.saving() // it is drawn into a file: see save_chart.js
  const ratio = window.devicePixelRatio || 1
  const { clientWidth: width, clientHeight: height } = canvas
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down })
  const pen = canvas.getContext("2d")
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  return { pen, width, height, ratio }
}

function readTheme(element) {
  const style = getComputedStyle(element)
  const variable = (name) => style.getPropertyValue(`--st-${name}`).trim()
  return {
    text: style.color,
    background: variable("background-color"),
    surface: variable("secondary-background-color"),
    border: variable("border-color"),
    primary: variable("primary-color"),
    font: style.fontFamily,
    palette: variable("chart-categorical-colors").split(",").map((colour) => colour.trim()),
  }
}

function write(pen, theme, text, x, y, { size = 13, align = "left", baseline = "middle", weight = 400, quiet = true } = {}) {
  pen.save()
  pen.font = `${weight} ${size}px ${theme.font}`
  pen.textAlign = align
  pen.textBaseline = baseline
  pen.fillStyle = theme.text
  pen.globalAlpha = quiet ? 0.74 : 1
  pen.fillText(text, x, y)
  pen.restore()
}

function widthOf(pen, theme, text, size = 13, weight = 400) {
  pen.font = `${weight} ${size}px ${theme.font}`
  return pen.measureText(text).width
}

// A hairline, placed so that it covers whole pixels.
function rule(pen, theme, x1, y1, x2, y2, alpha) {
  const snap = (value) => Math.round(value) + 0.5
  pen.save()
  pen.strokeStyle = theme.text
  pen.globalAlpha = alpha
  pen.lineWidth = 1
  pen.beginPath()
  if (x1 === x2) pen.moveTo(snap(x1), y1), pen.lineTo(snap(x2), y2)
  else pen.moveTo(x1, snap(y1)), pen.lineTo(x2, snap(y2))
  pen.stroke()
  pen.restore()
}

// A sentence in the middle of an empty drawing, broken into lines that fit.
function writeInTheMiddle(pen, theme, text, width, height) {
  pen.fillStyle = theme.surface
  pen.beginPath()
  pen.roundRect(0, 0, width, height, 8)
  pen.fill()
  const lines = [""]
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim()
    if (lines.at(-1) && widthOf(pen, theme, longer, 15) > width - 32) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  lines.forEach((line, i) => {
    write(pen, theme, line, width / 2, height / 2 + 22 * (i - (lines.length - 1) / 2), { size: 15, align: "center" })
  })
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

// An element with a class, data attributes and content, in one line.
function make(tag, { dataset = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties)
  Object.assign(element.dataset, dataset)
  element.append(...children)
  return element
}

// Put a note beside a point of the drawing, on the side where it fits.
function placeBeside(note, x, y, width, height) {
  const gap = 14
  const right = x + gap + note.offsetWidth <= width
  note.style.left = `${Math.max(0, right ? x + gap : x - gap - note.offsetWidth)}px`
  note.style.top = `${Math.max(0, Math.min(y - note.offsetHeight / 2, height - note.offsetHeight))}px`
}
