// The losses of several runs in one chart, followed while they are in training. Needs what chart.js needs, and chart.js.

class CompareCurves {
  constructor(root) {
    this.root = root
    this.feeds = new Map()
    this.chart = new LossChart(root.querySelector(".loss"))
    this.closing = new AbortController()
    const wakeAll = () => this.feeds.forEach((feed) => feed.wake())
    document.addEventListener("visibilitychange", wakeAll, { signal: this.closing.signal })
    this.resizing = new ResizeObserver(() => this.requestDraw())
    this.resizing.observe(root.querySelector(".plot"))
  }

  close() {
    this.closing.abort()
    this.resizing.disconnect()
    cancelAnimationFrame(this.request)
    this.feeds.forEach((feed) => feed.close())
  }

  update(data) {
    this.data = data
    const feeds = new Map(data.runs.map(({ token }) => [token, this.feeds.get(token) ?? this.makeFeed(token)]))
    this.feeds.forEach((feed, token) => feeds.has(token) || feed.close())
    this.feeds = feeds
    // Stages are not drawn: those of several runs would lie over each other.
    feeds.forEach((feed) => Object.assign(feed, { base: data.base, wantsPictures: false, stages: [] }))
    feeds.forEach((feed) => feed.wake())
    this.draw()
  }

  makeFeed(token) {
    return new RunFeed(token, () => this.requestDraw())
  }

  requestDraw() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null
      this.draw()
    })
  }

  draw() {
    const theme = readTheme(this.root)
    const runs = this.data.runs.map(({ token, name }, i) => {
      return { feed: this.feeds.get(token), name, colour: theme.palette[i % theme.palette.length] }
    })
    this.chart.draw(theme, runs, this.data)
    this.root.dataset.runs = runs.filter(({ feed }) => feed.rows.length).length
  }
}

export default function ({ data, parentElement }) {
  const make = (root) => new CompareCurves(root)
  return keepView(parentElement, ".live", make, (view) => view.update(data))
}
