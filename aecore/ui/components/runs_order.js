// Which runs are shown, and in which order: searched, filtered and sorted here, without the server. Needs runs_words.js.

const SORTS = {
  newest: { title: "newest first", compare: (a, b) => b.created - a.created },
  oldest: { title: "oldest first", compare: (a, b) => a.created - b.created },
  name: { title: "name", compare: (a, b) => byText(a.name, b.name) },
  data: { title: "data", compare: (a, b) => byText(a.data, b.data) || byText(a.preset, b.preset) },
  error: { title: "test error", compare: (a, b) => byNumber(a.error, b.error) },
  size: { title: "size, largest first", compare: (a, b) => b.bytes - a.bytes },
  // By the heads of the table only.
  preset: { compare: (a, b) => byText(a.preset, b.preset) },
  state: { compare: (a, b) => byText(stateWord(a), stateWord(b)) },
  parameters: { compare: (a, b) => b.parameters - a.parameters },
}

const WHOSE = { all: "all", mine: "mine", app: "from the app" }
const ANY = "" // a filter that lets all through
const NO_CHOICE = { search: "", sort: "newest", turned: false, whose: "all", state: ANY, data: ANY, preset: ANY, starred: false }

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" })
const byText = (a, b) => COLLATOR.compare(a, b)
// Those without a number come last.
const byNumber = (a, b) => (a ?? Infinity) - (b ?? Infinity) || 0

// All that a run is searched by, in small letters.
const searchedText = (run) => [run.name, run.note, run.preset, run.data, stateWord(run), run.state].join("\n").toLowerCase()

// The runs that have every word of the search and pass the filters, in their order. Of runs that are equal the newer comes first.
function listed(runs, choice) {
  const words = choice.search.toLowerCase().split(/\s+/).filter(Boolean)
  const kept = runs.filter(
    (run) =>
      (choice.whose === "all" || (choice.whose === "mine") === run.mine) &&
      (choice.state === ANY || stateWord(run) === choice.state) &&
      (choice.data === ANY || run.data === choice.data) &&
      (choice.preset === ANY || run.preset === choice.preset) &&
      (!choice.starred || run.starred) &&
      words.every((word) => run.searched.includes(word)),
  )
  const { compare } = SORTS[choice.sort]
  const sign = choice.turned ? -1 : 1
  return kept.sort((a, b) => sign * compare(a, b) || b.created - a.created || byText(a.token, b.token))
}

// What a filter can be set to: the values that there are, and the one that is chosen though there is none any more.
function valuesOf(runs, value, chosen) {
  const values = new Set(runs.map(value).filter(Boolean))
  if (chosen !== ANY) values.add(chosen)
  return [...values].sort(byText)
}

const isChoice = (choice) => Object.keys(NO_CHOICE).some((key) => !["sort", "turned"].includes(key) && choice[key] !== NO_CHOICE[key])

// --- kept by the browser's tab ---------------------------------------------------------------------------------------------

const CHOICE_KEY = "aecore-runs"

function rememberedChoice() {
  const choice = { ...NO_CHOICE, layout: "cards" }
  try {
    const kept = JSON.parse(sessionStorage.getItem(CHOICE_KEY)) ?? {}
    for (const key of Object.keys(choice)) if (typeof kept[key] === typeof choice[key]) choice[key] = kept[key]
  } catch {
    // Nothing is kept, or nothing may be: then what is usual.
  }
  if (!Object.hasOwn(SORTS, choice.sort)) choice.sort = "newest"
  if (!Object.hasOwn(WHOSE, choice.whose)) choice.whose = "all"
  return choice
}

function rememberChoice(choice) {
  try {
    sessionStorage.setItem(CHOICE_KEY, JSON.stringify(choice))
  } catch {
    // A browser that keeps nothing shows all again after a reload.
  }
}
