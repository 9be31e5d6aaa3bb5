// Where the test pictures lie on a plane, moving smoothly from where they were when the codes change.

const MOVE_POINTS_FOR = 250 // milliseconds

class MapPoints {
  constructor(space) {
    this.space = space
    this.stillness = matchMedia("(prefers-reduced-motion: reduce)")
    this.target = []
    this.start = null
  }

  // Newer codes, or another plane. canMove: whether they go there rather than jump.
  place(plane, canMove) {
    const places = this.space.encodings.map(({ mean }) => plane.coordinates(mean))
    if (plane.kind === "line") this.spreadOut(places)
    const doesMove = canMove && places.length === this.target.length && !this.stillness.matches
    this.start = doesMove ? this.now : null
    this.startedAt = performance.now()
    this.target = places
  }

  // A line has no second coordinate: each class gets a row of its own.
  spreadOut(places) {
    const { labels, classes } = this.space
    places.forEach((place, i) => (place[1] = 4 * ((labels[i] + 0.5) / classes.length) - 2))
  }

  get isMoving() {
    return this.start !== null && performance.now() - this.startedAt < MOVE_POINTS_FOR
  }

  get now() {
    if (!this.isMoving) return this.target
    const time = (performance.now() - this.startedAt) / MOVE_POINTS_FOR
    const share = 1 - (1 - time) ** 2
    return this.target.map((place, i) => place.map((value, axis) => this.start[i][axis] + share * (value - this.start[i][axis])))
  }

  // The nearest picture to these pixels (y null: only across), if one is within reach; classes: those to look at, or null for all.
  nearestTo(map, [x, y], reach, classes = null) {
    let [nearest, closest] = [-1, reach]
    this.now.forEach((place, i) => {
      if (classes && !classes.has(this.space.labels[i])) return
      const [across, down] = map.toPixels(place)
      const distance = Math.hypot(across - x, y === null ? 0 : down - y)
      if (distance <= closest) [nearest, closest] = [i, distance]
    })
    return nearest
  }
}
