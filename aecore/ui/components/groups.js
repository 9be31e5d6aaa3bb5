// Groups of test pictures that differ in one thing, and the mean of their codes. No screen and no state.
//
// A group is {id, name, kind, about, members, count}. `members` is a list of lists of positions, one list for each class that
// takes part: the mean code is taken within each, and then of these, so that no class weighs more than another. Two groups of
// opposite looks hold equally many pictures of every class: their difference is not one of classes.

const SHARE = 5 // one in so many pictures of a class is at an end of a scale

// How much ink a flat picture has, all channels together, and how it lies, from its moments: `slant` is how far a line leans
// to the right for each step up (the regression of x on the height, −μ11 / μ02, y being counted downwards), `width` the
// standard deviation of x. An empty picture leans nowhere.
function lookOf(picture, { channels, height, width }) {
  const columns = new Float64Array(width)
  let [ink, sumY, sumYY, sumXY] = [0, 0, 0, 0]
  for (let row = 0, i = 0; row < channels * height; row++) {
    const y = row % height
    for (let x = 0; x < width; x++, i++) {
      const value = picture[i]
      columns[x] += value
      ink += value
      sumY += value * y
      sumYY += value * y * y
      sumXY += value * x * y
    }
  }
  if (!(ink > 0)) return { ink: 0, slant: 0, width: 0 }
  const meanX = columns.reduce((sum, value, x) => sum + value * x, 0) / ink
  const meanY = sumY / ink
  const varianceX = columns.reduce((sum, value, x) => sum + value * (x - meanX) ** 2, 0) / ink
  const varianceY = sumYY / ink - meanY ** 2
  const slant = varianceY > 1e-9 ? -(sumXY / ink - meanX * meanY) / varianceY : 0
  return { ink, slant, width: Math.sqrt(varianceX) }
}

// Of looks: the most of it, the least of it.
const LOOKS = [
  { key: "ink", ends: [["thick", "Thick", "the most ink"], ["thin", "Thin", "the least ink"]] },
  {
    key: "slant",
    ends: [
      ["right", "Leaning right", "the most lean to the right"],
      ["left", "Leaning left", "the most lean to the left"],
    ],
  },
  { key: "width", ends: [["wide", "Wide", "the widest ink"], ["narrow", "Narrow", "the narrowest ink"]] },
]

// The pictures of each class by their value, the largest first; those of the same value in the order in which they are.
function endsWithin(classes, values) {
  const [most, least] = [[], []]
  for (const members of classes) {
    const order = [...members].sort((a, b) => values[b] - values[a])
    const count = Math.max(1, Math.floor(order.length / SHARE))
    if (order.length < 2) continue
    most.push(order.slice(0, count))
    least.push(order.slice(-count))
  }
  return [most, least]
}

function makeGroup(id, name, kind, about, members) {
  return { id, name, kind, about, members, count: members.reduce((sum, each) => sum + each.length, 0) }
}

function twoEnds(classes, values, kind, ends) {
  return endsWithin(classes, values).map((members, i) => {
    const [id, name, most] = ends[i]
    return makeGroup(id, name, kind, `the fifth of each class with ${most}`, members)
  })
}

// All groups of the first so many pictures of a space that have codes; those without a picture are left out.
function groupsOf({ pictures, labels, classes, factors, size }, count) {
  const byClass = new Map()
  for (let i = 0; i < count; i++) {
    if (!byClass.has(labels[i])) byClass.set(labels[i], [])
    byClass.get(labels[i]).push(i)
  }
  const present = [...byClass.keys()].sort((a, b) => a - b)
  const nameOf = (label) => classes[label] ?? String(label)
  const ofClasses = present.map((label) =>
    makeGroup(`class-${label}`, nameOf(label), "class", "all of this class", [byClass.get(label)]),
  )
  const members = [...byClass.values()]
  const looks = pictures.slice(0, count).map((picture) => lookOf(picture, size))
  const ofLooks = LOOKS.flatMap(({ key, ends }) => twoEnds(members, looks.map((look) => look[key]), "look", ends))
  return [...ofClasses, ...ofLooks, ...ofFactors(members, factors)].filter((group) => group.count > 0)
}

// The shape of a sprite is its class, and has no more and no less.
function ofFactors(members, factors) {
  return (factors?.names ?? []).flatMap((name, k) => {
    if (name === "shape") return []
    const ends = ["highest", "lowest"].map((end) => [`${end}-${name}`, `${end} ${name}`, `the ${end} ${name}`])
    return twoEnds(members, factors.values.map((values) => values[k]), "factor", ends)
  })
}

// The mean code of a group: within each class that takes part, then of the classes.
function meanCodeOf({ members }, encodings) {
  const mean = new Float64Array(encodings[0].mean.length)
  for (const each of members) {
    const share = 1 / (each.length * members.length)
    for (const i of each) encodings[i].mean.forEach((value, k) => (mean[k] += share * value))
  }
  return Float32Array.from(mean)
}
