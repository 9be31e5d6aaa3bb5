// What is around the runs: the controls that choose among them, how many there are, what can be brought back, and the bar of those
// that are selected. Each is a function of the gallery. Needs numbers.js, runs_words.js, runs_order.js and runs_card.js.

const MOST_COMPARED = 8

function drawTools(gallery, all) {
  const { part, choice } = gallery
  const sorts = Object.entries(SORTS).filter(([key, { title }]) => title || key === choice.sort)
  fillOptions(part("sort"), sorts.map(([key, { title }]) => [key, title ?? key]), choice.sort)
  part("whose").value = choice.whose
  part("starred").checked = choice.starred
  if (part("search").value !== choice.search) part("search").value = choice.search
  const filters = { state: stateWord, data: (run) => run.data, preset: (run) => run.preset }
  for (const [name, value] of Object.entries(filters)) {
    fillOptions(part(name), [[ANY, "all"], ...valuesOf(all, value, choice[name]).map((each) => [each, each])], choice[name])
  }
  for (const input of gallery.root.querySelectorAll("[name=runs-layout]")) input.checked = input.value === choice.layout
  part("clear").hidden = !isChoice(choice)
  for (const button of part("head").querySelectorAll("button")) {
    const sort = button.dataset.sort
    const isThis = sort === choice.sort || (sort === "newest" && choice.sort === "oldest")
    const isDown = ["newest", "size", "parameters"].includes(choice.sort) !== choice.turned
    button.dataset.turn = isThis ? (isDown ? "down" : "up") : ""
    button.ariaLabel = `Sort by ${button.textContent.toLowerCase()}${isThis ? `, now ${isDown ? "largest or newest" : "smallest or oldest"} first` : ""}`
  }
}

function drawWords(gallery, all) {
  const { part, feed } = gallery
  const mine = all.filter((run) => run.mine)
  part("invitation").hidden = mine.length > 0
  const isAll = gallery.ordered.length === all.length
  const shown = isAll ? plural(all.length, "run") : `${countText(gallery.ordered.length)} of ${plural(all.length, "run")}`
  const { runs, bytes, most_runs: mostRuns, most_bytes: mostBytes } = feed.kept
  const room = runs ? ` You keep ${countText(runs)} of at most ${countText(mostRuns)}, ${sizeText(bytes)} of ${sizeText(mostBytes)}.` : ""
  part("count").textContent = `${shown}.${room}`
  part("nothing").hidden = gallery.ordered.length > 0
  part("nothing").textContent = all.length ? "No run fits what you look for." : "There is no run yet."
}

function drawGone(gallery) {
  const { part, feed } = gallery
  const key = JSON.stringify(feed.deleted.map(({ token, name, seconds }) => [token, name, agoText(seconds)]))
  part("gone").hidden = !feed.deleted.length
  if (key === gallery.goneShown) return
  gallery.goneShown = key
  part("gone-title").textContent = `Recently deleted (${countText(feed.deleted.length)})`
  part("gone-list").replaceChildren(
    ...feed.deleted.map(({ token, name, seconds }) => {
      const back = element("button", { type: "button", className: "button", textContent: "Bring back", ariaLabel: `Bring back ${name}` })
      back.onclick = () => gallery.restore([token])
      return element("li", {}, element("span", { textContent: name }), element("small", { textContent: agoText(seconds) }), back)
    }),
  )
}

function drawBar(gallery) {
  const { part, selectedRuns, ownSelected, comparable } = gallery
  part("selected").hidden = !selectedRuns.length
  part("selected-count").textContent = `${countText(selectedRuns.length)} selected`
  const canCompare = comparable.length >= 2 && comparable.length <= MOST_COMPARED
  part("compare").disabled = !canCompare
  part("star-selected").disabled = part("delete-selected").disabled = !ownSelected.length
  part("star-selected").textContent = ownSelected.length && ownSelected.every((run) => run.starred) ? "Take stars away" : "Star"
  part("delete-selected").textContent = ownSelected.length ? `Delete ${countText(ownSelected.length)}` : "Delete"
  const why = []
  if (!canCompare) why.push(`Two to ${MOST_COMPARED} runs can be compared.`)
  if (ownSelected.length < selectedRuns.length) why.push("What came with the app stays as it is.")
  part("selected-why").textContent = why.join(" ")
}

function fillOptions(select, options, chosen) {
  const key = JSON.stringify(options)
  if (select.dataset.key !== key) {
    select.dataset.key = key
    select.replaceChildren(...options.map(([value, textContent]) => element("option", { value, textContent })))
  }
  if (select.value !== chosen) select.value = chosen
}
