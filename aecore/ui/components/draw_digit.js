// A board to draw a digit on. Needs canvas.js and board.js in front of it.
// Python hears of the drawing when a stroke is finished, undone or cleared, never while one is being drawn.

// The drawing as a PNG of the board's own size, whatever the screen, in base64.
function pngOf(strokes) {
  const canvas = make("canvas", { width: BOARD_SIDE, height: BOARD_SIDE })
  const pen = canvas.getContext("2d", { alpha: false }) // black where nothing is drawn
  strokes.forEach((stroke) => traceStroke(pen, stroke))
  return canvas.toDataURL("image/png").split(",")[1]
}

const boards = new WeakMap()

// Streamlit calls this when the board is mounted, at every rerun and when the theme changes: the drawing stays. A call that
// was overtaken by a later one has its clean-up run at once, so only the latest call's clean-up may close the board.
export default function ({ parentElement, setStateValue }) {
  const root = parentElement.querySelector(".draw")
  let board = boards.get(parentElement)
  if (board?.root !== root) {
    board?.close()
    board = new DrawingBoard(root)
    boards.set(parentElement, board)
  }
  board.onfinish = (strokes) => setStateValue("drawing", { png: strokes.length ? pngOf(strokes) : null })
  const call = {}
  board.latestCall = call
  return () => {
    if (board.latestCall !== call) return
    board.close()
    boards.delete(parentElement)
  }
}
