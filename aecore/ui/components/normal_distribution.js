// The standard normal distribution. Needs network.js, for the error function.

// Φ: the share of the distribution below x. Absolute error below 1e-7, as of erf.
const shareBelow = (x) => 0.5 * (1 + erf(x * Math.SQRT1_2))

// Φ⁻¹: the x with the share p below it, for 0 < p < 1; ±Infinity for 0 and 1. Acklam (2003), "An algorithm for computing the
// inverse normal cumulative distribution function": relative error below 1.2e-9.
function normalQuantile(p) {
  if (p <= 0) return -Infinity
  if (p >= 1) return Infinity
  if (p > 0.5) return -normalQuantile(1 - p)
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    const above = ((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968) * q + 2.938163982698783
    const below = (((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1
    return above / below
  }
  const q = p - 0.5
  const r = q * q
  const above = ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r - 30.66479806614716) * r + 2.506628277459239
  const below = ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r - 13.28068155288572) * r + 1
  return (q * above) / below
}
