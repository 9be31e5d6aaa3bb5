"""The same noisy test pictures through networks and through classical denoisers.

Fair to both: a network never saw the test pictures, and a classical method gets the parameters that are best for this noise
on validation pictures. All get the same noisy pixels and are told nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from aecore.checkpoint import load_model
from aecore.classical import Floats, Method, Parameters, classical_methods
from aecore.comparison_results import Comparison, Pictures, QualityCurve, Row, Spread, held_out
from aecore.config_sections import CorruptionConfig
from aecore.corruption import corrupt
from aecore.data.loading import Dataset, Split
from aecore.metrics.picture_quality import decibels, squared_error, ssim
from aecore.model import Autoencoder
from aecore.noise import PixelNoise
from aecore.runs import Run
from aecore.training import random_seed
from aecore.tuning import Tuned, TunedStore, tune

NOTHING = "nothing"
"""Name of the row of the noisy pictures themselves."""
Poll = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done, in words; what it raises ends the comparison."""

_VALIDATION, _TEST = 0, 1  # streams of noise: the parameters are not tuned to the noise that they are measured on
_CHUNK = 100  # pictures between two calls of poll
_SLOW_TUNING = 100  # validation pictures for a slow method, at most
_SLOW = 10  # a slow method takes about so many times longer than the others: for the progress alone


@dataclass(frozen=True)
class Network:
    """A trained autoencoder in a comparison, under the name and the title that its row has. `trained_on` names its data."""

    name: str
    title: str
    model: Autoencoder
    trained_on: str

    @classmethod
    def of(cls, run: Run, title: str | None = None) -> Network:
        """The network of a run, on the CPU. Without a title it gets one that says what it is and how it was trained.

        Raises FileNotFoundError or DamagedModelError, as `load_model` does.
        """
        config = run.config
        kind = "Convolutional" if config.architecture.kind == "conv2d" else "Dense"
        trained = "without noise" if config.corruption.kind == "none" else f"with noise: {config.corruption.words}"
        return cls(run.token, title or f"{kind} network trained {trained}", load_model(run).eval(), config.data.name)

    @torch.no_grad()
    def denoise(self, noisy: Floats) -> Floats:
        """Pictures (N, C, H, W), 0..1, to the network's answers, clipped to 0..1 where its output is linear."""
        answer: Floats = self.model.reconstruct(torch.from_numpy(noisy)).clamp(0, 1).numpy()
        return answer


@dataclass
class Contest:
    """Who is compared, and on what.

    `store` holds parameters tuned before; those found on the way are added to it. `tuning_images` validation pictures tune a
    method anew (100 at most where it is slow). Raises ValueError if a network takes pictures of another size than the data's.
    """

    dataset: Dataset
    networks: Sequence[Network]
    store: TunedStore = field(default_factory=TunedStore)
    tuning_images: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        shape = tuple(self.dataset.test.images.shape[1:])
        for network in self.networks:
            if network.model.plan.input_shape != shape:
                sizes = ("×".join(map(str, each)) for each in (network.model.plan.input_shape, shape))
                raise ValueError("{} takes pictures of {}, these data are {}: choose others.".format(network.title, *sizes))
        code_sizes = [network.model.plan.code_size for network in self.networks]
        self.methods = classical_methods(self.dataset.train.images.numpy(), code_sizes)

    def noisy_pictures(self, split: Split, count: int, noise: CorruptionConfig, stream: int) -> tuple[Floats, Floats]:
        """Those of the first `count` pictures of a split that the noise changes, clean and noisy, (N, C, H, W), 0..1.

        The same noise each time. Some kinds leave some pictures as they are, a dropped square beside the digit for example;
        what is made of those says nothing about noise. If it changes none at all (level 0), all are returned.
        """
        clean = split.images[:count].to(torch.float32) / 255
        noisy = corrupt(clean, noise, PixelNoise(random_seed(self.seed, stream)))
        touched = (noisy != clean).flatten(1).any(1)
        if touched.any():
            clean, noisy = clean[touched], noisy[touched]
        return clean.numpy(), noisy.numpy()

    def best_parameters(self, method: Method, kind: str, level: float, poll: Callable[[float], None]) -> Tuned:
        """The method's parameters for this noise: kept ones where there are, else tuned from those of the nearest level."""
        data = self.dataset.card.name
        if len(method.coarse) == 1:
            return Tuned(data, kind, level, method.name, dict(method.coarse[0]), psnr=0.0, images=0)
        kept = self.store.exact(data, kind, level, method)
        if kept is not None:
            return kept
        nearest = self.store.nearest(data, kind, level, method)
        tuned = self.tune(method, kind, level, nearest.parameters if nearest else None, poll)
        self.store.add([tuned])
        return tuned

    def tune(self, method: Method, kind: str, level: float, start: Parameters | None, poll: Callable[[float], None]) -> Tuned:
        """The method's best parameters for this noise, found on validation pictures; see :func:`aecore.tuning.tune`."""
        noise = CorruptionConfig.model_validate({"kind": kind, "level": level})
        count = min(self.tuning_images, _SLOW_TUNING) if method.slow else self.tuning_images
        clean, noisy = self.noisy_pictures(self.dataset.validation, count, noise, _VALIDATION)
        parameters, decibel = tune(method, clean, noisy, start, poll)
        return Tuned(self.dataset.card.name, kind, level, method.name, dict(parameters), decibel, len(clean))


