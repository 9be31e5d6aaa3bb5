"""What the scores of a network are called, and what they are, in words. No torch."""

from __future__ import annotations

from collections.abc import Mapping

RELATIVE, SQUARED, ABSOLUTE, NEG_ELBO = "relative", "squared", "absolute", "neg_elbo"

TITLES: Mapping[str, str] = {
    RELATIVE: "Relative error",
    SQUARED: "Squared error",
    ABSOLUTE: "Absolute error",
    NEG_ELBO: "−ELBO",
}
EXPLANATIONS: Mapping[str, str] = {
    RELATIVE: "both pictures are averaged over 3×3 pixels first, so that a stroke that is drawn a little beside its place counts "
    "little; then Σ (x − x̂)² is divided by √(Σ x² + Σ x̂²), so that bold pictures do not count much more than fine ones.",
    SQUARED: "Σ (x − x̂)² over all pixels or time steps: a few large deviations count most.",
    ABSOLUTE: "Σ |x − x̂| over all pixels or time steps: many small deviations count as much as a few large ones.",
    NEG_ELBO: "reconstruction + KL with sampled codes, an upper bound of −log p(x) in nats: it also minds how unusual the "
    "code is "
    "(An & Cho 2015).",
}
