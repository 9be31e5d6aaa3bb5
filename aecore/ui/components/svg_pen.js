// A pen that draws what a canvas's pen would, as SVG: the part of it that the app's charts use. Lines and areas become paths, text
// stays text, pictures are embedded. Transforms must not stretch: they move, turn, and enlarge alike in both directions.

const SVG_STATE = {
  fillStyle: "#000000",
  strokeStyle: "#000000",
  lineWidth: 1,
  lineCap: "butt",
  lineJoin: "miter",
  globalAlpha: 1,
  font: "10px sans-serif",
  textAlign: "start",
  textBaseline: "alphabetic",
  imageSmoothingEnabled: true,
}
const SVG_ANCHORS = { left: "start", start: "start", center: "middle", right: "end", end: "end" }
const SVG_FONT = /^(?:(italic|oblique)\s+)?(?:(bold|[1-9]00)\s+)?([\d.]+)px\s+(.+)$/

const SVG_MEASURED = 400 // pixels

const svgNumber = (value) => String(Math.round(100 * value) / 100)

const svgText = (text) => String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign])
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "") // XML has no place for them

class SvgPen {
  // In CSS pixels.
  constructor(width, height) {
    Object.assign(this, SVG_STATE, { width, height })
    this.scratch = document.createElement("canvas").getContext("2d") // knows colours and how wide text is
    this.matrix = new DOMMatrix()
    this.dashes = []
    this.clipping = ""
    this.stack = []
    this.elements = []
    this.definitions = []
    this.beginPath()
  }

