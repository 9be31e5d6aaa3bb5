// How a component's function keeps one view through all of Streamlit's calls.

const views = new WeakMap()

// Streamlit calls a component when it is mounted and again whenever its data or the theme change. A call that was overtaken by a
// later one has its clean-up run at once, so only the latest call's clean-up may close the view.
//
// make(root): a view, which has a `root` and can `close()`; made anew only where the component has another root, or where the
// view shows something else than is wanted now (`isStill`). update(view): gives it what the call brought. Returns the call's
// clean-up.
function keepView(parentElement, selector, make, update, isStill = () => true) {
  const root = parentElement.querySelector(selector)
  let view = views.get(parentElement)
  if (view?.root !== root || !isStill(view)) {
    view?.close()
    view = make(root)
    views.set(parentElement, view)
  }
  update(view)
  const call = {}
  view.latestCall = call
  return () => {
    if (view.latestCall !== call) return
    view.close()
    views.delete(parentElement)
  }
}
