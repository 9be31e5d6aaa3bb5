// An example that a network learned from, painted: a picture as pixels, a sequence (a picture one pixel high) as lines.
// Needs canvas.js, pixels.js and picture_chooser.js.

const LINES = { width: 640, height: 96 } // pixels of the canvas of a sequence; each channel has a lane of its own
const SMALL_LINES = { width: 160, height: 56 }

const isLines = (size) => size.height === 1

// before: what is drawn thinly behind it, where it is a sequence; given: what is drawn as dots.
function paintExample(canvas, theme, size, values, { before = null, given = null, box = LINES } = {}) {
  if (!isLines(size)) return paintPicture(canvas, size, values)
  const { channels, width: steps } = size
  const lane = channels === 1 ? box.height * 1.6 : box.height
  const fine = box.width / LINES.width // a small one is shown as small as its canvas is
  Object.assign(canvas, { width: box.width, height: Math.round(channels * lane) })
  const pen = canvas.getContext("2d")
  pen.lineJoin = "round"
  for (let channel = 0; channel < channels; channel++) {
    const top = channel * lane + 0.08 * lane
    const place = (series, i) => [
      (i / Math.max(1, steps - 1)) * box.width,
      top + (1 - Math.min(1.05, Math.max(-0.05, series[channel * steps + i]))) * 0.84 * lane,
    ]
    const line = (series, strokeStyle, lineWidth, globalAlpha) => {
      Object.assign(pen, { strokeStyle, lineWidth, globalAlpha })
      pen.beginPath()
      for (let i = 0; i < steps; i++) pen.lineTo(...place(series, i))
      pen.stroke()
    }
    if (given) {
      Object.assign(pen, { fillStyle: theme.text, globalAlpha: 0.4 })
      for (let i = 0; i < steps; i++) {
        const [x, y] = place(given, i)
        pen.fillRect(x - 1.5, y - 1.5, 3, 3)
      }
    }
    if (before) line(before, theme.text, 2, 0.7)
    line(values, theme.primary, fine < 1 ? 1.5 : 4, 1)
  }
}

class ExampleChooser extends PictureChooser {
  makeChoice(i) {
    const choice = super.makeChoice(i)
    const { space, view } = this
    if (!isLines(space.size)) return choice
    choice.classList.add("lines")
    const input = choice.querySelector("input")
    input.ariaLabel = input.ariaLabel.replace("picture", "sequence")
    paintExample(choice.querySelector("canvas"), view.theme, space.size, space.pictures[i], { box: SMALL_LINES })
    return choice
  }

  // The view whose colours it has: known before anything is painted.
  get view() {
    return this.space.view
  }
}
