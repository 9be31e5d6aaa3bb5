"""What was measured of a run's code, as a page shows it and as the run's folder keeps it. No torch."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from aecore.runs import Run, replace_file

ACTIVE_VARIANCE = 0.01
"""A number of the code is active if the variance of its mean over the data is above this: Burda, Grosse & Salakhutdinov (2016),
"Importance weighted autoencoders", section 5.2."""


@dataclass(frozen=True)
class Bound:
    """The importance-weighted bound of the log-likelihood: mean over pictures with `samples` codes each, nats.

    `error` is the standard error of that mean: the standard deviation over pictures, divided by the root of their number.
    """

    samples: int
    mean: float
    error: float


@dataclass(frozen=True)
class LatentNumbers:
    """Numbers of one network, measured on `images` test pictures; all losses in nats (or squared error) a picture.

    `variance`: of each code number's mean over the pictures. `kl`, `reconstruction`, `neg_elbo`, `bounds`: only of Gaussian
    codes; `reconstruction` and `neg_elbo` with one sampled code a picture, β not applied. `mse`: per pixel, from the mean code.
    `bounds` with rising numbers of samples, from the same codes, on the first `bound_images` pictures. `weights` tells which
    weights they are of.
    """

    images: int
    mse: float
    variance: tuple[float, ...]
    kl: tuple[float, ...] | None
    reconstruction: float | None
    neg_elbo: float | None
    bounds: tuple[Bound, ...]
    bound_images: int
    step: int
    weights: str

    @property
    def active(self) -> tuple[bool, ...]:
        """Which code numbers are active."""
        return tuple(value > ACTIVE_VARIANCE for value in self.variance)


_ADAPTER = TypeAdapter(LatentNumbers)


def to_json(numbers: LatentNumbers) -> str:
    return _ADAPTER.dump_json(numbers, indent=1).decode()


def from_json(text: str | bytes) -> LatentNumbers:
    """Raises ValueError where the text is not what :func:`to_json` makes."""
    return _ADAPTER.validate_json(text)


def digest(weights: bytes) -> str:
    """A short name for weights, by their content: a file's time is another one on every machine."""
    return hashlib.sha256(weights).hexdigest()[:16]


def keep(run: Run, numbers: LatentNumbers) -> None:
    """Write `latent.json` into the run's folder."""
    replace_file(run.folder / "latent.json", to_json(numbers))


def kept(run: Run) -> LatentNumbers | None:
    """What the run's folder keeps of its present weights, or None."""
    with suppress(OSError, ValidationError):
        numbers = from_json((run.folder / "latent.json").read_bytes())
        if run.newest_weights == run.model_path and numbers.weights == digest(run.model_path.read_bytes()):
            return numbers
    return None
