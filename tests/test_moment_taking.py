"""What is measured of a code while it trains: of which pictures, and how near it comes to the final numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from aecore import moment_taking
from aecore.checkpoint import load_model
from aecore.data.arrays import load_arrays
from aecore.data.shape_grid import Grid
from aecore.disentangle_measuring import measure
from aecore.metrics.latent import kl_per_dimension
from aecore.metrics_log import MetricsReader
from aecore.model import build
from aecore.moment_taking import GRID_PICTURES, _of_grid, traversals_of
from aecore.moments import moments_path, traversal_values
from aecore.runs import Run
from aecore.training import scaled
from tests.tiny import CPU, config, trained_sweep


def last_row(run: Run) -> dict[str, float | None]:
    reader = MetricsReader(moments_path(run))
    reader.read()
    return dict(zip(reader.columns, reader.rows[-1], strict=True))


def test_of_a_small_grid_the_last_moment_has_the_final_numbers(tmp_path: Path) -> None:
    for run in trained_sweep(tmp_path / "sweep", seeds=1).runs:
        row, final = last_row(run), measure(run, ("mig", "sap")).numbers
        assert row["mig"] == pytest.approx(final["mig"].value, rel=1e-3)
        assert row["sap"] == pytest.approx(final["sap"].value, rel=1e-3)
        held_out = scaled(torch.from_numpy(_held_out((1, 3, 1, 6, 6))), CPU)
        with torch.no_grad():
            encoding = load_model(run).encode(held_out)
        assert encoding.log_variance is not None
        kl = kl_per_dimension(encoding.mean.double(), encoding.log_variance.double())
        assert [row[f"kl_{number}"] for number in range(1, 5)] == pytest.approx(kl.tolist(), rel=1e-3)


def _held_out(steps: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The different validation pictures."""
    return load_arrays("shapes", resolution=32, factor_steps=steps).validation.images[:20]


@pytest.mark.parametrize("steps", [(1, 6, 1, 16, 16), (3, 6, 10, 16, 16), (1, 6, 1, 25, 25), None])
def test_each_picture_is_encoded_once_and_few_are(steps: tuple[int, ...] | None) -> None:
    grid = Grid(steps)
    found = _of_grid("shapes", 32, steps)
    assert len(found.images) == min(grid.size, GRID_PICTURES)
    assert found.levels is not None
    assert len(np.unique(found.levels, axis=0)) == len(found.images)
    validation = load_arrays("shapes", resolution=32, factor_steps=steps).validation
    assert found.held_out == grid.split_sizes(20_000, 2_000, 2_000)[1]
    assert np.array_equal(found.images[: found.held_out].numpy(), validation.images[: found.held_out])


def test_of_a_large_grid_sap_is_tested_on_pictures_that_it_has_not_learned_from() -> None:
    draws = _of_grid("shapes", 32, (3, 6, 10, 16, 16)).draws
    assert draws is not None
    assert len(draws.train) == 10_000
    assert not set(draws.train.tolist()) & set(draws.test.tolist())
    assert set(draws.train.tolist()) | set(draws.test.tolist()) == set(range(GRID_PICTURES))
    assert len(np.unique(draws.mig)) == len(draws.mig) == GRID_PICTURES


def test_of_a_small_grid_all_pictures_are_drawn_about_equally_often() -> None:
    found = _of_grid("shapes", 32, (1, 6, 1, 5, 5))
    assert found.draws is not None
    times = np.bincount(found.draws.mig, minlength=150)
    assert times.sum() == 10_000
    # 10,000 / 150 = 67 each, with a standard deviation of 8: six of them on either side.
    assert 18 < times.min() < times.max() < 116


def test_traversals_of_a_large_code_are_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build(config(code__kind="gaussian", code__size=5).plan, 0)
    picture = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    whole = traversals_of(model, picture)
    sizes: list[int] = []
    decode = model.decode
    monkeypatch.setattr(moment_taking, "BATCH", 8)

    def counting(codes: torch.Tensor) -> torch.Tensor:
        sizes.append(len(codes))
        return decode(codes)

    monkeypatch.setattr(model, "decode", counting)
    assert np.array_equal(traversals_of(model, picture), whole)
    assert max(sizes) == 8
    assert sum(sizes) == 35
    with torch.no_grad():
        code = model.encode(picture).mean
        code[0, 3] = float(traversal_values()[6])
        expected = (decode(code).clamp(0, 1) * 255).round()[0].numpy()
    np.testing.assert_allclose(whole[3, 6], expected, atol=1)


def test_a_worker_does_not_wait_for_scikit_learn() -> None:
    code = "import sys, json, aecore.moment_taking; print(json.dumps('sklearn' in sys.modules))"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=os.environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
