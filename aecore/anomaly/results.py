"""What was measured of a run as a detector of anomalies, as its folder keeps it and the page shows it. No torch.

`anomaly.json` says what was measured and how well it went, `anomaly.npz` holds the scores and the cases to look at.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from aecore.latent_numbers import digest
from aecore.metrics.anomaly import Area
from aecore.runs import CHECKPOINTS, Run, replace_file, runs_root

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_JSON, _ARRAYS, _LABELS = "anomaly.json", "anomaly.npz", "anomaly_labels.json"


@dataclass(frozen=True)
class Method:
    """How well one way to score does on the test cases: areas, and at the threshold that the rule finds in its training scores.

    Areas, accuracy, precision and recall are None where they are not defined, as without anomalous cases or labels.
    """

    name: str
    title: str
    auroc: Area | None
    average_precision: Area | None
    threshold: float
    accuracy: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    seconds: float


@dataclass(frozen=True)
class Report:
    """What was measured, in numbers.

    - `normal`: the classes that count as normal; `is_labelled`: whether there are classes at all.
    - `train_cases`, `validation_cases`: normal ones whose scores are known; `test_cases`: all, `anomalous` of them so.
    - `scores`: by the network's own scores, the first is shown at first; `baselines`: once they were measured.
    - `rule`: that of the thresholds, in words. `fitted`: cases that the baselines learned from.
    - `control`: principal components, as many as the code has numbers, judged by the network's own first score: what the score
      alone is worth. Of pictures only.
    - `step` of the training, `weights`: which ones; `seconds`: what the network's scores took.
    """

    data: str
    normal: tuple[int, ...]
    is_labelled: bool
    train_cases: int
    validation_cases: int
    test_cases: int
    anomalous: int
    scores: tuple[Method, ...]
    rule: str
    step: int
    weights: str
    seconds: float
    baselines: tuple[Method, ...] = ()
    fitted: int = 0
    control: Method | None = None

    def to_json(self) -> str:
        """One line; :meth:`from_json` undoes it exactly."""
        return _REPORT.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Report:
        """Raises ValueError where the text is not what :meth:`to_json` makes."""
        return _REPORT.validate_json(text)


_REPORT = TypeAdapter(Report)
_OWN = TypeAdapter(dict[int, int])


@dataclass(frozen=True)
class Windows:
    """All windows of a long series, in its order: scores by name (n,), where they begin (n,), the part that they are in (n,): 0
    training, 1 validation, 2 test, and their classes (n,)."""

    scores: dict[str, Floats]
    starts: Integers
    parts: Integers
    classes: Integers


@dataclass(frozen=True)
class Cases:
    """Scores and cases.

    - `training`, `validation`, `test`: scores by name, (M,), (V,) and (N,), the first two of normal cases only.
    - `classes` (N,): of the test cases. `rows` (N,): where they came from a file, their line or where the window begins; else
      their place among the test cases, from 1.
    - `shown` (K,): places of the test cases whose `originals` and `reconstructions` are here, (K, C, H, W): uint8 of pictures,
      float32 of sequences in the scale of their card.
    - `windows`: all those of a long series, the test cases among them.
    """

    training: dict[str, Floats]
    validation: dict[str, Floats]
    test: dict[str, Floats]
    classes: Integers
    rows: Integers
    shown: Integers
    originals: NDArray[Any]
    reconstructions: NDArray[Any]
    windows: Windows | None = None

    def to_bytes(self) -> bytes:
        """As the file holds it, compressed."""
        groups = {"training": self.training, "validation": self.validation, "test": self.test}
        arrays: dict[str, NDArray[Any]] = {name: getattr(self, name) for name in _PLAIN}
        # Half precision is more than a drawing shows. The scores are kept as they are.
        if self.originals.dtype == np.float32:
            arrays |= {name: getattr(self, name).astype(np.float16) for name in ("originals", "reconstructions")}
        if self.windows is not None:
            groups["windows"] = self.windows.scores
            arrays |= {"starts": self.windows.starts, "parts": self.windows.parts, "window_classes": self.windows.classes}
        arrays |= {f"{part}.{name}": scores for part, group in groups.items() for name, scores in group.items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Cases:
        """Raises ValueError, KeyError, OSError or BadZipFile where it is none."""
        with np.load(io.BytesIO(data), allow_pickle=False) as kept:
            grouped: dict[str, dict[str, Floats]] = {"training": {}, "validation": {}, "test": {}, "windows": {}}
            for key in kept:
                part, dot, name = key.partition(".")
                if dot:
                    grouped[part][name] = kept[key]
            windows = None
            if grouped["windows"]:
                windows = Windows(grouped["windows"], kept["starts"], kept["parts"], kept["window_classes"])
            classes, rows, shown, originals, reconstructions = (kept[name] for name in _PLAIN)
            if originals.dtype == np.float16:
                originals, reconstructions = originals.astype(np.float32), reconstructions.astype(np.float32)
            training, validation, test = (grouped[part] for part in ("training", "validation", "test"))
            return cls(training, validation, test, classes, rows, shown, originals, reconstructions, windows)


_PLAIN = ("classes", "rows", "shown", "originals", "reconstructions")


def _folder(run: Run) -> Path:
    """Where a run's are: in its folder. One that came with the app without them stays as it came: beside people's runs."""
    came_with_the_app = run.folder.parent == CHECKPOINTS and not (run.folder / _JSON).is_file()
    return runs_root() / "measured" / run.folder.name if came_with_the_app else run.folder


def keep(run: Run, report: Report, cases: Cases) -> None:
    """Write both into the run's folder."""
    _folder(run).mkdir(parents=True, exist_ok=True)
    replace_file(_folder(run) / _ARRAYS, cases.to_bytes())
    replace_file(_folder(run) / _JSON, report.to_json())


def add_baselines(run: Run, baselines: tuple[Method, ...], fitted: int, control: Method | None = None) -> Report | None:
    """Put these into the run's report; None where it has none of its present weights any more."""
    report = kept(run)
    if report is None:
        return None
    report = replace(report, baselines=baselines, fitted=fitted, control=control)
    replace_file(_folder(run) / _JSON, report.to_json())
    return report


def kept(run: Run) -> Report | None:
    """What the run's folder keeps of its present weights; None where there is nothing or it cannot be read."""
    with suppress(OSError, ValidationError):
        report = Report.from_json((_folder(run) / _JSON).read_bytes())
        if report.weights == digest(run.model_path.read_bytes()):
            return report
    return None


def kept_cases(run: Run) -> Cases | None:
    """The scores and cases that belong to it."""
    with suppress(OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return Cases.from_bytes((_folder(run) / _ARRAYS).read_bytes())
    return None


def stamp(run: Run) -> tuple[int, ...]:
    """Changes when what is kept, or the weights that it is of, change."""
    stamps = []
    for path in (run.model_path, _folder(run) / _JSON, _folder(run) / _ARRAYS):
        try:
            stamps.append(path.stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
    return tuple(stamps)


def labels_by_hand(run: Run) -> dict[int, int]:
    """What a person said of test cases, by their place among them: 0 normal, 1 anomalous."""
    with suppress(OSError, ValidationError):
        return {
            place: label for place, label in _OWN.validate_json((run.folder / _LABELS).read_bytes()).items() if label in (0, 1)
        }
    return {}


def keep_labels_by_hand(run: Run, labels: Mapping[int, int]) -> None:
    """Write them into the run's folder."""
    replace_file(run.folder / _LABELS, _OWN.dump_json(dict(labels)))
