// The live view of a training run: asks the server for what is new and draws it, without a rerun of the page.
// Needs numbers.js, canvas.js, run_feed.js, curve.js, run_stages.js, chart.js, sequences.js, pictures.js and scatter.js in front of it.

const STATE_NAMES = {
  ready: "Ready",
  queued: "Queued",
  preparing: "Preparing",
  running: "Training",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  interrupted: "Interrupted",
}

// What there is to say about the state beyond its name, in one sentence.
function messageOf(feed, invitation) {
  if (feed?.isUnknown) return "The server does not know this run any more. Reload the page or choose another run."
  if (feed?.failures) return "Reconnecting to the server…"
  if (!feed?.status) return feed ? "" : invitation
  const { state, reason, step, steps, seconds, preparing, queue, slots } = feed.status
  const left = step > 0 ? (seconds / step) * (steps - step) : NaN
  const stage = stageWords(feed)
  const during = (text) => (stage && text ? `${stage}. ${text}` : stage || text)
  const messages = {
    queued: queue ? `Number ${queue} in the queue: ${slots} runs train at a time here` : "Waiting for a free place",
    preparing: preparing ? `${preparing.what}…` : reason || "Getting ready…",
    running: reason || during(left >= 1 ? `About ${timeText(Math.round(left)).replace(".0 s", " s")} left` : ""),
    paused: reason || during(`Waiting at step ${countText(step)}.`),
    finished: "All epochs done.",
    stopped: reason || `Stopped at step ${countText(step)}.`,
    failed: reason || "Training ended with an error.",
    interrupted: reason || `Training was cut off at step ${countText(step)}. Resume it to go on from there.`,
  }
  return messages[state] ?? ""
}

function progressOf(status) {
  if (!status) return 0
  const done = status.state === "preparing" ? status.preparing?.done : status.step / status.steps
  return Math.max(0, Math.min(1, done || 0))
}

class LiveRun {
  constructor(root, data) {
    this.root = root
    this.feeds = new Map()
    this.nonce = data.nonce
    this.known = null // the run and state that the page knew last
    this.announced = null // the state that the page was last told, or knew
    const panel = (name) => root.querySelector(`.${name}`)
    this.stages = new StageList(panel("stages"))
    this.chart = new LossChart(panel("loss"))
    this.pictures = new Pictures(panel("pictures"), data.corrupted)
    this.codeSpace = new CodeSpace(panel("code"))
    this.closing = new AbortController()
    const wakeAll = () => this.feeds.forEach((feed) => feed.wake())
    document.addEventListener("visibilitychange", wakeAll, { signal: this.closing.signal })
    this.resizing = new ResizeObserver(() => this.requestDraw())
    for (const box of [root, ...root.querySelectorAll(".plot")]) this.resizing.observe(box)
  }

  close() {
    this.closing.abort()
    this.resizing.disconnect()
    cancelAnimationFrame(this.request)
    this.feeds.forEach((feed) => feed.close())
  }

  get main() {
    return this.feeds.values().next().value
  }

  update(data, announce) {
    Object.assign(this, { data, announce })
    const known = [data.runs[0]?.token, data.state, data.nonce].join()
    if (known !== this.known) Object.assign(this, { known, announced: data.state })
    const feeds = new Map(data.runs.map(({ token }) => [token, this.feeds.get(token) ?? this.makeFeed(token)]))
    this.feeds.forEach((feed, token) => feeds.has(token) || feed.close())
    this.feeds = feeds
    for (const feed of feeds.values()) {
      const isMain = feed === this.main
      Object.assign(feed, { base: data.base, wantsPictures: isMain, stages: isMain ? data.stages : [] })
    }
    if (data.nonce !== this.nonce) feeds.forEach((feed) => feed.restart())
    this.nonce = data.nonce
    feeds.forEach((feed) => feed.wake())
    this.draw() // at once, so that everything has its place before it is first seen
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

  requestDraw() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.draw()
    })
  }

  draw() {
    const theme = readTheme(this.root)
    const { main, data } = this
    const runs = data.runs.map(({ token, name }, i) => {
      const colour = i === 0 ? theme.primary : theme.palette[i % theme.palette.length]
      return { feed: this.feeds.get(token), name, colour }
    })
    const state = main?.state ?? data.state // until the server has answered, what the page says
    this.root.dataset.state = state
    setText(this.root.querySelector(".pill"), STATE_NAMES[state] ?? state)
    this.drawSummary(main)
    this.stages.draw(data.stages ?? [], main?.status)
    this.chart.draw(theme, runs, data)
    this.pictures.draw(theme, main, data.shape)
    this.codeSpace.draw(theme, main)
    this.leaveTraces(main, runs)
  }

  drawSummary(main) {
    const status = main?.status
    const last = (name) => main?.column(name).findLast(Number.isFinite)
    const fact = (name, value, rest = "") => {
      const [number, small] = this.root.querySelector(`[data-testid='${name}']`).children
      setText(number, value)
      setText(small, rest)
    }
    const of = (total, text) => (Number.isFinite(total) ? ` / ${text(total)}` : "")
    setText(this.root.querySelector(".message"), messageOf(main, this.data.invitation))
    fact("epoch", epochText(status?.epoch), of(status?.epochs, countText))
    fact("step", countText(status?.step), of(status?.steps, countText))
    fact("seconds", timeText(status?.seconds))
    fact("training-loss", lossText(last("train_loss")))
    fact("validation-loss", lossText(last("val_loss")))
    const progress = this.root.querySelector(".progress")
    progress.style.setProperty("--done", progressOf(status))
    progress.ariaValueNow = Math.round(100 * progressOf(status))
  }

  // What tests read: they cannot look at pixels.
  leaveTraces(main, runs) {
    const [points, validationPoints] = this.chart.pointCounts
    Object.assign(this.root.dataset, {
      step: main?.status?.step ?? "",
      points,
      validationPoints,
      loss: main?.column("train_loss").findLast(Number.isFinite) ?? "",
      updates: main?.updates ?? 0,
      frameStep: main?.frame?.step ?? "",
      pictureHash: main?.frame?.hash ?? "",
      runs: runs.filter(({ feed }) => feed.rows.length).length,
      parts: this.chart.partCount,
    })
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const make = (root) => new LiveRun(root, data)
  return keepView(parentElement, ".live", make, (view) => view.update(data, (state) => setTriggerValue("state", state)))
}
