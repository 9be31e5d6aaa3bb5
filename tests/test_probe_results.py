"""What is kept of a probe: with which weights, in which cases, and what a damaged file does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.checkpoint import save_model
from aecore.latent_numbers import digest
from aecore.model import build
from aecore.probe_results import Probe, ProbePoint, Spread, keep, kept
from aecore.runs import Run
from tests.tiny import config

shares = st.floats(0, 1)
spreads = st.lists(shares, min_size=1, max_size=5).map(lambda values: Spread.of(tuple(values)))
points = st.builds(ProbePoint, st.integers(0, 1000), spreads, spreads, spreads)


def probe(weights: str = "") -> Probe:
    half = Spread.of((0.4, 0.6))
    point = ProbePoint(10, half, half, half)
    confusion = {name: [[3, 1], [0, 4]] for name in ("features", "pixels", "pca")}
    return Probe("digits", 6, (0, 1), 4, 2, 8, (point,), confusion, 1.5, 40, "all", weights)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run.create(config(), tmp_path / "run")
    save_model(made, build(made.config.plan, 0))
    return made


def weights_of(run: Run) -> str:
    return digest(run.model_path.read_bytes())


@given(st.lists(points, max_size=3))
def test_json_gives_back_what_it_was_given(some: list[ProbePoint]) -> None:
    found = replace(probe(), points=tuple(some))
    assert Probe.from_json(found.to_json()) == found


@pytest.mark.parametrize("text", ["", "[]", "{", '{"data": "digits"}', b"\xff\x00"])
def test_what_is_no_probe_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Probe.from_json(text)


def test_a_spread_is_the_mean_and_the_sample_standard_deviation() -> None:
    three = Spread.of((0.5, 0.7, 0.9))
    assert (three.mean, three.deviation) == pytest.approx((0.7, 0.2))
    assert three.values == (0.5, 0.7, 0.9)
    assert Spread.of((0.5,)) == Spread(0.5, 0.0, (0.5,))
    point = probe().points[0]
    assert point.of("pca") is point.pca
    with pytest.raises(KeyError):
        point.of("photographs")


def test_each_case_is_kept_by_itself(run: Run) -> None:
    assert kept(run) == {}
    everything = probe(weights_of(run))
    unseen = replace(everything, case="unseen", seconds=2.0)
    keep(run, everything)
    keep(run, unseen)
    assert kept(run) == {"all": everything, "unseen": unseen}
    again = replace(everything, seconds=3.0)
    keep(run, again)
    assert kept(run) == {"all": again, "unseen": unseen}


def test_what_was_measured_of_other_weights_is_not_shown_and_goes(run: Run) -> None:
    keep(run, probe(weights_of(run)))
    save_model(run, build(run.config.plan, 1))
    assert kept(run) == {}
    fresh = replace(probe(weights_of(run)), case="unseen")
    keep(run, fresh)
    assert kept(run) == {"unseen": fresh}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"all": {}}', '{"everything": 1}', b"\xff"])
def test_a_damaged_file_counts_as_none(run: Run, content: str | bytes) -> None:
    (run.folder / "probe.json").write_bytes(content.encode() if isinstance(content, str) else content)
    assert kept(run) == {}
    whole = probe(weights_of(run))
    keep(run, whole)
    assert kept(run) == {"all": whole}


def test_without_weights_nothing_is_kept(run: Run) -> None:
    keep(run, probe(weights_of(run)))
    run.model_path.unlink()
    assert kept(run) == {}
