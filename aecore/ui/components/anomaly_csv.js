// The scores as a table that other programs read: RFC 4180, but lines end with "\n". No screen and no state.
// Needs anomaly_cases.js.

const PLAIN_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

// One row a case. own: labels by hand, in a column of their own; `anomalous` is what was given.
function scoresCsv(cases, own, threshold) {
  const columns = { row: (i) => cases.numbers[i] }
  const hasClasses = cases.classes.some((place) => place >= 0)
  if (hasClasses) columns.label = (i) => safeText(cases.classOf(i))
  if (hasClasses || cases.given.some((label) => label >= 0)) columns.anomalous = (i) => (cases.given[i] < 0 ? "" : cases.given[i])
  if (own.positions.length) columns.by_hand = (i) => own.of(i) ?? ""
  columns[columnName(cases.score_name)] = (i) => shortestText(cases.scores[i])
  columns.called_anomalous = (i) => (cases.scores[i] > threshold ? 1 : 0)
  const rows = [Object.keys(columns)]
  for (let i = 0; i < cases.count; i++) rows.push(Object.values(columns).map((cell) => cell(i)))
  return rows.map((row) => `${row.map(quoted).join(",")}\n`).join("")
}

// "Squared error" is squared_error, "−ELBO" neg_elbo.
const columnName = (name) => name.replace("−", "neg_").toLowerCase().replaceAll(" ", "_")

// A spreadsheet would run a text that begins like a formula.
const safeText = (text) => (/^[=+\-@\t]/.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text)

// The fewest digits from which a float32 is read back; nine are always enough.
function shortestText(value) {
  let digits = 1
  while (digits < 9 && Math.fround(value.toPrecision(digits)) !== value) digits++
  return String(Number(value.toPrecision(digits)))
}

const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
