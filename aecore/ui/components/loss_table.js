// The terms of the loss for one picture beside those of a typical test picture, and how many nats each number of the code
// tells. Needs canvas.js, numbers.js and loss_terms.js.

const NUMBERS_SHOWN = 16

// Bars cannot be negative, nor those of a network that has diverged be drawn.
const shareOf = (value, whole) => (value > 0 && whole > 0 && Number.isFinite(value / whole) ? value / whole : 0)

class LossTable {
  constructor(box) {
    this.head = ["Term", "", "A typical test picture"].map((textContent) => make("th", { scope: "col", textContent }))
    this.body = make("tbody")
    this.rows = new Map()
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...this.head)), this.body)
    this.note = make("p", { className: "caption", dataset: { testid: "note" } })
    const title = make("h3", { textContent: "What it costs" })
    this.each = make("ul", { className: "numbers", dataset: { testid: "kl-each" } })
    this.rest = make("p", { className: "caption", dataset: { testid: "kl-rest" } })
    const eachTitle = make("h3", { textContent: "Nats that each number of the code tells" })
    this.numbers = make("div", {}, eachTitle, this.each, this.rest)
    box.replaceChildren(make("div", {}, title, table, this.note), this.numbers)
    this.bars = []
  }

  // terms: see lossTerms; typical: the same of a typical picture, or null while it is not known; order: of the numbers of
  // the code; usual: the mean KL of each over the test pictures, or null; what: the picture in words; facts: of the run.
  show({ terms, typical, order, usual, what, facts, sampled }) {
    const { reconstruction, kl, total } = terms
    const { beta } = facts
    setText(this.head[1], what)
    this.showRow("reconstruction", reconstructionName(facts), reconstruction, total, typical)
    this.numbers.hidden = kl === null
    if (kl !== null) {
      const times = beta === 1 ? "" : `, counts ${exactBeta(beta)} times`
      this.showRow("kl", `KL divergence from the prior${times}`, kl, total / beta, typical)
      this.showRow("total", totalName(facts), total, total, typical)
      this.showNumbers(terms.klOfEach, order, usual)
    }
    setText(this.note, noteOn(facts, kl !== null, sampled))
  }

  showRow(name, title, value, whole, typical) {
    const row = this.rows.get(name) ?? this.makeRow(name)
    setText(row.title, title)
    setText(row.value, lossText(value))
    setText(row.typical, typical ? lossText(typical[name]) : "…")
    row.bar.style.setProperty("--share", shareOf(value, whole))
  }

  makeRow(name) {
    const [title, bar] = [make("span"), make("i", { className: "bar", ariaHidden: "true" })]
    const value = make("td", { dataset: { testid: `term-${name}` } })
    const typical = make("td", { dataset: { testid: `typical-${name}` } })
    this.body.append(make("tr", { className: name }, make("th", { scope: "row" }, title, bar), value, typical))
    this.rows.set(name, { title, bar, value, typical })
    return this.rows.get(name)
  }

  // The most used numbers, each with a mark at what it tells of a test picture on average.
  showNumbers(kl, order, usual) {
    const shown = order.slice(0, NUMBERS_SHOWN)
    while (this.bars.length < shown.length) this.bars.push(this.makeBar())
    const most = Math.max(...shown.flatMap((k) => [kl[k], usual?.[k] ?? 0]).filter(Number.isFinite), 1e-3)
    shown.forEach((k, i) => {
      const { name, bar, value } = this.bars[i]
      setText(name, `z${k + 1}`)
      setText(value, Number.isFinite(kl[k]) ? kl[k].toFixed(2) : NOTHING)
      bar.style.setProperty("--share", shareOf(kl[k], most))
      bar.style.setProperty("--usual", shareOf(usual?.[k] ?? 0, most))
    })
    const others = order.slice(NUMBERS_SHOWN)
    const together = others.reduce((sum, k) => sum + kl[k], 0)
    const more = others.length ? `${countText(others.length)} more tell ${lossText(together)} nats together. ` : ""
    setText(this.rest, `${more}Lines: the mean over all test pictures.`)
  }

  makeBar() {
    const [name, bar, value] = [make("span"), make("i", { className: "bar" }), make("span")]
    this.each.append(make("li", {}, name, bar, value))
    return { name, bar, value }
  }
}

const exactBeta = (beta) => String(Number(beta.toPrecision(4)))

function reconstructionName({ reconstruction }) {
  return reconstruction === "bce" ? "Reconstruction (cross-entropy)" : "Reconstruction (squared error)"
}

function totalName({ reconstruction, beta }) {
  if (beta !== 1) return `Loss: reconstruction + ${exactBeta(beta)} × KL`
  return reconstruction === "bce" ? "Together: −ELBO" : "Together: −ELBO, up to a constant"
}

// sampled: the mean reconstruction term of the samples, or null.
function noteOn({ reconstruction }, isGaussian, sampled) {
  const unit = reconstruction === "bce" ? "In nats, summed over all pixels." : "Squared differences, summed over all pixels."
  if (!isGaussian) return unit
  const mean = " Reconstruction is from the mean of the code"
  return `${unit}${mean}; the ELBO averages it over samples: ${sampled === null ? "…" : lossText(sampled)} for those above.`
}
