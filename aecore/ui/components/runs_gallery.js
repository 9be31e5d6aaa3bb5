// All runs of a person, and those that came with the app: searched, sorted, filtered and selected here; the server is asked only for
// what has changed, and to change what the person wants changed. Python hears only which view is to be opened with which runs.
// Needs the other files of this view.

const LEAST_CARD = 300 // CSS pixels
const LAYOUTS = { cards: { height: 392, gap: 16 }, table: { height: 64, gap: 0 } }
const HEADS = [
  ["tick", ""],
  ["star", ""],
  ["picture", ""],
  ["name", "Name", "name"],
  ["preset", "Preset", "preset"],
  ["data", "Data", "data"],
  ["state", "State", "state"],
  ["error", "Test error", "error"],
  ["curve", "Validation"],
  ["parameters", "Parameters", "parameters"],
  ["size", "Size", "size"],
  ["created", "Made", "newest"],
  ["actions", ""],
]

class RunsGallery {
  constructor(root, data) {
    Object.assign(this, { root, data, choice: rememberedChoice(), selected: new Set(), anchor: null, ordered: [], spoken: "" })
    const parts = new Map([...root.querySelectorAll("[data-testid]")].map((each) => [each.dataset.testid, each]))
    this.part = (name) => parts.get(name)
    this.window = new RunsWindow(this.part("list"))
    this.menu = new RunMenu(this.part("menu"))
    this.dialog = new TextDialog(this.part)
    this.notice = new Notice(this.part)
    this.feed = new RunsFeed(data.base, () => this.draw())
    this.hooks = {
      select: (run, isChecked, isRange) => this.select(run, isChecked, isRange),
      star: (run) => this.change("star", [run], !run.starred),
      open: (run) => this.open(run),
      take: (run) => this.tell("Take away", [run.token]),
      more: (run, opener) => this.openMenu(run, opener),
      key: (run, event) => this.key(run, event),
    }
    this.wire()
    this.part("count").textContent = "Looking for your runs…"
    this.feed.ask()
  }

  wire() {
    const { part, choice } = this
    const follow = (name, key, value = (field) => field.value) => {
      part(name).oninput = () => this.choose({ [key]: value(part(name)) })
    }
    follow("search", "search")
    for (const name of ["whose", "state", "data", "preset"]) follow(name, name)
    follow("starred", "starred", (field) => field.checked)
    part("sort").oninput = () => this.choose({ sort: part("sort").value, turned: false })
    part("clear").onclick = () => {
      this.choose({ ...NO_CHOICE, sort: this.choice.sort, turned: this.choice.turned })
      part("search").focus()
    }
    part("search").value = choice.search
    part("starred").checked = choice.starred
    fillOptions(part("whose"), Object.entries(WHOSE), choice.whose)
    for (const input of this.root.querySelectorAll("[name=runs-layout]")) input.onchange = () => this.choose({ layout: input.value })
    part("train").href = `${this.data.base}/train`
    part("compare").onclick = () => this.tell("Compare", this.comparable.map(({ token }) => token))
    part("star-selected").onclick = () => this.change("star", this.ownSelected, !this.ownSelected.every((run) => run.starred))
    part("delete-selected").onclick = () => this.remove(this.ownSelected)
    part("unselect").onclick = () => {
      this.selected.clear()
      this.draw()
    }
    part("head").append(...HEADS.map(([name, words, sort]) => element("div", { className: `cell of-${name}` }, ...(words ? [this.headOf(words, sort)] : []))))
    const onscroll = () => this.window.draw()
    document.addEventListener("scroll", onscroll, { capture: true, passive: true })
    this.resizes = new ResizeObserver(() => this.width !== this.root.clientWidth && this.draw())
    this.resizes.observe(this.root)
    const onresize = () => this.window.draw()
    window.addEventListener("resize", onresize)
    const onvisible = () => document.hidden || this.feed.ask()
    document.addEventListener("visibilitychange", onvisible)
    this.unwire = () => {
      document.removeEventListener("scroll", onscroll, { capture: true })
      window.removeEventListener("resize", onresize)
      document.removeEventListener("visibilitychange", onvisible)
      this.resizes.disconnect()
    }
  }

