// PSNR at every strength of the noise: how it is computed, and how it is drawn. Needs noise.js, pixels.js, numbers.js,
// canvas.js and curve.js.

const STRENGTHS = Array.from({ length: 21 }, (_, i) => i / 20)

// Steps, one pass of one network each, that fill `curves`: first the noisy picture's, then each network's.
function* measureCurves(clean, noise, networks, curves) {
  for (const [i, strength] of STRENGTHS.entries()) {
    const noisy = corrupt(clean, noise, strength)
    curves[0][i] = psnrOf(clean, noisy)
    for (const [k, network] of networks.entries()) {
      curves[k + 1][i] = psnrOf(clean, network.reconstruct(noisy))
      yield
    }
  }
}

function emptyCurves(networks) {
  return Array.from({ length: networks.length + 1 }, () => new Float64Array(STRENGTHS.length).fill(NaN))
}

const NOISY_DASHES = [6, 4]

// curves: the noisy picture's, then each network's, or null before the first are there; colours: as many.
// isOld: the curves are those of another picture or noise. level, now: the strength at present, and each curve's PSNR there.
function drawPsnrChart(canvas, theme, { curves, colours, isOld, level, now, strengthName, strengthText }) {
  const { pen, width, height } = penFor(canvas)
  const range = curves && rangeOf(curves, false)
  if (!range) return writeInTheMiddle(pen, theme, "Measured as soon as nothing moves.", width, height)
  const ticks = roundTicks(...range, height / 56)
  const texts = tickTexts(ticks)
  const left = Math.max(...texts.map((text) => widthOf(pen, theme, text))) + 14
  const box = { left, right: width - 16, top: 30, bottom: height - 46 }
  const toX = makeScale(0, 1, box.left, box.right)
  const toY = makeScale(...range, box.bottom, box.top)

  write(pen, theme, "PSNR in dB, higher is better", 0, 10)
  ticks.forEach((tick, i) => {
    rule(pen, theme, box.left, toY(tick), box.right, toY(tick), 0.1)
    write(pen, theme, texts[i], box.left - 10, toY(tick), { align: "right" })
  })
  for (const strength of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    write(pen, theme, strengthText(strength), toX(strength), box.bottom + 16, { align: "center" })
  }
  rule(pen, theme, box.left, box.bottom, box.right, box.bottom, 0.3)
  write(pen, theme, strengthName, (box.left + box.right) / 2, height - 9, { align: "center" })

  rule(pen, theme, toX(level), box.top, toX(level), box.bottom, 0.5)
  curves.forEach((curve, i) => {
    pen.save()
    Object.assign(pen, { strokeStyle: colours[i], lineWidth: 2.75, lineJoin: "round", globalAlpha: isOld ? 0.3 : 1 })
    pen.setLineDash(i === 0 ? NOISY_DASHES : [])
    pen.beginPath()
    traceCurve(pen, STRENGTHS.map(toX), curve.map(toY))
    pen.stroke()
    pen.restore()
  })
  if (isOld) return
  now.forEach((psnr, i) => {
    if (psnr < range[0] || psnr > range[1]) return
    pen.beginPath()
    pen.arc(toX(level), toY(psnr), 5, 0, 2 * Math.PI)
    Object.assign(pen, { fillStyle: colours[i], strokeStyle: theme.background, lineWidth: 2 })
    pen.fill()
    pen.stroke()
  })
}
