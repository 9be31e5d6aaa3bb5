// How much AUROC and average precision owe to which cases happened to be there. No screen and no state.
// Needs random.js, quantile.js and anomaly_numbers.js.

const RESAMPLES = 500
const BOOTSTRAP_SEED = 1979

// Draw as many labelled cases again, with replacement (Efron 1979, "Bootstrap methods"), and again: the middle 95 % of the areas,
// {auroc: [low, high], ap: [low, high]}. A resample without both kinds has no areas and is left out; null where all are.
// Yields after each resample.
function* bootstrapIntervals(ranking, labels, resamples = RESAMPLES, seed = BOOTSTRAP_SEED) {
  const known = [...labels.keys()].filter((i) => labels[i] >= 0)
  const random = makeRandom(seed)
  const [aurocs, aps] = [[], []]
  const weights = new Int32Array(labels.length)
  for (let n = 0; n < resamples; n++) {
    weights.fill(0)
    for (let i = 0; i < known.length; i++) weights[known[Math.floor(random() * known.length)]]++
    const tally = tallyOf(ranking, labels, weights)
    if (tally.positive && tally.negative) {
      aurocs.push(aurocOf(ranking, tally))
      aps.push(averagePrecisionOf(ranking, tally))
    }
    yield
  }
  const middle = (values) => [quantileOf(values, 0.025), quantileOf(values, 0.975)]
  return aurocs.length ? { auroc: middle(aurocs), ap: middle(aps) } : null
}
