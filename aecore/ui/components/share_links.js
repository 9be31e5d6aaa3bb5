// Links to copy, each with its QR code for those who have it on the wall before them.

const COPIED = 2500 // milliseconds for which a button says so

// Browsers give a page their clipboard over https and on the machine itself only. Elsewhere the old way may still work; if not,
// the text is selected, ready for the keyboard.
async function copy(field) {
  field.focus()
  field.select()
  try {
    await navigator.clipboard.writeText(field.value)
    return true
  } catch {
    return document.execCommand("copy")
  }
}

class Links {
  constructor(root) {
    this.root = root
    this.rows = new Map()
    this.dialog = root.querySelector("dialog")
    this.dialog.onclick = (event) => event.target === this.dialog && this.dialog.close()
    this.dialog.querySelector("button").onclick = () => this.dialog.close()
  }

  show(links, ask) {
    this.ask = ask
    for (const [id, row] of this.rows) {
      if (links.some((link) => link.id === id)) continue
      row.remove()
      this.rows.delete(id)
    }
    for (const link of links) this.fill(this.rows.get(link.id) ?? this.add(link.id), link)
  }

  add(id) {
    const row = this.root.querySelector("template").content.firstElementChild.cloneNode(true)
    row.dataset.testid = `share-${id}`
    this.root.insertBefore(row, this.dialog)
    this.rows.set(id, row)
    return row
  }

  fill(row, { id, title, words, address, code, hasCode, isTried }) {
    const part = (name) => row.querySelector(name)
    const [field, button, said] = [part("input"), part(".copy"), part(".said")]
    part("h4").textContent = title
    part("h4").hidden = !title
    part(".words").textContent = words
    field.setAttribute("aria-label", `Link: ${title || words}`)
    if (field.value !== address) {
      field.value = address
      this.settle(button, said)
    }
    field.onfocus = () => field.select()
    button.onclick = async () => {
      const isCopied = await copy(field)
      button.textContent = isCopied ? "Copied" : "Copy"
      said.textContent = isCopied ? "" : "Selected: press Ctrl+C (on a Mac ⌘C) to copy it."
      clearTimeout(button.timer)
      if (isCopied) button.timer = setTimeout(() => this.settle(button, said), COPIED)
    }
    const open = part(".text.code")
    open.hidden = !hasCode
    open.onclick = () => {
      if (code) return this.open(title, code)
      this.wanted = id // it is made on the server, and comes with the next rerun
      this.ask(id)
    }
    if (code && this.wanted === id) {
      this.wanted = null
      this.open(title, code)
    }
    const link = part(".try")
    link.hidden = !isTried
    if (isTried) link.href = address
  }

  settle(button, said) {
    clearTimeout(button.timer)
    button.textContent = "Copy"
    said.textContent = ""
  }

  open(title, code) {
    const picture = this.dialog.querySelector("img")
    picture.src = code
    picture.alt = `QR code of the link: ${title || "the lesson"}`
    this.dialog.querySelector(".title").textContent = title
    this.dialog.showModal()
  }
}

const shown = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".links")
  let links = shown.get(parentElement)
  if (links?.root !== root) {
    links = new Links(root)
    shown.set(parentElement, links)
  }
  links.show(data.links, (id) => setStateValue("code", id))
}
