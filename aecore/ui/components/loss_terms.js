// What training would make small, for one picture and its code: the same terms as in objective.py, in nats. No screen and no
// state. Needs pixels.js, code_statistics.js and quantile.js.

// A network's answers are 32-bit numbers, which cannot say how close to 1 a probability is beyond this.
const [LEAST_PROBABILITY, GREATEST_PROBABILITY] = [1e-38, 1 - 2 ** -25]

const RECONSTRUCTION_TERMS = { bce: bernoulliTerm, mse: squaredErrorTerm }

// −Σ x log p + (1 − x) log(1 − p), summed over the pixels; finite for every p from 0 to 1.
function bernoulliTerm(picture, answer) {
  let sum = 0
  for (let i = 0; i < picture.length; i++) {
    const p = Math.min(GREATEST_PROBABILITY, Math.max(LEAST_PROBABILITY, answer[i]))
    sum -= picture[i] * Math.log(p) + (1 - picture[i]) * Math.log1p(-p)
  }
  return sum
}

// Σ (x − x̂)², summed over the pixels: up to a constant, −log p(x) of a normal distribution of variance ½ around x̂.
function squaredErrorTerm(picture, answer) {
  return picture.length * meanSquaredError(picture, answer)
}

// facts: what the server says of the run. encoding: of the picture; answer: the picture that the decoder makes of the code.
// {reconstruction, kl, total, klOfEach}: total = reconstruction + β·KL; kl and klOfEach (of each number of the code) are null
// unless the code is Gaussian.
function lossTerms({ reconstruction: kind, beta }, picture, { mean, logVariance }, answer) {
  const reconstruction = RECONSTRUCTION_TERMS[kind](picture, answer)
  if (logVariance === null) return { reconstruction, kl: null, total: reconstruction, klOfEach: null }
  const klOfEach = klOf(mean, logVariance)
  const kl = klOfEach.reduce((sum, value) => sum + value, 0)
  return { reconstruction, kl, total: reconstruction + beta * kl, klOfEach }
}

// Slice by slice: the medians of the terms over many pictures, by name, as the generator's answer.
function* typicalTerms(network, facts, pictures, encodings) {
  const terms = []
  for (let i = 0; i < encodings.length; i++) {
    terms.push(lossTerms(facts, pictures[i], encodings[i], network.decode(encodings[i].mean)))
    yield
  }
  const median = (name) => quantileOf(terms.map((each) => each[name] ?? 0), 0.5)
  return { reconstruction: median("reconstruction"), kl: median("kl"), total: median("total") }
}
