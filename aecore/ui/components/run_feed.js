// One run as the browser knows it: asks the server for what is new, a few times a second while the run goes on.
// Knows no screen. Every answer that changes something calls onNews.

const FINAL_STATES = ["finished", "stopped", "failed", "interrupted"]
const POLL_EVERY = 150 // milliseconds
const POLL_PAUSED_EVERY = 300 // a paused run moves only when somebody asks for a single step
const LONGEST_WAIT = 3000
const GIVE_UP_AFTER = 10000
const ROWS_AT_MOST = 2000 // the server's limit: an answer this long has more behind it

const bytesOf = (base64) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))

// FNV-1a: cheap, and different for different pictures.
function hashOf(bytes) {
  let hash = 0x811c9dc5
  for (const value of bytes) hash = Math.imul(hash ^ value, 0x01000193) >>> 0
  return hash.toString(16)
}

function decodeFrame({ step, epoch, reconstructions, positions }) {
  const pictures = bytesOf(reconstructions)
  const floats = positions === null ? null : new Float32Array(bytesOf(positions).buffer)
  return { step, epoch, pictures, positions: floats, hash: hashOf(pictures) }
}

function decodeGallery({ originals, corrupted, point_labels: pointLabels, ...facts }) {
  const decoded = { originals: bytesOf(originals), corrupted: corrupted ? bytesOf(corrupted) : null }
  return { ...facts, ...decoded, pointLabels: bytesOf(pointLabels ?? "") }
}

class RunFeed {
  constructor(token, onNews) {
    this.token = token
    this.onNews = onNews
    this.columns = []
    this.rows = []
    this.status = this.frame = this.gallery = null
    this.failures = 0 // requests in a row that brought no answer
    this.isUnknown = false // the server answered that it has no such run
    this.updates = 0 // answers that brought something new
    this.isStale = false // what is here must be fetched again from the start
    this.isBusy = false
    this.timer = null
    this.closing = new AbortController()
  }

  get state() {
    return this.status?.state ?? null
  }

  get isFinal() {
    return FINAL_STATES.includes(this.state)
  }

  // Values of a column, row by row: numbers, and NaN where there is none.
  column(name) {
    const at = this.columns.indexOf(name)
    return Float64Array.from(this.rows, (row) => row[at] ?? NaN)
  }

  close() {
    clearTimeout(this.timer)
    this.closing.abort()
  }

  // Forget nothing yet, but fetch all of it again: the run may have been resumed from an earlier step.
  restart() {
    this.isStale = true
    this.wake()
  }

  // Ask now instead of later, unless there is nothing to ask.
  wake() {
    if (this.delay() !== null) this.poll()
  }

  // How long to wait before the next question, in milliseconds; null when there is none.
  delay() {
    if (this.failures) return Math.min(LONGEST_WAIT, POLL_EVERY * 2 ** this.failures)
    if (this.isStale || !this.status || this.hasMore) return 0
    if (this.isFinal) return this.wantsPictures && !this.hasAskedForPictures ? 0 : null
    return this.state === "paused" ? POLL_PAUSED_EVERY : POLL_EVERY
  }

  get address() {
    const last = this.isStale ? -1 : (this.rows.at(-1)?.[this.columns.indexOf("step")] ?? -1)
    const query = new URLSearchParams({ since: last, gallery: this.wantsPictures && !this.gallery ? 1 : 0 })
    if (this.wantsPictures) query.set("frame", this.isStale ? -1 : (this.frame?.step ?? -1))
    return `${this.base}/api/runs/${encodeURIComponent(this.token)}/live?${query}`
  }

  async poll() {
    clearTimeout(this.timer)
    if (this.isBusy || document.hidden || this.closing.signal.aborted) return
    this.isBusy = true
    const [address, isWhole, wantedPictures] = [this.address, this.isStale, this.wantsPictures]
    this.isStale = false
    try {
      const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(GIVE_UP_AFTER)])
      const response = await fetch(address, { signal, cache: "no-store" })
      this.isUnknown = response.status === 404
      if (!response.ok) throw new Error(`The server answered ${response.status}.`)
      this.accept(await response.json(), isWhole)
      this.failures = 0
      this.hasAskedForPictures ||= wantedPictures
    } catch {
      this.isStale ||= isWhole
      this.failures += 1
    }
    this.isBusy = false
    if (this.closing.signal.aborted) return
    const delay = this.delay()
    if (delay !== null) this.timer = setTimeout(() => this.poll(), delay)
    this.onNews()
  }

  accept(answer, isWhole) {
    const before = this.status
    this.status = answer.status
    const wentBack = before !== null && answer.status.step < before.step
    const hasOtherColumns = String(answer.columns) !== String(this.columns)
    if (!isWhole && this.rows.length && (wentBack || hasOtherColumns)) {
      this.isStale = true
      return
    }
    if (isWhole) this.rows = []
    this.columns = answer.columns
    this.rows.push(...answer.rows)
    this.hasMore = answer.rows.length >= ROWS_AT_MOST
    if (this.wantsPictures && answer.gallery) this.gallery = decodeGallery(answer.gallery)
    if (this.wantsPictures && answer.frame) this.frame = decodeFrame(answer.frame)
    const isNews = answer.rows.length || answer.gallery || answer.frame || before?.state !== this.state
    if (isNews) this.updates += 1
  }
}
