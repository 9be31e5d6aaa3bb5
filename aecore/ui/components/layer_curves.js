// The losses of a run in small charts, stage by stage, and where it stands: fetched from the server as the run goes on.
// Needs numbers.js, canvas.js, run_feed.js, curve.js, small_chart.js and layer_panel.js.

const CURVE_STATES = {
  queued: "Queued",
  preparing: "Getting ready",
  running: "Training",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  interrupted: "Interrupted",
}

class LayerCurves {
  constructor(root) {
    this.root = root
    this.feeds = new Map()
    this.panels = []
    this.known = null // the run and state that the page knew last
    this.announced = null // the state that the page was last told, or knew
    this.closing = new AbortController()
    const wakeAll = () => this.feeds.forEach((feed) => feed.wake())
    document.addEventListener("visibilitychange", wakeAll, { signal: this.closing.signal })
    this.resizing = new ResizeObserver(() => this.requestDraw())
    this.resizing.observe(root)
  }

  close() {
    this.closing.abort()
    this.resizing.disconnect()
    cancelAnimationFrame(this.request)
    this.feeds.forEach((feed) => feed.close())
  }

  part(name) {
    return this.root.querySelector(`[data-testid=${name}]`)
  }

  get main() {
    return this.feeds.values().next().value
  }

  update(data, announce) {
    Object.assign(this, { data, announce })
    const known = [data.runs[0].token, data.state, data.nonce].join()
    if (known !== this.known) Object.assign(this, { known, announced: data.state })
    const feeds = new Map(data.runs.map(({ token }) => [token, this.feeds.get(token) ?? this.makeFeed(token)]))
    this.feeds.forEach((feed, token) => feeds.has(token) || feed.close())
    this.feeds = feeds
    for (const feed of feeds.values()) feed.base = data.base
    if (this.nonce !== undefined && data.nonce !== this.nonce) this.main.restart()
    this.nonce = data.nonce
    this.showPanels()
    feeds.forEach((feed) => feed.wake())
    this.draw()
  }

  makeFeed(token) {
    return new RunFeed(token, () => {
      this.announceState()
      this.requestDraw()
    })
  }

  // Tell the page once when the run's state is not what it knew, so that it shows the right buttons.
  announceState() {
    const state = this.main?.state
    if (!state || state === this.announced) return
    this.announced = state
    this.announce(state)
  }

  // One panel for each stage, and one that goes through all of them.
  showPanels() {
    const { panels, course } = this.data
    const specs = panels.map((panel) => ({ ...panel, isWide: false, emptyText: panel.first ? "Its turn comes later" : "It begins soon" }))
    if (course) {
      specs.push({
        title: "Reconstruction error of the network so far",
        term: "reconstruction",
        first: 0,
        last: Infinity,
        svg: "",
        words: "",
        isWide: true,
        emptyText: "It begins soon",
        ...course,
      })
    }
    const before = this.panels
    this.panels = specs.map((spec, i) => {
      before[i]?.renew(spec)
      return before[i] ?? new LayerPanel(spec, i)
    })
    const box = this.root.querySelector(".panels")
    if (before.length !== this.panels.length) box.replaceChildren(...this.panels.map((panel) => panel.box))
  }

