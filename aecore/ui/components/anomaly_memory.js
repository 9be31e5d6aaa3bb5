// The threshold of a measurement and its rule, kept in this tab of the browser: a reload, or a way back from another part of the
// app, finds them as they were left. Storage may be forbidden, or full; then they last as long as the view. No screen.

const memoryKey = (id) => `anomaly-threshold ${id}`

// choice: {threshold, rule, reference, strictness}, as in `ThresholdControls`.
function rememberThreshold(id, choice) {
  try {
    sessionStorage.setItem(memoryKey(id), JSON.stringify(choice))
  } catch {
    // nothing to be done
  }
}

// null: nothing was kept.
function recallThreshold(id) {
  try {
    return JSON.parse(sessionStorage.getItem(memoryKey(id)))
  } catch {
    return null
  }
}
