// What opens over the runs: the menu of one, the dialog for a name or a note, and the bar that says what was done.

const NOTICE_STAYS = { undo: 60000, words: 12000 } // milliseconds

class RunMenu {
  constructor(box) {
    this.box = box
    box.onkeydown = (event) => this.move(event)
    box.onclick = ({ target }) => {
      if (target.closest("a, button")) this.close()
    }
  }

  // entries: [words, what it does or the address of a link, whether it is dangerous].
  open(opener, entries) {
    this.opener = opener
    this.box.replaceChildren(
      ...entries.map(([words, what, isDangerous]) => {
        const isLink = typeof what === "string"
        const made = element(isLink ? "a" : "button", { textContent: words, role: "menuitem", className: isDangerous ? "danger" : "" })
        if (isLink) Object.assign(made, { href: what, target: "_self" })
        else Object.assign(made, { type: "button", onclick: what })
        made.setAttribute("role", "menuitem")
        return made
      }),
    )
    this.box.showPopover()
    const [from, size] = [opener.getBoundingClientRect(), this.box.getBoundingClientRect()]
    const isBelow = from.bottom + size.height + 8 < window.innerHeight
    this.box.style.left = `${Math.max(8, Math.min(from.right - size.width, window.innerWidth - size.width - 8))}px`
    this.box.style.top = `${isBelow ? from.bottom + 4 : Math.max(8, from.top - size.height - 4)}px`
    this.box.firstElementChild.focus()
  }

  close() {
    if (this.box.matches(":popover-open")) this.box.hidePopover()
  }

  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const all = [...this.box.children]
    const at = all.indexOf(this.box.getRootNode().activeElement)
    all[(at + step + all.length) % all.length].focus()
  }
}

class TextDialog {
  constructor(part) {
    this.part = part
    this.box = part("dialog")
    part("dialog-cancel").onclick = () => this.box.close()
    // Braces: a handler that returns false would keep the browser from sending the form.
    this.box.onclick = ({ target }) => {
      if (target === this.box) this.box.close() // beside it
    }
    this.box.querySelector("form").onsubmit = (event) => {
      event.preventDefault()
      this.send()
    }
    part("dialog-note").onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.send()
    }
  }

  // save(text) returns a sentence if it could not be done, else "".
  ask({ title, text, isNote, save }) {
    const { part } = this
    this.field = part(isNote ? "dialog-note" : "dialog-name")
    this.save = save
    part("dialog-title").textContent = title
    part("dialog-name").hidden = isNote
    part("dialog-note").hidden = !isNote
    this.field.ariaLabel = title
    this.field.value = text
    this.complain("")
    this.box.showModal()
    this.field.focus()
    this.field.select()
  }

  complain(words) {
    this.part("dialog-problem").textContent = words
    this.part("dialog-problem").hidden = !words
  }

  async send() {
    const button = this.part("dialog-save")
    if (button.disabled) return
    button.disabled = true
    const problem = await this.save(this.field.value)
    button.disabled = false
    if (problem) this.complain(problem)
    else this.box.close()
  }
}

class Notice {
  constructor(part) {
    this.part = part
    part("dismiss").onclick = () => this.hide()
  }

  // undo: what takes it back, if anything does.
  say(words, undo = null) {
    clearTimeout(this.timer)
    this.part("notice-words").textContent = words
    this.part("undo").hidden = !undo
    this.part("undo").onclick = () => {
      this.hide()
      undo()
    }
    this.part("notice").hidden = false
    this.timer = setTimeout(() => this.hide(), undo ? NOTICE_STAYS.undo : NOTICE_STAYS.words)
  }

  hide() {
    clearTimeout(this.timer)
    this.part("notice").hidden = true
  }
}
