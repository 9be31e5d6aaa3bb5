// The two ways out of where a lesson has got to: back to what its link said, and out of it. Both load the page anew, so that
// nothing of a session is left over.

const KEY = "aecore-lesson-start:"
const remembered = new Map() // where the browser keeps nothing for this tab

function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key))
  } catch {
    return remembered.get(key)
  }
}

function keep(key, start) {
  remembered.set(key, start)
  try {
    sessionStorage.setItem(key, JSON.stringify(start))
  } catch {
    // then it is kept until the page is loaded again
  }
}

// The address that the lesson was opened with in this tab. A reload and going back find what was kept; opening a link, be it the
// same lesson's with other settings, is a new start.
function startOf(lesson) {
  const key = KEY + JSON.stringify(lesson)
  const kept = recall(key)
  const [opening] = performance.getEntriesByType("navigation")
  const isOpened = (opening?.type ?? "navigate") === "navigate" && kept?.load !== performance.timeOrigin
  if (kept?.address && !isOpened) return kept.address
  const opened = opening?.name
  const address = isOpened && opened && isOf(lesson, opened) ? opened : location.href
  keep(key, { address, load: performance.timeOrigin })
  return address
}

function isOf(lesson, address) {
  const query = new URL(address).searchParams
  return Object.entries(lesson).every(([name, text]) => query.get(name) === text)
}

function outside(names) {
  const address = new URL(location.href)
  for (const name of names) address.searchParams.delete(name)
  return address.href
}

export default function ({ data, parentElement }) {
  const part = (name) => parentElement.querySelector(`[data-testid=${name}]`)
  const [start, leave] = [part("lesson-start"), part("lesson-leave")]
  start.href = startOf(data.lesson)
  start.hidden = false
  // What the page is doing is in its address: it may have changed since this was drawn.
  const renew = () => (leave.href = outside(data.names))
  renew()
  for (const name of ["pointerdown", "focus", "click"]) leave[`on${name}`] = renew
}