def compare(
    contest: Contest,
    kind: str,
    level: float,
    images: int = 500,
    examples: int = 6,
    poll: Poll = lambda done, what: None,
) -> Comparison:
    """All competitors on the first `images` test pictures (or all, if there are fewer) with noise of one kind and level.

    The first `examples` pictures (100 at most) are kept for showing. Raises ValueError for a noise that does not exist.
    """
    noise = CorruptionConfig.model_validate({"kind": kind, "level": level})
    clean, noisy = contest.noisy_pictures(contest.dataset.test, images, noise, _TEST)
    weights = [1, *(_SLOW if method.slow else 1 for method in contest.methods), *(1 for _ in contest.networks)]
    table = _Table(clean, noisy, examples, np.cumsum([0, *weights]) / sum(weights), poll)
    table.add(lambda pictures: pictures, _Identity(NOTHING, "Nothing (the noisy picture)", "none"))
    for method in contest.methods:
        searching = f"{method.title}: finding its best settings"
        tuned = contest.best_parameters(method, kind, level, table.telling(searching, 0.0, 0.5))
        table.add(
            partial(method.denoise, parameters=tuned.parameters),
            _Identity(method.name, method.title, "classical", method.source, method.listed, numbers=method.numbers),
            tuned,
        )
    for network in contest.networks:
        seen = not held_out(network.trained_on, contest.dataset.card.name)
        numbers = min(network.model.plan.code_size, network.model.plan.input_size)
        table.add(network.denoise, _Identity(network.name, network.title, "network", seen=seen, numbers=numbers))
    untouched = min(images, len(contest.dataset.test)) - len(clean)
    return Comparison(contest.dataset.card.name, kind, level, len(clean), untouched, tuple(table.rows), table.examples)


class _Identity(NamedTuple):
    """Who a row is about."""

    name: str
    title: str
    kind: Literal["none", "classical", "network"]
    source: str = ""
    listed: bool = True
    seen: bool = False
    numbers: int = 0


class _Table:
    """The rows of one comparison, as they come; `ends` are the shares of the whole at which each begins and ends."""

    def __init__(self, clean: Floats, noisy: Floats, examples: int, ends: NDArray[np.float64], poll: Poll) -> None:
        self._clean, self._noisy, self._count, self._ends, self._poll = clean, noisy, examples, ends, poll
        self.rows: list[Row] = []
        self.examples = {"clean": Pictures.of(clean[:examples])} if examples else {}

    def telling(self, what: str, begin: float, end: float) -> Callable[[float], None]:
        """To be told the share done (0..1) of the part from `begin` to `end` (0..1) of the next row."""
        start, stop = self._ends[len(self.rows) : len(self.rows) + 2].tolist()
        return lambda done: self._poll(start + (stop - start) * (begin + (end - begin) * done), what)

    def add(
        self,
        denoise: Callable[[Floats], Floats],
        identity: _Identity,
        tuned: Tuned | None = None,
    ) -> None:
        """Denoise the pictures, and measure."""
        clean, noisy = self._clean, self._noisy
        tell = self.telling(identity.title, 0.5 if tuned else 0.0, 1.0)
        errors, similarities, seconds = [], [], 0.0
        for start in range(0, len(clean), _CHUNK):
            tell(start / len(clean))
            part = slice(start, start + _CHUNK)
            began = time.perf_counter()
            denoised = denoise(noisy[part])
            seconds += time.perf_counter() - began
            if start == 0 and self._count:
                self.examples[identity.name] = Pictures.of(denoised[: self._count])
            errors.append(squared_error(clean[part], denoised))
            similarities.append(ssim(clean[part], denoised))
        error = np.concatenate(errors)
        self.rows.append(
            Row(
                identity.name,
                identity.title,
                identity.kind,
                parameters=tuned.parameters if tuned else {},
                psnr=Spread.of(decibels(error)),
                ssim=Spread.of(np.concatenate(similarities)),
                psnr_of_mean_error=float(decibels(error.mean())),
                images=len(clean),
                seconds=seconds,
                tuned_on=tuned.images if tuned else 0,
                source=identity.source,
                listed=identity.listed,
                seen=identity.seen,
                numbers=identity.numbers,
            )
        )


def quality_curve(
    contest: Contest, kind: str, levels: Sequence[float], images: int = 200, poll: Poll = lambda done, what: None
) -> QualityCurve:
    """All competitors at several levels of noise, each classical method tuned for each level; no example pictures."""
    points = []
    for index, level in enumerate(levels):

        def tell(done: float, what: str, index: int = index, level: float = level) -> None:
            poll((index + done) / len(levels), f"Noise {level:g}. {what}")

        points.append(compare(contest, kind, level, images, examples=0, poll=tell))
    return QualityCurve(contest.dataset.card.name, kind, tuple(points))
