// How well a score tells anomalous cases from normal ones. No screen and no state. Needs quantile.js.
// A case is called anomalous when its score is larger than the threshold. Labels: 1 anomalous, which is what is to be found,
// 0 normal, −1 unknown; unknown ones count nowhere.

// The cases by their scores, the most anomalous first, of equal ones the first first.
//   order: their positions; scores: their scores
//   ends: how many cases are called anomalous by the thresholds that differ from each other: 0 up to all
function rankingOf(scores) {
  const order = Int32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b)
  const sorted = Float64Array.from(order, (i) => scores[i])
  const ends = [0]
  for (let k = 1; k <= sorted.length; k++) if (k === sorted.length || sorted[k] < sorted[k - 1]) ends.push(k)
  return { order, scores: sorted, ends }
}

// How many cases are called anomalous.
function calledAt({ scores }, threshold) {
  let [low, high] = [0, scores.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (scores[middle] > threshold) low = middle + 1
    else high = middle
  }
  return low
}

// A threshold that calls so many cases anomalous: halfway between two scores; for all cases, a little below the least score.
function thresholdFor({ scores }, called) {
  if (called === 0) return scores[0]
  const last = scores[called - 1]
  if (called < scores.length) return (last + scores[called]) / 2
  return last > 0 ? 0.99 * last : last - 0.01 * (scores[0] - last || 1)
}

// positives[k], negatives[k]: how many of the first k of the ranking are anomalous, and normal.
// weights: how often each case counts; null: once.
function tallyOf({ order }, labels, weights = null) {
  const [positives, negatives] = [0, 0].map(() => new Int32Array(order.length + 1))
  for (let k = 0; k < order.length; k++) {
    const label = labels[order[k]]
    const weight = weights ? weights[order[k]] : 1
    positives[k + 1] = positives[k] + (label === 1 ? weight : 0)
    negatives[k + 1] = negatives[k] + (label === 0 ? weight : 0)
  }
  return { positives, negatives, positive: positives.at(-1), negative: negatives.at(-1) }
}

function confusionAt({ positives, negatives, positive, negative }, called) {
  const [tp, fp] = [positives[called], negatives[called]]
  return { tp, fp, fn: positive - tp, tn: negative - fp }
}

// NaN is what cannot be said: a share of nothing.
function ratesOf({ tp, fp, fn, tn }) {
  return {
    precision: tp / (tp + fp),
    recall: tp / (tp + fn),
    f1: (2 * tp) / (2 * tp + fp + fn),
    accuracy: (tp + tn) / (tp + fp + fn + tn),
    falseAlarms: fp / (fp + tn),
  }
}

// One point for each of the ranking's ends: x the false-alarm rate, y the recall.
function rocOf({ ends }, { positives, negatives, positive, negative }) {
  return {
    x: Float64Array.from(ends, (k) => negatives[k] / negative),
    y: Float64Array.from(ends, (k) => positives[k] / positive),
  }
}

// One point for each end: x the recall, y the precision; NaN before the first case whose label is known.
function precisionRecallOf({ ends }, { positives, negatives, positive }) {
  return {
    x: Float64Array.from(ends, (k) => positives[k] / positive),
    y: Float64Array.from(ends, (k) => positives[k] / (positives[k] + negatives[k])),
  }
}

// The area under the ROC curve by trapezoids: how often an anomalous case has a larger score than a normal one, a tie counting
// half (Mann & Whitney 1947). NaN without both.
function aurocOf({ ends }, { positives, negatives, positive, negative }) {
  let area = 0
  for (let i = 1; i < ends.length; i++) {
    const [before, k] = [ends[i - 1], ends[i]]
    area += ((negatives[k] - negatives[before]) * (positives[k] + positives[before])) / 2
  }
  return area / (positive * negative)
}

// Σ (Rₙ − Rₙ₋₁) Pₙ, without interpolation, as scikit-learn has it. NaN without both.
function averagePrecisionOf({ ends }, { positives, negatives, positive, negative }) {
  let area = 0
  for (let i = 1; i < ends.length; i++) {
    const k = ends[i]
    const gain = positives[k] - positives[ends[i - 1]]
    if (gain) area += (gain * positives[k]) / (positives[k] + negatives[k])
  }
  return negative ? area / positive : NaN
}

// --- thresholds ------------------------------------------------------------------------------------------------------

// The deviation is that of a sample, which divides by n − 1; of a single value it is 0.
function meanAndDeviation(values) {
  let [sum, squares] = [0, 0]
  for (const value of values) sum += value
  const mean = sum / values.length
  for (const value of values) squares += (value - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) }
}

// Of normal scores, and how strict to be: k of "mean", the share of "quantile".
const REFERENCE_RULES = {
  mean: (values, k) => {
    const { mean, deviation } = meanAndDeviation(values)
    return mean + k * deviation
  },
  quantile: (values, share) => quantileOf(values, share),
  largest: (values) => values.reduce((most, value) => (value > most ? value : most), -Infinity),
}

// The threshold with the best F1, of equally good ones the strictest; NaN where nothing is known to be anomalous.
function bestF1Threshold(ranking, { positives, negatives, positive }) {
  let [best, called] = [-1, 0]
  for (const k of ranking.ends) {
    const f1 = (2 * positives[k]) / (positives[k] + negatives[k] + positive)
    if (f1 > best) [best, called] = [f1, k]
  }
  return positive ? thresholdFor(ranking, called) : NaN
}
