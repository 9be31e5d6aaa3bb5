"""How well a linear classifier does on a run's codes, as a page shows it and as the run's folder keeps it. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from aecore.latent_numbers import digest
from aecore.runs import Run, replace_file

LABELS = (10, 30, 100, 1000, 0)
"""How many labels a classifier is given, usually; 0: all that there are."""

REPRESENTATIONS: Mapping[str, str] = {"features": "Features", "pixels": "Raw pixels", "pca": "PCA of pixels"}
"""What is classified, and what people call it: the run's codes, pixels, and as many principal components as the code has
numbers."""

Case = Literal["all", "unseen"]
"""Which classes are told apart: all of the data, or those that the run did not learn from (`data.classes` leaves them out)."""

_FILE = "probe.json"


@dataclass(frozen=True)
class Spread:
    """Test accuracies, 0..1, one for each draw of the labelled images: their mean and sample standard deviation (of one: 0)."""

    mean: float
    deviation: float
    values: tuple[float, ...]

    @classmethod
    def of(cls, values: tuple[float, ...]) -> Spread:
        """Of at least one accuracy."""
        return cls(fmean(values), stdev(values) if len(values) > 1 else 0.0, values)


@dataclass(frozen=True)
class ProbePoint:
    """Classifiers given so many `labels` (0: all), on each representation, from the same draws."""

    labels: int
    features: Spread
    pixels: Spread
    pca: Spread

    def of(self, representation: str) -> Spread:
        """The one of :data:`REPRESENTATIONS` with that name. Raises KeyError."""
        return {"features": self.features, "pixels": self.pixels, "pca": self.pca}[representation]


@dataclass(frozen=True)
class Probe:
    """One measurement of a run on images of `data`.

    - `classes`: those that are told apart, counted from 0; `case` says which of the run's they are.
    - `step`: of the run's training. `code_size`: numbers in its code, D.
    - `draws` of labelled images each; where all labels are used there is only one.
    - `train_images`: how many labels there are in all. `test_images`: all test images of the classes.
    - `points`, with rising numbers of labels, all labels last.
    - `confusion`: of each representation, with the largest number of labels, how many test images of each class (rows, in the
      order of `classes`) were taken for each class (columns); of the first draw.
    - `seconds`: what it took. `weights` tells which weights it is of.
    """

    data: str
    step: int
    classes: tuple[int, ...]
    code_size: int
    draws: int
    test_images: int
    points: tuple[ProbePoint, ...]
    confusion: dict[str, list[list[int]]]
    seconds: float
    train_images: int
    case: Case
    weights: str

    def to_json(self) -> str:
        """One line; :meth:`from_json` undoes it exactly."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Probe:
        """Raises ValueError where the text is not what :meth:`to_json` makes."""
        return _ADAPTER.validate_json(text)


_ADAPTER = TypeAdapter(Probe)
_ALL = TypeAdapter(dict[Case, Probe])


def keep(run: Run, probe: Probe) -> None:
    """Write it into the run's folder, in place of an earlier one of the same case; what is of other weights goes."""
    probes = {case: other for case, other in _read(run).items() if other.weights == probe.weights}
    replace_file(run.folder / _FILE, _ALL.dump_json(probes | {probe.case: probe}, indent=1))


def kept(run: Run) -> dict[str, Probe]:
    """What the run's folder keeps of its present weights, by case; {} where there is nothing or it cannot be read."""
    probes = _read(run)
    with suppress(OSError):
        if probes and run.newest_weights == run.model_path:
            weights = digest(run.model_path.read_bytes())
            return {case: probe for case, probe in probes.items() if probe.weights == weights}
    return {}


def _read(run: Run) -> dict[Case, Probe]:
    with suppress(OSError, ValidationError):
        return _ALL.validate_json((run.folder / _FILE).read_bytes())
    return {}
