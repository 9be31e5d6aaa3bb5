// The value below which a share of the values lies, as numpy has it: linear between the two nearest; 0 of nothing.
function quantileOf(values, share) {
  if (!values.length) return 0
  const sorted = Float64Array.from(values).sort()
  const place = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return below + (above - below) * (place % 1)
}
