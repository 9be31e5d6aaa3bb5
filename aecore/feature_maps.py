"""Maps of a run's atlas by pixels and by codes, with PCA or t-SNE, laid so that they can be compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray

from aecore.atlas import Atlas, read_atlas
from aecore.checkpoint import load_model
from aecore.feature_maps_results import METHODS, FeatureMaps, MapMethod
from aecore.runs import Run
from aecore.training import scaled

Floats = NDArray[np.float64]
Poll = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done, in words; what it raises ends the work."""

PERPLEXITY = 30.0
"""About how many neighbours t-SNE keeps near each picture: the usual value; of few pictures a third of their number."""

_FEWEST = 4  # pictures: t-SNE needs one neighbour at least for a perplexity of 1


def feature_maps(run: Run, method: MapMethod, poll: Poll = lambda done, what: None) -> FeatureMaps:
    """Both maps of the pictures that are kept with a run, with its newest weights; the same at every call.

    PCA: the first two principal components. t-SNE: van der Maaten & Hinton (2008), "Visualizing data using t-SNE", with
    scikit-learn, from the principal components on. Raises what :func:`~aecore.checkpoint.load_model` does, and ValueError for a
    method that does not exist, where the run has no pictures or too few, and for codes that are not finite.
    """
    if method not in get_args(MapMethod):
        raise ValueError(f"There is no map called {method}. There are: {', '.join(METHODS)}.")
    poll(0.0, "Encoding pictures")
    atlas = read_atlas(run)
    if atlas is None or len(atlas.images) < _FEWEST:
        raise ValueError("Too few pictures are kept with this run for a map: train it again.")
    pixels = atlas.images.reshape(len(atlas.images), -1) / 255
    codes = _codes(run, atlas)
    maps = []
    for index, (title, numbers) in enumerate((("Raw pixels", pixels), ("Features", codes))):
        poll((1 + 4 * index) / 9, f"{title}: {METHODS[method]}")
        maps.append(_placed(numbers, method))
    by_pixels, by_codes = maps
    by_codes = by_codes @ turn_onto(by_codes, by_pixels)
    return FeatureMaps(method, _scaled(by_pixels), _scaled(by_codes), atlas.labels.tolist(), run.status.step)


@torch.no_grad()
def _codes(run: Run, atlas: Atlas) -> Floats:
    model = load_model(run, path=run.newest_weights).eval()
    codes = model.encode(scaled(torch.from_numpy(atlas.images), torch.device("cpu"))).mean.double().numpy()
    if not np.isfinite(codes).all():
        raise ValueError("Its codes are not finite, as when training has diverged: train again with a smaller learning rate.")
    return np.asarray(codes, np.float64)


def _placed(numbers: Floats, method: MapMethod) -> Floats:
    """Centred places (N, 2) of numbers (N, D)."""
    centred = numbers - numbers.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(numbers), 2))
    places[:, : min(2, len(sizes))] = (left * sizes)[:, :2]
    if method == "pca" or not places.any():  # where all codes are one, there is no neighbourhood either
        return places
    # Only now: scikit-learn takes seconds to import.
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # It begins as small as scikit-learn's own start from the principal components, which has trouble with a code of one number.
    start = places / places[:, 0].std() * 1e-4
    perplexity = min(PERPLEXITY, (len(numbers) - 1) / 3)
    # One thread, of OpenMP too: where something else is running, two wait for each other (13 times as long, measured).
    with threadpool_limits(1):
        model = TSNE(perplexity=perplexity, init=start.astype(np.float32), random_state=0)
        found = model.fit_transform(centred.astype(np.float32))
    return np.asarray(found - found.mean(axis=0), np.float64)


def turn_onto(moved: Floats, fixed: Floats) -> Floats:
    """The rotation or reflection (2, 2) R that brings moved·R nearest to `fixed`, both centred, (N, 2).

    Orthogonal Procrustes (Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem").
    """
    left, _, right = np.linalg.svd(moved.T @ fixed)
    return np.asarray(left @ right)


def _scaled(places: Floats) -> list[list[float]]:
    """To −1..1; four digits are more than a screen shows."""
    farthest = np.abs(places).max()
    shown: list[list[float]] = (places / (farthest or 1.0)).round(4).tolist()
    return shown
