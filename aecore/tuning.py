"""The best parameters of a classical denoiser for one noise, found on validation images and kept in a file. No torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from aecore.classical import Floats, Method, Parameters
from aecore.metrics.picture_quality import psnr
from aecore.runs import CHECKPOINTS, replace_file

TUNED_PATH = CHECKPOINTS / "tuned_denoisers.json"
"""The parameters that come with the app; ``python -m aecore denoise-table`` makes them."""

FIRST_LOOK = 50
"""So many images decide where on the coarse grid the search starts."""

_STARTS = 2


@dataclass(frozen=True)
class Tuned:
    """The best parameters found: for which data, noise and method, with what mean PSNR (dB) on how many validation images."""

    data: str
    kind: str
    level: float
    method: str
    parameters: dict[str, int | float | str]
    psnr: float
    images: int


_ENTRIES = TypeAdapter(list[Tuned])


@dataclass
class TunedStore:
    """Tuned parameters of many methods, data and noises."""

    entries: list[Tuned] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path = TUNED_PATH) -> TunedStore:
        """The store in a file; an empty one if there is none, or none that can be understood: then all is tuned anew."""
        try:
            return cls(_ENTRIES.validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            return cls()

    def write(self, path: Path = TUNED_PATH) -> None:
        """One line an entry, so that a change shows in a comparison of two versions."""
        ordered = sorted(self.entries, key=lambda entry: (entry.data, entry.kind, entry.level, entry.method))
        lines = [json.dumps(asdict(entry), ensure_ascii=False) for entry in ordered]
        replace_file(path, "[\n " + ",\n ".join(lines) + "\n]\n" if lines else "[]\n")

    def add(self, entries: Iterable[Tuned]) -> None:
        """Put in entries, each in the place of one for the same data, noise and method."""
        kept = {_key(entry): entry for entry in (*self.entries, *entries)}
        self.entries = list(kept.values())

    def exact(self, data: str, kind: str, level: float, method: Method) -> Tuned | None:
        """What was tuned for exactly this, or None."""
        wanted = (data, kind, round(level, 4), method.name)
        return next((entry for entry in self.entries if _key(entry) == wanted and method.knows(entry.parameters)), None)

    def nearest(self, data: str, kind: str, level: float, method: Method) -> Tuned | None:
        """What was tuned for this kind of noise at the nearest level, for these data if there is any, else for others."""
        known = [entry for entry in self.entries if (entry.kind, entry.method) == (kind, method.name)]
        usable = [entry for entry in known if method.knows(entry.parameters)]
        return min(usable, key=lambda entry: (entry.data != data, abs(entry.level - level)), default=None)


def _key(entry: Tuned) -> tuple[str, str, float, str]:
    return (entry.data, entry.kind, round(entry.level, 4), entry.method)


def tune(
    method: Method,
    clean: Floats,
    noisy: Floats,
    start: Parameters | None = None,
    poll: Callable[[float], None] = lambda done: None,
) -> tuple[Parameters, float]:
    """The parameters with the highest mean PSNR found, and that PSNR (dB), on pictures (N, C, H, W), 0..1.

    Without `start`, the whole coarse grid is tried on the first :data:`FIRST_LOOK` pictures and the best two are starts.
    From each start, and on all pictures, one parameter after the other walks along its grid as long as that helps, until
    none does. The parameters that leave the pictures alone are tried too, so the result is never worse than the noisy
    pictures. `poll(done)` is called before each trial with the share done, guessed; what it raises ends the search.
    """
    starts = [start] if start else _first_look(method, clean[:FIRST_LOOK], noisy[:FIRST_LOOK], poll)
    search = _Search(method, clean, noisy, poll)
    search.score(method.coarse[0])  # leaves the pictures alone, where there is a choice
    for each in starts:
        search.climb(each)
    return search.best()


def _first_look(method: Method, clean: Floats, noisy: Floats, poll: Callable[[float], None]) -> list[Parameters]:
    look = _Search(method, clean, noisy, lambda done: None)
    for index, parameters in enumerate(method.coarse):
        poll(0.5 * index / len(method.coarse))
        look.score(parameters)
    return look.ranking()[:_STARTS]


class _Search:
    """Scores of one method's parameters on some pictures, each found once."""

    def __init__(self, method: Method, clean: Floats, noisy: Floats, poll: Callable[[float], None]) -> None:
        self._method, self._clean, self._noisy, self._poll = method, clean, noisy, poll
        self._scores: dict[tuple[str | float, ...], float] = {}

    def score(self, parameters: Parameters) -> float:
        point = tuple(parameters[name] for name in self._method.grid)
        if point not in self._scores:
            tried = len(self._scores)
            self._poll(0.5 + 0.5 * tried / (tried + 10))
            self._scores[point] = float(psnr(self._clean, self._method.denoise(self._noisy, parameters)).mean())
        return self._scores[point]

    def ranking(self) -> list[Parameters]:
        """All that was tried, the best first."""
        points = sorted(self._scores, key=lambda point: -self._scores[point])
        return [dict(zip(self._method.grid, point, strict=True)) for point in points]

    def best(self) -> tuple[Parameters, float]:
        parameters = self.ranking()[0]
        return parameters, self.score(parameters)

    def climb(self, start: Parameters) -> None:
        here, before = dict(start), float("-inf")
        while (now := self.score(here)) > before:
            before = now
            for name, values in self._method.grid.items():
                for step in (-1, 1):
                    self._walk(here, name, values, step)

    def _walk(self, here: dict[str, str | float], name: str, values: tuple[str | float, ...], step: int) -> None:
        """Move one parameter of `here` in one direction as long as the score rises."""
        index = values.index(here[name]) + step
        while 0 <= index < len(values) and self.score({**here, name: values[index]}) > self.score(here):
            here[name] = values[index]
            index += step
