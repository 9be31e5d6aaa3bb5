"""The table of what features are good for: its configurations, its text, and one row made from nothing on the digits."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aecore import features_table
from aecore.features_table import ROWS, Figure, Row, make_row, section
from aecore.runs import Run
from tests.tiny import dataset, trainer


def test_every_network_of_the_table_is_one_that_can_be_trained() -> None:
    for row in ROWS.values():
        for name in row.runs:
            config = row.config(name)
            assert config.data.name == "mnist"
            # One step, on as few pictures as make a batch: a combination that only fails in training fails here.
            few = config.batch_size
            small = config.with_settings({"data.train_images": few, "data.classes": None})
            running = trainer(small, dataset(train=few))
            next(running.run())
            assert running.step == 1
            assert all(math.isfinite(value) for value in running.read_losses().values())


def test_the_text_says_what_is_met_and_what_is_not() -> None:
    figures = [
        Figure("One", "1", "≥ 1", "2", True, 2.0),
        Figure("Two", "", "≥ 3", "2", False, 2.0),
        Figure("Three", "", "", "5", None, 5.0),
    ]
    text = section(ROWS["linear"], figures, "Measured today.")
    assert "| One | 1 | ≥ 1 | 2 (met) |" in text
    assert "| Two |  | ≥ 3 | 2 (**not met**) |" in text
    assert "| Three |  |  | 5 |" in text
    assert "`python -m aecore train vanilla --set data.name=mnist" in text
    assert text.endswith("Measured today.")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Row:
    """The linear row with few digits, four numbers and two epochs."""
    base, settings = ROWS["linear"].runs["linear"]
    changed = settings | {"data.name": "digits", "data.train_images": "200", "code.size": "4", "epochs": "2"}
    row = replace(ROWS["linear"], runs={"linear": (base, changed)})
    monkeypatch.setitem(ROWS, "linear", row)
    monkeypatch.setattr(features_table, "DATA", "digits")
    return row


def test_a_row_is_trained_measured_and_written_and_a_finished_run_is_kept(small: Row, tmp_path: Path) -> None:
    said: list[str] = []
    document = tmp_path / "features.md"
    first = make_row("linear", tmp_path, document, "python", lambda done, what: said.append(what))
    assert any("training linear" in what for what in said)
    run = Run(tmp_path / "linear")
    assert run.status.state == "finished"
    ours, theirs, ratio = (figure.value for figure in first)
    assert ours == pytest.approx((run.status.test or {})["mse"] * 784)
    assert theirs < ours, "nothing linear does better than PCA"
    assert ratio == pytest.approx(ours / theirs - 1)
    assert f"{ours:.3f}" in document.read_text(encoding="utf-8")
    said.clear()
    assert make_row("linear", tmp_path, document, "python", lambda done, what: said.append(what)) == first
    assert said == []
    assert document.read_text(encoding="utf-8").count("## A linear autoencoder") == 1
    assert json.loads(json.dumps(features_table.as_json(first)))[0]["value"] == ours


def test_a_folder_with_another_run_is_left_alone(small: Row, tmp_path: Path) -> None:
    Run.create(small.config("linear").with_settings({"seed": 9}), tmp_path / "linear")
    with pytest.raises(RuntimeError, match="another run"):
        make_row("linear", tmp_path, tmp_path / "features.md", "python", lambda done, what: None)


def test_the_error_of_pca_is_what_its_components_leave_out() -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 1, 5, 5), dtype=np.uint8)
    flat = images.reshape(60, 25) / 255
    centred = flat - flat.mean(axis=0)
    spectrum = np.linalg.svd(centred, compute_uv=False) ** 2
    assert features_table._pca_error(images, images, 7) == pytest.approx(spectrum[7:].sum() / 60, rel=1e-4)
