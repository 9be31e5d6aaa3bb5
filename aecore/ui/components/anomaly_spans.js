// Windows of a series, in the order of time, joined where they touch. No screen and no state. Needs curve.js.

// Of the windows for which `isIn(i)` holds: [from, to, first, last] of each stretch of them, first and last being windows.
function spansOf({ starts, window }, isIn) {
  const spans = []
  for (let i = 0; i < starts.length; i++) {
    if (!isIn(i)) continue
    const latest = spans.at(-1)
    if (latest && starts[i] <= latest[1]) {
      latest[1] = starts[i] + window
      latest[3] = i
    } else spans.push([starts[i], starts[i] + window, i, i])
  }
  return spans
}

// The window whose middle is nearest to a step; -1 without windows.
const windowAt = ({ starts, window }, step) => nearestAt(starts, step - window / 2)

// Of the case with the largest score of the span that a window is in, among those that `isShown`; -1 where there is none.
function caseOfSpan(series, i, threshold, isShown) {
  const { scores, positions } = series
  const spans = spansOf(series, (at) => scores[at] > threshold)
  const [, , first, last] = spans.find(([, , from, to]) => from <= i && i <= to) ?? [0, 0, i, i]
  let best = -1
  for (let at = first; at <= last; at++) if (isShown(positions[at]) && !(scores[at] <= scores[best])) best = at
  return best < 0 ? -1 : positions[best]
}
