// The map in words, for those who do not see it: a table of the classes, computed from the plane's coordinates. No screen.

// For each class that has pictures: {kind, count, centre: [a, b], spread: [a, b] (standard deviations), nearest: the class whose
// centre is nearest, or null where there is no other}. labels: the class of each place.
function classesInPlane(places, labels) {
  const groups = new Map()
  places.forEach((place, i) => {
    if (!place.every(Number.isFinite)) return
    if (!groups.has(labels[i])) groups.set(labels[i], [])
    groups.get(labels[i]).push(place)
  })
  const rows = [...groups].sort(([a], [b]) => a - b).map(([kind, members]) => {
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
    const centre = [0, 1].map((axis) => mean(members.map((place) => place[axis])))
    const spread = [0, 1].map((axis) => Math.sqrt(mean(members.map((place) => (place[axis] - centre[axis]) ** 2))))
    return { kind, count: members.length, centre, spread, nearest: null }
  })
  for (const row of rows) {
    const apart = (other) => Math.hypot(other.centre[0] - row.centre[0], other.centre[1] - row.centre[1])
    const others = rows.filter((other) => other !== row).sort((a, b) => apart(a) - apart(b))
    row.nearest = others[0]?.kind ?? null
  }
  return rows
}