  // title: what the picture shows, for who cannot see it.
  document(title) {
    const size = `width="${svgNumber(this.width)}" height="${svgNumber(this.height)}" viewBox="0 0 ${svgNumber(this.width)} ${svgNumber(this.height)}"`
    const definitions = this.definitions.length ? `<defs>${this.definitions.join("")}</defs>\n` : ""
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n<title>${svgText(title)}</title>\n${definitions}${this.elements.join("\n")}\n</svg>\n`
  }

  // --- state ---------------------------------------------------------------------------------------------------------

  save() {
    const kept = Object.fromEntries(Object.keys(SVG_STATE).map((name) => [name, this[name]]))
    this.stack.push({ ...kept, matrix: DOMMatrix.fromMatrix(this.matrix), dashes: this.dashes, clipping: this.clipping })
  }

  restore() {
    if (this.stack.length) Object.assign(this, this.stack.pop())
  }

  translate(x, y) {
    this.matrix = this.matrix.translate(x, y)
  }

  rotate(angle) {
    this.matrix = this.matrix.rotate((angle * 180) / Math.PI)
  }

  scale(x, y) {
    this.matrix = this.matrix.scale(x, y)
  }

  getTransform() {
    return DOMMatrix.fromMatrix(this.matrix)
  }

  setLineDash(dashes) {
    this.dashes = [...dashes]
  }

  // How much larger everything is drawn.
  get enlarged() {
    const { a, b, c, d } = this.matrix
    return Math.sqrt(Math.abs(a * d - b * c))
  }

  // --- paths ---------------------------------------------------------------------------------------------------------

  beginPath() {
    this.path = []
    this.isBegun = false
  }

  at(x, y) {
    const { x: across, y: down } = this.matrix.transformPoint({ x, y })
    return `${svgNumber(across)} ${svgNumber(down)}`
  }

  moveTo(x, y) {
    if (!Number.isFinite(x + y)) return
    this.path.push(`M${this.at(x, y)}`)
    this.isBegun = true
  }

  lineTo(x, y) {
    if (!Number.isFinite(x + y)) return
    if (!this.isBegun) return this.moveTo(x, y)
    this.path.push(`L${this.at(x, y)}`)
  }

  quadraticCurveTo(x1, y1, x, y) {
    if (!this.isBegun) this.moveTo(x1, y1)
    this.path.push(`Q${this.at(x1, y1)} ${this.at(x, y)}`)
  }

  bezierCurveTo(x1, y1, x2, y2, x, y) {
    if (!this.isBegun) this.moveTo(x1, y1)
    this.path.push(`C${this.at(x1, y1)} ${this.at(x2, y2)} ${this.at(x, y)}`)
  }

  closePath() {
    if (this.isBegun) this.path.push("Z")
  }

  rect(x, y, width, height) {
    this.moveTo(x, y)
    this.lineTo(x + width, y)
    this.lineTo(x + width, y + height)
    this.lineTo(x, y + height)
    this.closePath()
  }

  roundRect(x, y, width, height, radius) {
    const r = Math.min(radius, Math.abs(width) / 2, Math.abs(height) / 2)
    this.moveTo(x + r, y)
    this.lineTo(x + width - r, y)
    this.arc(x + width - r, y + r, r, -Math.PI / 2, 0)
    this.lineTo(x + width, y + height - r)
    this.arc(x + width - r, y + height - r, r, 0, Math.PI / 2)
    this.lineTo(x + r, y + height)
    this.arc(x + r, y + height - r, r, Math.PI / 2, Math.PI)
    this.lineTo(x, y + r)
    this.arc(x + r, y + r, r, Math.PI, 1.5 * Math.PI)
    this.closePath()
  }

  // In pieces of at most half a circle: a whole one would end where it begins, and be nothing.
  arc(x, y, radius, from, to, isBack = false) {
    if (!Number.isFinite(x + y)) return
    const turn = 2 * Math.PI
    let sweep = isBack ? from - to : to - from
    if (sweep > turn || sweep < 0) sweep = sweep > turn ? turn : ((sweep % turn) + turn) % turn
    const place = (angle) => [x + radius * Math.cos(angle), y + radius * Math.sin(angle)]
    this.lineTo(...place(from))
    const pieces = Math.max(1, Math.ceil(sweep / Math.PI))
    const r = svgNumber(radius * this.enlarged)
    for (let piece = 1; piece <= pieces; piece++) {
      const angle = from + ((isBack ? -1 : 1) * sweep * piece) / pieces
      this.path.push(`A${r} ${r} 0 0 ${isBack ? 0 : 1} ${this.at(...place(angle))}`)
    }
  }

  // --- what is seen --------------------------------------------------------------------------------------------------

  add(element) {
    this.elements.push(this.clipping ? element.replace(/^<(\w+)/, `<$1 clip-path="url(#${this.clipping})"`) : element)
  }

  // A colour, or a pattern, for an attribute, with its opacity.
  paint(name, style) {
    if (style instanceof SvgPattern) return `${name}="url(#${style.define(this)})" ${this.opacity(name, 1)}`
    this.scratch.fillStyle = "#000000"
    this.scratch.fillStyle = style
    const colour = this.scratch.fillStyle
    const parts = colour.match(/^rgba\((\d+), (\d+), (\d+), ([\d.]+)\)$/)
    if (!parts) return `${name}="${svgText(colour)}" ${this.opacity(name, 1)}`
    return `${name}="rgb(${parts.slice(1, 4)})" ${this.opacity(name, Number(parts[4]))}`
  }

  opacity(name, own) {
    const opacity = own * this.globalAlpha
    return opacity < 1 ? `${name}-opacity="${Math.round(1000 * opacity) / 1000}" ` : ""
  }

  fill() {
    if (this.path.length) this.add(`<path d="${this.path.join("")}" ${this.paint("fill", this.fillStyle)}/>`)
  }

  stroke() {
    if (!this.path.length) return
    const { enlarged, dashes } = this
    const dash = dashes.length ? ` stroke-dasharray="${dashes.map((length) => svgNumber(length * enlarged)).join(" ")}"` : ""
    const line = `stroke-width="${svgNumber(this.lineWidth * enlarged)}" stroke-linecap="${this.lineCap}" stroke-linejoin="${this.lineJoin}"`
    this.add(`<path d="${this.path.join("")}" fill="none" ${this.paint("stroke", this.strokeStyle)} ${line}${dash}/>`)
  }

  clip() {
    const id = `c${this.definitions.length + 1}`
    const within = this.clipping ? ` clip-path="url(#${this.clipping})"` : ""
    this.definitions.push(`<clipPath id="${id}"${within}><path d="${this.path.join("") || "M0 0"}"/></clipPath>`)
    this.clipping = id
  }

  // The path that is being made stays as it is.
  apart(draw) {
    const { path, isBegun } = this
    this.beginPath()
    draw()
    Object.assign(this, { path, isBegun })
  }

  fillRect(...box) {
    this.apart(() => {
      this.rect(...box)
      this.fill()
    })
  }

  strokeRect(...box) {
    this.apart(() => {
      this.rect(...box)
      this.stroke()
    })
  }

  clearRect() {} // it is only called on a drawing that has not begun

  // --- text ----------------------------------------------------------------------------------------------------------

  measureText(text) {
    this.scratch.font = this.font
    return this.scratch.measureText(text)
  }

  // Not every reader of SVG knows where the middle of a line is: so text stands on its baseline, where the canvas would put it.
  fillText(text, x, y) {
    const { scratch } = this
    scratch.font = this.font
    const [, slant, weight, size, family] = scratch.font.match(SVG_FONT) ?? [null, null, null, "10", "sans-serif"]
    const { a, b, c, d } = this.matrix
    const baseline = this.matrix.transformPoint({ x, y: y + this.heightOver(family, size) })
    const place = [a, b, c, d].join() === "1,0,0,1"
      ? `x="${svgNumber(baseline.x)}" y="${svgNumber(baseline.y)}"`
      : `transform="matrix(${[a, b, c, d].map((value) => Math.round(1e6 * value) / 1e6).join(" ")} ${svgNumber(baseline.x)} ${svgNumber(baseline.y)})"`
    const font = `font-family="${svgText(family)}" font-size="${size}"${weight ? ` font-weight="${weight}"` : ""}${slant ? ` font-style="${slant}"` : ""}`
    const anchor = SVG_ANCHORS[this.textAlign]
    const start = anchor === "start" ? "" : ` text-anchor="${anchor}"`
    this.add(`<text ${place} ${font}${start} ${this.paint("fill", this.fillStyle)}>${svgText(text)}</text>`)
  }

  // From the present kind of baseline up to where text is drawn, down to the one that letters stand on, in pixels. Measured on large
  // letters, for some browsers round.
  heightOver(family, size) {
    const { scratch } = this
    scratch.font = `${SVG_MEASURED}px ${family}`
    const ascents = [this.textBaseline, "alphabetic"].map((baseline) => {
      scratch.textBaseline = baseline
      return scratch.measureText("x").actualBoundingBoxAscent
    })
    return ((ascents[1] - ascents[0]) * Number(size)) / SVG_MEASURED
  }

  // --- pictures ------------------------------------------------------------------------------------------------------

  // drawImage(picture, x, y), (picture, x, y, width, height) or (picture, left, top, wide, high, x, y, width, height).
  drawImage(picture, ...numbers) {
    const { width: wide, height: high } = picture
    const [left, top, across, down, x, y, width, height] =
      numbers.length === 8 ? numbers : [0, 0, wide, high, numbers[0], numbers[1], numbers[2] ?? wide, numbers[3] ?? high]
    if (!(across > 0 && down > 0)) return
    const cut = document.createElement("canvas")
    Object.assign(cut, { width: Math.ceil(across), height: Math.ceil(down) })
    cut.getContext("2d").drawImage(picture, left, top, across, down, 0, 0, cut.width, cut.height)
    const { a, b, c, d, e, f } = this.matrix
    const crisp = this.imageSmoothingEnabled ? "" : ' style="image-rendering:pixelated"'
    const place = `x="${svgNumber(x)}" y="${svgNumber(y)}" width="${svgNumber(width)}" height="${svgNumber(height)}" preserveAspectRatio="none"`
    const opacity = this.globalAlpha < 1 ? ` opacity="${this.globalAlpha}"` : ""
    // The clipping is where it was made, not where this picture's own transform would put it.
    this.add(`<g><image ${place} transform="matrix(${[a, b, c, d, e, f].map(svgNumber).join(" ")})"${opacity}${crisp} href="${cut.toDataURL()}"/></g>`)
  }

  createPattern(tile) {
    return new SvgPattern(tile)
  }
}

class SvgPattern {
  constructor(tile) {
    this.tile = tile
    this.matrix = new DOMMatrix()
  }

  setTransform(matrix) {
    this.matrix = matrix
  }

  define(pen) {
    const { width, height } = this.tile
    const { a, b, c, d, e, f } = pen.matrix.multiply(this.matrix)
    const crisp = pen.imageSmoothingEnabled ? "" : ' style="image-rendering:pixelated"'
    const id = `p${pen.definitions.length + 1}`
    const image = `<image width="${width}" height="${height}"${crisp} href="${this.tile.toDataURL()}"/>`
    const size = `patternUnits="userSpaceOnUse" width="${width}" height="${height}"`
    pen.definitions.push(`<pattern id="${id}" ${size} patternTransform="matrix(${[a, b, c, d, e, f].join(" ")})">${image}</pattern>`)
    return id
  }
}
