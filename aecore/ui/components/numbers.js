// Numbers for people: losses, times, counts, and the round numbers beside an axis.

const NOTHING = "–"

function scientific(value, digits) {
  const [mantissa, exponent] = value.toExponential(digits).split("e")
  const power = [...exponent.replace("+", "")].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("")
  return `${mantissa.replace("-", "−")}×10${power}`
}

const isExtreme = (value) => value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-3)

const grouped = (value, digits) => value.toLocaleString("en", digits).replace("-", "−")

const decimals = (value, digits) => grouped(value, { minimumFractionDigits: digits, maximumFractionDigits: digits })

// Four significant digits, always as many, so that a number that changes does not change its width at every step.
function lossText(value) {
  if (!Number.isFinite(value)) return NOTHING
  if (value === 0) return "0"
  if (isExtreme(value)) return scientific(value, 2)
  return decimals(value, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value)))))
}

// As many digits as are worth reading off a curve.
function exactText(value) {
  if (!Number.isFinite(value)) return NOTHING
  if (isExtreme(value)) return scientific(value, 5)
  return grouped(value, { minimumSignificantDigits: 6, maximumSignificantDigits: 6 })
}

const countText = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString("en") : NOTHING)

const epochText = (value) => (Number.isFinite(value) ? decimals(value, 1) : NOTHING)

function timeText(seconds) {
  if (!Number.isFinite(seconds)) return NOTHING
  if (seconds < 60) return `${decimals(seconds, 1)} s`
  const whole = Math.round(seconds)
  const two = (part) => String(part).padStart(2, "0")
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

// Multiples of 1, 2 or 5 times a power of ten inside [low, high]: about `count` of them.
function roundTicks(low, high, count) {
  const least = (high - low) / Math.max(1, count)
  if (!(least > 0)) return [low]
  const unit = 10 ** Math.floor(Math.log10(least))
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= least * (1 - 1e-9))
  const ticks = []
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(i * step)
  return ticks
}

// Powers of ten; with 2 and 5 between them, or simply round numbers, where the range is too short for powers alone.
function logTicks(low, high, count) {
  const first = Math.floor(Math.log10(low))
  const last = Math.ceil(Math.log10(high))
  const stride = Math.max(1, Math.ceil((last - first) / count))
  const at = (factors) => {
    const ticks = []
    for (let power = first; power <= last; power += stride) {
      for (const factor of factors) ticks.push(factor * 10 ** power)
    }
    return ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9))
  }
  const powers = at([1])
  if (powers.length >= 3) return powers
  const between = at([1, 2, 5])
  return between.length >= 3 ? between : roundTicks(low, high, count)
}

// The texts of a scale's ticks, all with the same number of decimals where they are evenly spaced.
function tickTexts(ticks) {
  const largest = Math.max(...ticks.map(Math.abs))
  const gap = ticks.length > 1 ? Math.min(...ticks.slice(1).map((tick, i) => tick - ticks[i])) : largest || 1
  const power = (value) => Math.floor(Math.log10(Math.abs(value)) + 1e-9)
  if (largest >= 1e6 || (largest > 0 && largest < 1e-3) || gap < 1e-6) {
    return ticks.map((tick) => (tick === 0 ? "0" : scientific(tick, Math.max(0, power(tick) - power(gap)))))
  }
  const isEven = ticks.every((tick, i) => i === 0 || Math.abs(tick - ticks[i - 1] - gap) < 1e-6 * gap)
  return ticks.map((tick) => decimals(tick || 0, Math.max(0, -power(isEven ? gap : tick))))
}