  headOf(words, sort) {
    if (!sort) return element("span", { textContent: words })
    const button = element("button", { type: "button", textContent: words })
    button.dataset.sort = sort
    button.onclick = () => {
      const isSame = this.choice.sort === sort || (sort === "newest" && this.choice.sort === "oldest")
      this.choose({ sort, turned: isSame && this.choice.sort === sort && !this.choice.turned })
    }
    return button
  }

  update(data, trigger) {
    this.data = data
    this.trigger = trigger
  }

  close() {
    this.unwire()
    this.feed.close()
    this.menu.close()
    clearTimeout(this.notice.timer)
  }

  tell(view, tokens) {
    this.notice.hide()
    this.trigger("open", { view, tokens })
  }

  // --- what is chosen --------------------------------------------------------------------------------------------------------

  choose(some) {
    const start = performance.now()
    Object.assign(this.choice, some)
    rememberChoice(this.choice)
    this.draw()
    void this.part("list").offsetHeight // with the layout that it causes
    this.root.dataset.searchMs = (performance.now() - start).toFixed(1)
  }

  select(run, isChecked, isRange) {
    const places = [this.anchor, run.token].map((token) => this.ordered.findIndex((each) => each.token === token))
    const isKnown = isRange && places.every((place) => place >= 0)
    const runs = isKnown ? this.ordered.slice(Math.min(...places), Math.max(...places) + 1) : [run]
    for (const { token } of runs) isChecked ? this.selected.add(token) : this.selected.delete(token)
    this.anchor = run.token
    this.draw()
  }

  get selectedRuns() {
    return this.feed.all.filter(({ token }) => this.selected.has(token))
  }

  get ownSelected() {
    return this.selectedRuns.filter((run) => run.mine)
  }

  get comparable() {
    return this.selectedRuns.filter((run) => run.kind === "run" && !run.problem)
  }

