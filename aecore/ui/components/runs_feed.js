// All runs that a person keeps, as the browser knows them: asks the server for what has changed, and sends what is to be changed.
// Knows no screen. Every answer calls onNews. Needs runs_words.js and runs_order.js.

const ASK_EVERY = 1000 // milliseconds, while something is under way
const ASK_QUIETLY_EVERY = 15000
const ASK_AGAIN_AFTER = 200 // for all, where something that is there was not told
const LONGEST_PAUSE = 15000
const PATIENCE = 15000

class RunsFeed {
  constructor(base, onNews) {
    Object.assign(this, { base, onNews, runs: new Map(), order: [], queue: {}, deleted: [], kept: null })
    this.version = 0
    this.stamp = ""
    this.answers = 0
    this.failures = 0 // in a row
    this.closing = new AbortController()
    this.asking = null
  }

  // The newest first.
  get all() {
    return this.order.map((token) => this.runs.get(token)).filter(Boolean)
  }

  close() {
    clearTimeout(this.timer)
    this.closing.abort()
  }

  get delay() {
    if (this.answers && !this.version) return ASK_AGAIN_AFTER
    if (this.failures) return Math.min(LONGEST_PAUSE, ASK_EVERY * 2 ** this.failures)
    return this.all.some(isActive) ? ASK_EVERY : ASK_QUIETLY_EVERY
  }

  // Resolves when there is an answer, or none.
  ask() {
    this.asking ??= this.fetchNews().finally(() => (this.asking = null))
    return this.asking
  }

  async fetchNews() {
    clearTimeout(this.timer)
    if (this.closing.signal.aborted || document.hidden) return
    try {
      const query = new URLSearchParams({ since: this.version, tokens: this.stamp })
      const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(PATIENCE)])
      const response = await fetch(`${this.base}/api/runs?${query}`, { signal, cache: "no-store" })
      if (!response.ok) throw new Error(`The server answered ${response.status}.`)
      this.accept(await response.json())
      this.failures = 0
    } catch {
      this.failures += 1
    }
    if (this.closing.signal.aborted) return
    this.timer = setTimeout(() => this.ask(), this.delay)
    this.onNews()
  }

  accept({ runs, tokens, tokens_stamp: stamp, version, queue, deleted, kept }) {
    for (const run of runs) this.runs.set(run.token, Object.assign(run, { searched: searchedText(run) }))
    if (tokens) {
      this.order = tokens
      const known = new Set(tokens)
      for (const token of this.runs.keys()) if (!known.has(token)) this.runs.delete(token)
    }
    // A run that came back is none that has changed since: then all is asked for once more.
    const isWhole = this.order.every((token) => this.runs.has(token))
    Object.assign(this, { queue, deleted, kept, version: isWhole ? version : 0, stamp: isWhole ? stamp : "" })
    this.answers += 1
  }

  // Ask the server to change these runs; returns its answer, with `error` where nothing was done. What is new is here by then.
  async change(action, tokens, value = null) {
    let answer
    try {
      const response = await fetch(`${this.base}/api/runs`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ action, tokens, value }),
        signal: this.closing.signal,
      })
      answer = await response.json()
    } catch {
      answer = { error: "The server did not answer: nothing was changed, or you do not see it yet. Try again." }
    }
    await this.asking // an answer that may be older than the change
    await this.ask()
    return { done: [], made: [], refused: [], ...answer }
  }
}