  requestDraw() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.draw()
    })
  }

  draw() {
    const { main, data } = this
    const theme = readTheme(this.root)
    const colours = [theme.primary, ...theme.palette.slice(1)]
    const runs = [...this.feeds.values()].map((feed, i) => ({ feed, name: data.runs[i].name, colour: colours[i] }))
    const status = main.status
    const perEpoch = status?.epochs ? status.steps / status.epochs : this.guessedPerEpoch
    for (const panel of this.panels) {
      const { spec } = panel
      const all = spec.isWide ? { ...spec, last: Math.max(...runs.map(({ feed }) => feed.status?.steps ?? 0), spec.epochs * perEpoch) } : spec
      panel.spec = all
      panel.draw(theme, spec.isWide ? runs : runs.slice(0, 1), perEpoch)
      if (!spec.isWide) panel.box.dataset.status = this.statusOf(spec, status)
    }
    this.showLegend(theme, runs)
    this.showState(status)
    Object.assign(this.root.dataset, { state: status?.state ?? data.state, step: status?.step ?? "", updates: main.updates })
  }

  // Before the server's first answer.
  get guessedPerEpoch() {
    const { panels, course } = this.data
    return course ? panels.at(-1).last / course.epochs : 1
  }

  statusOf({ first, last }, status) {
    if (!status || status.step < first || (status.step === first && first > 0)) return "waiting"
    if (status.step >= last || status.state === "finished") return "done"
    return ["running", "paused", "preparing"].includes(status.state) ? "now" : "waiting"
  }

  showLegend(theme, runs) {
    const hasStages = this.data.panels.length > 1 && this.data.panels[0].svg
    const wanted = [hasStages, ...runs.map(({ name, colour }) => `${name}:${colour}`), theme.text].join()
    const legend = this.part("curves-legend")
    if (legend.dataset.shown === wanted) return
    legend.dataset.shown = wanted
    const entry = (kind, hue, text) => {
      const sample = make("i", { className: kind })
      sample.style.setProperty("--colour", hue)
      return make("li", {}, sample, make("span", { textContent: text }))
    }
    const entries = [entry("thin", theme.primary, "training"), entry("thick", theme.primary, "validation")]
    if (hasStages) entries.unshift(entry("filled", theme.primary, "learns"), entry("hatched", theme.text, "frozen"))
    entries.push(...runs.slice(1).map(({ name, colour }) => entry("thick", colour, `${name} (last chart)`)))
    legend.replaceChildren(...entries)
  }

  showState(status) {
    const state = status?.state ?? this.data.state
    setText(this.part("curves-state"), CURVE_STATES[state] ?? "")
    setText(this.part("curves-message"), this.message(status))
    const done = state === "preparing" && status?.preparing ? status.preparing.done : status ? status.step / status.steps : 0
    const progress = this.part("curves-progress")
    progress.hidden = state === "finished"
    progress.style.setProperty("--done", Math.max(0, Math.min(1, done || 0)))
    progress.ariaValueNow = Math.round(100 * (done || 0))
  }

  message(status) {
    const { main } = this
    if (main.isUnknown) return "The server does not know this run any more. Reload the page or choose another run."
    if (main.failures) return "Reconnecting to the server…"
    if (!status) return ""
    const { state, step, steps, seconds, reason, preparing, queue, slots, epoch, epochs } = status
    const left = step > 0 ? (seconds / step) * (steps - step) : NaN
    const now = this.panels.find(({ box }) => box.dataset.status === "now")?.spec
    const stage = now && this.data.panels.length > 1 && now.svg ? `${now.title} · ` : ""
    const messages = {
      queued: queue ? `Number ${queue} in the queue: ${slots} runs train at a time here` : "Waiting for a free place",
      preparing: preparing ? `${preparing.what}…` : reason || "Getting ready…",
      running: reason || `${stage}epoch ${epochText(epoch)} of ${countText(epochs)}${left >= 1 ? ` · about ${timeText(Math.round(left)).replace(".0 s", " s")} left` : ""}`,
      paused: reason || `${stage}waiting at step ${countText(step)}`,
      finished: `${countText(epochs)} epochs in ${timeText(seconds)} of training`,
      stopped: reason || `Stopped at step ${countText(step)} of ${countText(steps)}`,
      failed: reason || "Training ended with an error.",
      interrupted: reason || `Training was cut off at step ${countText(step)}. Resume it to go on from there.`,
    }
    return messages[state] ?? ""
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const make = (root) => new LayerCurves(root)
  return keepView(parentElement, "[data-testid=layer-curves]", make, (view) => view.update(data, (state) => setTriggerValue("state", state)))
}
