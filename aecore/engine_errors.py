"""What the engine, and whatever else makes runs, cannot do: each in a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence


class EngineError(RuntimeError):
    """Something that cannot be done, in a sentence for people."""


class LimitReachedError(EngineError):
    """There is no room for more runs. `candidates`: tokens of the person's runs whose removal makes room, oldest first.

    frees: the bytes that removing all of them frees. The sentence says both already. wanted: so many runs, of so many bytes in
    all, were to be made.
    """

    def __init__(self, sentence: str, candidates: Sequence[str] = (), frees: int = 0, wanted: tuple[int, int] = (1, 0)) -> None:
        super().__init__(sentence)
        self.candidates = tuple(candidates)
        self.frees = frees
        self.wanted = wanted
