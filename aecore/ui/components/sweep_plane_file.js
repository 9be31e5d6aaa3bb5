// The plane as a file, PNG twice as fine as on an ordinary screen or SVG, on the ground that it has there, with a heading and the
// legend. Needs canvas.js, svg_pen.js, save_chart.js, sweep_marks.js and sweep_plane.js.

const FILE_SCALE = 2 // device pixels for each CSS pixel
const FILE_EDGE = 16 // CSS pixels around all
const FILE_LINE = 24 // CSS pixels from one line of the heading or of the legend to the next

// when: the moment that is shown, in words; kind: "png" or "svg".
async function savePlane(plane, when, kind) {
  const name = fileName(`${plane.title} reconstruction KL`, kind)
  if (kind === "png") return keepFile(await new Promise((resolve) => pictureOfPlane(plane, when).toBlob(resolve)), name)
  let pen = null
  drawPlane(plane, when, (width, height) => (pen = new SvgPen(width, height)))
  keepFile(new Blob([pen.document(`${plane.title}: reconstruction against KL`)], { type: "image/svg+xml" }), name)
}

function pictureOfPlane(plane, when) {
  const canvas = make("canvas")
  drawPlane(plane, when, (width, height) => {
    Object.assign(canvas, { width: width * FILE_SCALE, height: height * FILE_SCALE })
    const pen = canvas.getContext("2d")
    pen.scale(FILE_SCALE, FILE_SCALE)
    return pen
  })
  return canvas
}

// start(width, height): a pen on an empty sheet of that size in CSS pixels.
function drawPlane(plane, when, start) {
  const { theme, arms } = plane
  const { clientWidth: width, clientHeight: height } = plane.canvas
  const scratch = make("canvas").getContext("2d")
  const heading = linesOf(scratch, theme, [plane.title, when, plane.measuredOn], 0, width)
  const legend = linesOf(scratch, theme, arms.map(({ title }) => title), 21, width)
  const [above, below] = [heading, legend].map((entries) => FILE_LINE * (entries.at(-1).line + 1))
  const size = [width + 2 * FILE_EDGE, above + height + below + 2 * FILE_EDGE]
  const pen = start(...size)
  pen.fillStyle = theme.background
  pen.fillRect(0, 0, ...size)
  pen.translate(FILE_EDGE, FILE_EDGE)
  heading.forEach(({ text, x, line }, i) => {
    write(pen, theme, text, x, FILE_LINE * line + 10, { size: 15, weight: i ? 400 : 600, quiet: false })
  })
  pen.translate(0, above)
  plane.paintFor({ pen, width, height, ratio: FILE_SCALE })
  legend.forEach(({ text, x, line }, i) => {
    const y = height + FILE_LINE * line + 14
    traceMark(pen, arms[i].objective, x + 7, y, 6.5)
    pen.fillStyle = arms[i].colour
    pen.fill()
    write(pen, theme, text, x + 21, y, { size: 14, quiet: false })
  })
}

// Where texts begin that stand beside each other in lines as wide as the drawing. inset: what stands before each of them.
function linesOf(pen, theme, texts, inset, width) {
  let [x, line] = [0, 0]
  return texts.map((text) => {
    const across = inset + widthOf(pen, theme, text, 15, 600)
    if (x && x + across > width) [x, line] = [0, line + 1]
    const entry = { text, x, line }
    x += across + 18
    return entry
  })
}
