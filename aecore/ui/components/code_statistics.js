// What many codes together say of each number of the code. No screen and no state.

// Burda, Grosse & Salakhutdinov (2016), "Importance weighted autoencoders", section 5.2: a number of the code is active when
// the variance of its mean over the data is above this. They saw that the choice hardly matters: most are far from it.
const ACTIVE_VARIANCE = 0.01

// KL(N(μ, σ²) ‖ N(0, 1)) = ½ (μ² + σ² − 1 − log σ²) of each number, in nats (Kingma & Welling 2014, appendix B).
function klOf(mean, logVariance) {
  return Float64Array.from(mean, (value, k) => 0.5 * (value ** 2 + Math.exp(logVariance[k]) - 1 - logVariance[k]))
}

// encodings: [{mean, logVariance}], at least one, all of the same size; logVariance null unless the code is Gaussian.
// Each answer but the last two is a list with one entry for each number of the code:
//   mean, variance: of its mean over the encodings (the variance divides by their count)
//   low, high: its smallest and largest mean
//   kl: the mean of its KL divergence from the prior in nats; null unless the code is Gaussian
//   active: whether its variance is above ACTIVE_VARIANCE
//   order: the numbers, the most used first: by KL where there is one, else by variance
//   count: how many encodings there were
function codeStatistics(encodings) {
  const count = encodings.length
  const size = encodings[0].mean.length
  const isGaussian = encodings[0].logVariance !== null
  const [mean, variance, kl] = [0, 0, 0].map(() => new Float64Array(size))
  const low = new Float64Array(size).fill(Infinity)
  const high = new Float64Array(size).fill(-Infinity)
  for (const encoding of encodings) {
    encoding.mean.forEach((value, k) => {
      mean[k] += value / count
      low[k] = Math.min(low[k], value)
      high[k] = Math.max(high[k], value)
    })
    if (isGaussian) klOf(encoding.mean, encoding.logVariance).forEach((value, k) => (kl[k] += value / count))
  }
  for (const encoding of encodings) encoding.mean.forEach((value, k) => (variance[k] += (value - mean[k]) ** 2 / count))
  const use = isGaussian ? kl : variance
  const order = [...use.keys()].sort((a, b) => use[b] - use[a])
  const active = [...variance].map((value) => !(value <= ACTIVE_VARIANCE)) // of what is no number nothing is known
  return { mean, variance, low, high, kl: isGaussian ? kl : null, active, order, count }
}