  key(run, event) {
    const place = this.ordered.findIndex(({ token }) => token === run.token)
    const across = this.window.layout.columns
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key]
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey
    if (step && isPlain) this.window.focus(Math.max(0, Math.min(this.ordered.length - 1, place + step)))
    else if (event.key === "Enter" && isPlain) this.open(run)
    else if (event.key === " ") this.select(run, !this.selected.has(run.token), event.shiftKey)
    else if (event.key === "Delete") this.remove([run])
    else return
    event.preventDefault()
  }

  // --- what is done ----------------------------------------------------------------------------------------------------------

  open(run) {
    if (run.kind === "sweep") window.location.assign(sweepAddress(this.data.base, run))
    else if (run.problem) this.notice.say(run.problem)
    else this.tell("Rewind", [run.token])
  }

  openMenu(run, opener) {
    const isRun = run.kind === "run" && !run.problem
    const entries = [
      isRun && ["Look back at its training", () => this.open(run)],
      run.kind === "sweep" && ["Open on the Disentangle page", sweepAddress(this.data.base, run)],
      isRun && ["Take away", () => this.tell("Take away", [run.token])],
      isRun && ["Its settings, on the Train page", trainAddress(this.data.base, run)],
      run.mine && ["Rename", () => this.askName(run)],
      run.mine && [run.note ? "Change the note" : "Write a note", () => this.askNote(run)],
      isRun && ["Duplicate", () => this.change("duplicate", [run])],
      run.mine && ["Delete", () => this.remove([run]), true],
    ]
    this.menu.open(opener, entries.filter(Boolean))
  }

  askName(run) {
    const save = async (text) => (await this.feed.change("rename", [run.token], text)).error ?? ""
    this.dialog.ask({ title: "Name", text: run.name, isNote: false, save })
  }

  askNote(run) {
    const save = async (text) => (await this.feed.change("note", [run.token], text)).error ?? ""
    this.dialog.ask({ title: `Note on ${run.name}`, text: run.note, isNote: true, save })
  }

  async change(action, runs, value = null) {
    this.notice.hide()
    const answer = await this.feed.change(action, runs.map(({ token }) => token), value)
    const problem = answer.error ?? answer.refused[0]?.sentence
    if (problem) this.notice.say(problem)
    else if (action === "duplicate") this.notice.say(`A copy of ${runs[0].name} is kept as your own.`)
    return answer
  }

  // With a way back, and so without a question before.
  async remove(runs) {
    const [theirs, mine] = [runs.filter((run) => !run.mine), runs.filter((run) => run.mine)]
    if (!mine.length) {
      if (theirs.length) this.notice.say("What came with the app stays as it is.")
      return
    }
    const place = this.ordered.findIndex(({ token }) => token === mine[0].token)
    const hadFocus = this.part("list").contains(this.root.getRootNode().activeElement)
    const { done, refused, error } = await this.feed.change("delete", mine.map(({ token }) => token))
    for (const token of done) this.selected.delete(token)
    this.draw()
    if (hadFocus && done.length) this.window.focus(Math.min(place, this.ordered.length - 1))
    const why = error ?? refused[0]?.sentence ?? ""
    const words = done.length === 1 ? `Deleted ${mine.find(({ token }) => token === done[0]).name}.` : `Deleted ${plural(done.length, "run")}.`
    if (done.length) this.notice.say([words, why].filter(Boolean).join(" "), () => this.restore(done))
    else this.notice.say(why)
  }

  async restore(tokens) {
    const { done, refused, error } = await this.feed.change("restore", tokens)
    const why = error ?? refused[0]?.sentence ?? ""
    this.notice.say([done.length ? `Brought back ${plural(done.length, "run")}.` : "", why].filter(Boolean).join(" "))
  }

  // --- what is shown ---------------------------------------------------------------------------------------------------------

  draw() {
    const { part, feed, choice } = this
    part("problem").hidden = feed.failures < 2
    part("problem").textContent = "The server does not answer. What is shown may be old; it is asked again and again."
    if (!feed.answers) return
    const all = feed.all
    this.ordered = listed(all, choice)
    const known = new Set(feed.order)
    for (const token of this.selected) if (!known.has(token)) this.selected.delete(token)
    drawTools(this, all)
    this.drawList()
    drawWords(this, all)
    drawGone(this)
    drawBar(this)
    this.leaveReadings(all)
  }

  drawList() {
    const { choice, root } = this
    this.width = root.clientWidth
    const isCards = choice.layout === "cards"
    root.dataset.layout = choice.layout
    this.part("head").hidden = isCards || !this.ordered.length
    const { height, gap } = LAYOUTS[choice.layout]
    const columns = isCards ? Math.max(1, Math.floor((this.width + gap) / (LEAST_CARD + gap))) : 1
    const across = isCards ? (this.width + gap) / columns - gap - 30 : 90
    const now = { base: this.data.base, queue: this.feed.queue, selected: this.selected, widths: { across, down: isCards ? 118 : 50 } }
    this.part("list").setAttribute("role", "list")
    this.window.show(this.ordered, {
      name: choice.layout,
      columns,
      height,
      gap,
      make: () => makeRun(this.hooks, isCards),
      fill: (box, run) => fillRun(box, run, now),
    })
  }

  // What tests and benchmarks read.
  leaveReadings(all) {
    const { root, feed } = this
    root.dataset.firstMs ??= performance.now().toFixed(0)
    Object.assign(root.dataset, {
      runs: all.length,
      mine: all.filter((run) => run.mine).length,
      listed: this.ordered.length,
      answers: feed.answers,
      there: this.window.there.size,
      failures: feed.failures,
    })
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const make = (root) => new RunsGallery(root, data)
  return keepView(parentElement, "[data-testid=runs-gallery]", make, (view) => view.update(data, setTriggerValue))
}
