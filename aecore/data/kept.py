"""Data sets that stay in the memory of a process: the next run on the same data then starts at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from aecore.config_sections import DataConfig
from aecore.data.arrays import data_root
from aecore.data.downloads import Progress
from aecore.data.loading import Dataset, load

_DATASETS_KEPT = 2
_datasets: OrderedDict[tuple[object, ...], Dataset] = OrderedDict()
_loading: set[tuple[object, ...]] = set()


def load_kept(data: DataConfig, progress: Progress | None = None, rest: Callable[[float], None] = time.sleep) -> Dataset:
    """The data set, kept in memory from the last runs of this process: the next run on it then starts at once.

    Where runs take turns, one of them loads; the others `rest` meanwhile, so many seconds, and report no progress of their own.
    """
    key = (data.name, data.resolution, data.factor_steps, str(data_root(None)))
    while key in _loading:
        if progress is not None:
            progress("Getting the pictures", 0.0)
        rest(0.05)
    if key not in _datasets:
        _loading.add(key)
        try:
            _datasets[key] = load(data.name, resolution=data.resolution, factor_steps=data.factor_steps, progress=progress)
        finally:
            _loading.discard(key)
    _datasets.move_to_end(key)
    while len(_datasets) > _DATASETS_KEPT:
        _datasets.popitem(last=False)
    return _datasets[key] if data.classes is None else _datasets[key].of_classes(data.classes)
