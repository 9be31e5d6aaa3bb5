"""What was measured of how disentangled a run's code is, as pages show it and as the run's folder keeps it. No torch."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from aecore.latent_numbers import digest
from aecore.runs import Run, replace_file

TRAIN_POINTS, TEST_POINTS = 10_000, 5_000
"""Pictures that metrics learn from, and that they are tested on, as Locatello et al. (2019)."""


@dataclass(frozen=True)
class Group:
    """Numbers that are measured together: the name on the command line, the numbers it gives, and where it is from."""

    name: str
    title: str
    numbers: tuple[str, ...]
    paper: str
    explanation: str


GROUPS = (
    Group(
        "mig",
        "Mutual information gap",
        ("mig",),
        "Chen, Li, Grosse and Duvenaud (2018), arXiv:1802.04942",
        "For each factor: how much more the code number that knows most of it knows than the second, as a share of all there is "
        "to know. 1: each factor is in one number alone.",
    ),
    Group(
        "sap",
        "Separated attribute predictability",
        ("sap",),
        "Kumar, Sattigeri and Balakrishnan (2018), arXiv:1711.00848",
        "For each factor: how much better a linear classifier on the best single number is than on the second. Even a perfect "
        "code stays far below 1, for a line cannot tell many values apart.",
    ),
    Group(
        "modularity_explicitness",
        "Modularity and explicitness",
        ("modularity", "explicitness"),
        "Ridgeway and Mozer (2018), arXiv:1802.05312",
        "Modularity: does each number know of one factor only? Explicitness: can all numbers together tell the factors' values, "
        "by logistic regression?",
    ),
    Group(
        "beta_vae",
        "BetaVAE score",
        ("beta_vae",),
        "Higgins et al. (2017), ICLR",
        "Pairs of pictures share one factor: which one, told by a linear classifier from how much each number differs?",
    ),
    Group(
        "factor_vae",
        "FactorVAE score",
        ("factor_vae",),
        "Kim and Mnih (2018), arXiv:1802.05983",
        "Pictures share one factor: which one, told by the number that varies least among them?",
    ),
    Group(
        "dci",
        "Disentanglement, completeness, informativeness",
        ("disentanglement", "completeness", "informativeness"),
        "Eastwood and Williams (2018), ICLR",
        "From boosted trees that predict each factor: does each number matter for one factor only, is each factor in one number "
        "only, and how often is the factor told right?",
    ),
)
"""What is measured of a single run against known factors, in the order of its cost."""

UDR = Group(
    "udr",
    "Unsupervised disentanglement ranking",
    ("udr",),
    "Duan et al. (2020), arXiv:1905.12614",
    "No factor is needed: do runs that differ in their seed alone find the same numbers, up to order and sign?",
)
"""Of a run among the other seeds of its arm."""

TITLES = {
    "mig": "MIG",
    "sap": "SAP",
    "modularity": "Modularity",
    "explicitness": "Explicitness",
    "beta_vae": "BetaVAE",
    "factor_vae": "FactorVAE",
    "disentanglement": "DCI disentanglement",
    "completeness": "DCI completeness",
    "informativeness": "DCI informativeness",
    "udr": "UDR",
}
"""What a number is called, by its name. All lie between 0 and 1, and more is better."""


@dataclass(frozen=True)
class Number:
    """One measured number with its 95 % interval (None where there is none) and a few words on how that was found."""

    value: float
    low: float | None = None
    high: float | None = None
    method: str = ""


@dataclass(frozen=True)
class DisentangleNumbers:
    """Numbers of one network, of `train_points` and `test_points` pictures drawn from the data's factors.

    `numbers` by name, those of :data:`TITLES` that were measured. `factors`: the names of those that vary, K of them.
    `mutual_information`: of each code number with each factor, (D, K), nats; `entropies`: of each factor, (K,), nats.
    All three are empty where no factors are known. `importance`: of each code number for each factor, (D, K), from DCI; None
    before that is measured. `undefined`: names of numbers that these factors or this code leave without a value, such as the
    disentanglement of a single factor. `seconds`: what each group took. `weights` tells which weights they are of.
    """

    factors: tuple[str, ...]
    mutual_information: tuple[tuple[float, ...], ...]
    entropies: tuple[float, ...]
    train_points: int
    test_points: int
    weights: str
    numbers: dict[str, Number] = field(default_factory=dict)
    importance: tuple[tuple[float, ...], ...] | None = None
    undefined: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def carriers(self) -> tuple[int, ...]:
        """For each factor the code number, counted from 0, that knows most of it."""
        return tuple(
            max(range(len(self.mutual_information)), key=lambda code: self.mutual_information[code][factor])
            for factor in range(len(self.factors))
        )

    def known(self, code: int, factor: int) -> float:
        """The share (0..1) of a factor's entropy that a code number knows."""
        return self.mutual_information[code][factor] / self.entropies[factor] if self.entropies[factor] else 0.0

    def missing(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the groups whose numbers are not there yet."""
        by_name = {group.name: group for group in (*GROUPS, UDR)}
        there = {*self.numbers, *self.undefined}
        return tuple(name for name in groups if not there.issuperset(by_name[name].numbers))

    def with_number(self, name: str, number: Number | None) -> DisentangleNumbers:
        """A copy with one more number; None where it has no value."""
        if number is None:
            return replace(self, undefined=tuple(sorted({*self.undefined, name})))
        return replace(self, numbers=self.numbers | {name: number})


_ADAPTER = TypeAdapter(DisentangleNumbers)


def to_json(numbers: DisentangleNumbers) -> str:
    return _ADAPTER.dump_json(numbers, indent=1).decode()


def from_json(text: str | bytes) -> DisentangleNumbers:
    """Raises ValueError where the text is not what :func:`to_json` makes."""
    return _ADAPTER.validate_json(text)


def keep(run: Run, numbers: DisentangleNumbers) -> None:
    """Write `disentanglement.json` into the run's folder."""
    replace_file(run.folder / "disentanglement.json", to_json(numbers))


def kept(run: Run) -> DisentangleNumbers | None:
    """What the run's folder keeps of its present weights, or None."""
    with suppress(OSError, ValidationError):
        numbers = from_json((run.folder / "disentanglement.json").read_bytes())
        if run.newest_weights == run.model_path and numbers.weights == digest(run.model_path.read_bytes()):
            return numbers
    return None
