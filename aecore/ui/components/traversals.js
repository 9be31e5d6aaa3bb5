// Latent traversals: for each number of the code a row of pictures with only that number changed. Made in idle time.
// Needs canvas.js, pixels.js and idle_work.js.

const TRAVERSAL_STEPS = 11

class Traversals {
  constructor(space) {
    this.space = space
    this.work = new IdleWork()
  }

  // rows: [{k, range, canvas, onpick(value)}]. They are painted from the present code, a picture at a time, once it rests.
  show(rows) {
    for (const row of rows) row.canvas.onclick = (event) => row.onpick(this.valueAt(row, event.offsetX / row.canvas.clientWidth))
    const code = this.space.code.slice()
    this.work.start(this.painting(rows, code), () => {})
  }

  valueAt({ range: [low, high] }, share) {
    const step = Math.min(TRAVERSAL_STEPS - 1, Math.max(0, Math.floor(share * TRAVERSAL_STEPS)))
    return low + ((high - low) * step) / (TRAVERSAL_STEPS - 1)
  }

  *painting(rows, code) {
    const { space } = this
    const { height, width } = space.size
    const tile = make("canvas")
    for (const { k, range: [low, high], canvas } of rows) {
      const across = TRAVERSAL_STEPS * width
      if (canvas.width !== across || canvas.height !== height) Object.assign(canvas, { width: across, height })
      for (let step = 0; step < TRAVERSAL_STEPS; step++) {
        const moved = code.slice()
        moved[k] = low + ((high - low) * step) / (TRAVERSAL_STEPS - 1)
        paintPicture(tile, space.size, space.decode(moved))
        canvas.getContext("2d").drawImage(tile, step * width, 0)
        yield
      }
      canvas.dataset.code = JSON.stringify(Array.from(code.slice(0, 8), (value) => Number(value.toFixed(3))))
    }
  }

  close() {
    this.work.stop()
  }
}
