// A button for every figure that plotly has drawn on the page, which saves it as PNG or SVG. Plotly draws SVG: it has only to be
// collected. Needs canvas.js, svg_pen.js and save_chart.js.

const FIGURES = "[data-testid='stPlotlyChart']"
const NOT_DRAWN = ".draglayer, .hoverlayer, .zoomlayer, .legendtoggle, .scrollbar" // what is there for the pointer only
const MENU_VARIABLES = ["border-color", "background-color", "text-color", "primary-color", "font"]

class PlotlySaving {
  constructor(root) {
    this.root = root
    this.watcher = new MutationObserver(() => this.lookSoon())
    this.watcher.observe(document.body, { childList: true, subtree: true })
  }

  close() {
    this.watcher.disconnect()
    cancelAnimationFrame(this.request)
  }

  lookSoon() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.look()
    })
  }

  // Figures come and go with the page's reruns, and with them their buttons. The page's style must not reach these.
  look() {
    for (const box of document.querySelectorAll(FIGURES)) {
      if (!box.querySelector(".main-svg") || box.querySelector(":scope > .saving")) continue
      const host = make("div", { className: "saving" })
      Object.assign(host.style, { position: "absolute", inset: "0 0 auto auto", zIndex: 1 })
      box.style.position = "relative"
      box.append(host)
      const inside = host.attachShadow({ mode: "open" })
      const place = make("div", { className: "can-save" })
      inside.append(make("style", { textContent: this.style }), place)
      this.offer(box, host, place)
    }
    this.paint()
  }

  offer(box, host, place) {
    const kept = () => figureAsSvg(box, this.theme)
    const menu = saveMenu(place, { png: () => savePlotlyPng(kept()), svg: () => savePlotlySvg(kept()) })
    const show = (isNear) => menu.toggleAttribute("data-near", isNear)
    box.addEventListener("pointerenter", () => show(true))
    box.addEventListener("pointerleave", () => show(false))
    Object.assign(host.style, { width: "40px", height: "38px" })
  }

  get theme() {
    return readTheme(this.root)
  }

  update({ style }) {
    this.style = style
    this.look()
  }

  // The colours of the present theme.
  paint() {
    const given = getComputedStyle(this.root)
    for (const host of document.querySelectorAll(`${FIGURES} > .saving`)) {
      for (const name of MENU_VARIABLES) host.style.setProperty(`--st-${name}`, given.getPropertyValue(`--st-${name}`))
    }
  }
}

// {text, title, width, height}: plotly's layers over each other, on the page's ground, with the title over them.
function figureAsSvg(box, theme) {
  const title = box.ariaLabel || box.getAttribute("aria-label") || "Chart"
  const layers = [...box.querySelectorAll(".svg-container > .main-svg")]
  const [across, down] = ["width", "height"].map((side) => Number(layers[0].getAttribute(side)))
  const scratch = make("canvas").getContext("2d")
  const heading = wordsIn(scratch, theme, title, across)
  const above = SAVED_LINE * heading.length + 6
  const [width, height] = [across + 2 * SAVED_EDGE, above + down + 2 * SAVED_EDGE]
  const pen = new SvgPen(width, height)
  pen.fillStyle = theme.background
  pen.fillRect(0, 0, width, height)
  heading.forEach((words, i) => {
    write(pen, theme, words, SAVED_EDGE, SAVED_EDGE + SAVED_LINE * i + 9, { size: 15, weight: 600, quiet: false })
  })
  for (const layer of layers) pen.elements.push(layerText(layer, SAVED_EDGE, SAVED_EDGE + above))
  return { text: pen.document(title), title, width, height }
}

function layerText(layer, x, y) {
  const copy = layer.cloneNode(true)
  for (const part of copy.querySelectorAll(NOT_DRAWN)) part.remove()
  for (const name of ["style", "class"]) copy.removeAttribute(name)
  // Whoever enlarges the file wants thicker lines too.
  for (const part of copy.querySelectorAll("[style*=vector-effect]")) part.style.vectorEffect = "none"
  copy.setAttribute("x", x)
  copy.setAttribute("y", y)
  // Where a page has a base address, what is in the same file is named by it.
  return new XMLSerializer().serializeToString(copy).replace(/url\((&quot;|['"]?)[^#)]*#/g, "url($1#")
}

function savePlotlySvg({ text, title }) {
  keepFile(new Blob([text], { type: "image/svg+xml" }), fileName(title, "svg"))
}

async function savePlotlyPng({ text, title, width, height }) {
  const image = new Image()
  // A picture sees nothing of the page, so its letters go with it.
  const fonts = await (pageFonts ??= fontsOfThePage())
  const style = `<style>${fonts} text { text-rendering: geometricPrecision }</style>`
  image.src = URL.createObjectURL(new Blob([text.replace("<title>", () => `${style}<title>`)], { type: "image/svg+xml" }))
  await image.decode()
  const canvas = make("canvas", { width: SAVED_SCALE * width, height: SAVED_SCALE * height })
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height)
  URL.revokeObjectURL(image.src)
  keepFile(await new Promise((resolve) => canvas.toBlob(resolve)), fileName(title, "png"))
}

let pageFonts = null

// The page's upright text font, inside the style itself; "" where it cannot be had: then another one is drawn.
async function fontsOfThePage() {
  try {
    const family = getComputedStyle(document.body).fontFamily.split(",")[0].replaceAll('"', "").trim()
    for (const sheet of document.styleSheets) {
      for (const rule of rulesOf(sheet)) {
        const { fontFamily, fontStyle, fontWeight } = rule.style ?? {}
        if (!(rule instanceof CSSFontFaceRule) || fontFamily.replaceAll('"', "") !== family || fontStyle === "italic") continue
        const address = rule.style.getPropertyValue("src").match(/url\("?([^")]+)/)[1]
        const bytes = await (await fetch(new URL(address, sheet.href ?? document.baseURI))).blob()
        const data = await new Promise((resolve) => {
          const reader = Object.assign(new FileReader(), { onload: () => resolve(reader.result) })
          reader.readAsDataURL(bytes)
        })
        return `@font-face { font-family: "${family}"; font-weight: ${fontWeight || "400"}; src: url(${data}); }`
      }
    }
  } catch (error) {
    reportError(error)
  }
  return ""
}

// Those of another site's sheets are hidden.
function rulesOf(sheet) {
  try {
    return sheet.cssRules
  } catch {
    return []
  }
}

const savings = new WeakMap()

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("[data-testid='save-plotly']")
  let saving = savings.get(parentElement)
  if (saving?.root !== root) {
    saving?.close()
    saving = new PlotlySaving(root)
    savings.set(parentElement, saving)
  }
  saving.update(data)
  const call = {}
  saving.latestCall = call
  return () => {
    if (saving.latestCall !== call) return
    saving.close()
    savings.delete(parentElement)
  }
}
