// The axis of the scores, which the histogram and the series share. Needs numbers.js, curve.js and quantile.js.

const ROOT_WIDE = 10 // a logarithmic axis where the largest score is more than so many times the one in the middle

class ScoreAxis {
  // lists: of scores; isLog: null to decide by the scores.
  constructor(lists, isLog = null) {
    const all = lists.flatMap((list) => [...list])
    this.canBeLog = all.every((score) => score > 0)
    this.isLog = this.canBeLog && (isLog ?? Math.max(...rangeOf(lists, false)) > ROOT_WIDE * quantileOf(all, 0.5))
    ;[this.low, this.high] = rangeOf(lists, this.isLog)
    this.toShare = makeScale(this.low, this.high, 0, 1, this.isLog)
  }

  // Where a score is, 0 to 1; one beyond the axis at its end.
  shareOf(score) {
    return Math.max(0, Math.min(1, this.toShare(score) || 0))
  }

  scoreAt(share) {
    const { low, high, isLog } = this
    return isLog ? low * (high / low) ** share : low + share * (high - low)
  }

  get ticks() {
    return this.isLog ? logTicks : roundTicks
  }
}
