"""Somebody's own sequences: split without overlap, scaled by what is trained on, kept under a name, found again as data."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import UnknownDataError, card, is_own, own_folder
from aecore.data.loading import load
from aecore.data.own_series import keep_series, make_room, notes_of, whole_series
from aecore.data.series_file import SeriesFileError, SeriesTable
from aecore.data.series_parts import rows_parts, windows_parts
from aecore.data.series_preparing import Preparation


@pytest.fixture(autouse=True)
def _own_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))


def rows_table(count: int = 60, length: int = 20, labels: tuple[str, ...] | None = None, seed: int = 0) -> SeriesTable:
    values = np.random.default_rng(seed).normal(5, 2, (count, length)).astype(np.float32)
    return SeriesTable("rows", values, labels, np.arange(2, count + 2), (), ("Read as it stands.",))


def long_table(length: int = 2_000, channels: int = 2, labels: tuple[str, ...] | None = None) -> SeriesTable:
    steps = np.arange(length, dtype=np.float32)
    values = np.stack([np.sin(steps / 9 + shift) for shift in range(channels)], axis=1)
    names = tuple(f"Channel {index + 1}" for index in range(channels))
    return SeriesTable("long", values, labels, np.arange(1, length + 1), names, ())


@given(st.integers(20, 300), st.integers(1, 5), st.integers(0, 50))
def test_every_row_is_in_one_part_and_every_class_has_its_shares(count: int, classes: int, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, classes, count)
    values = np.arange(count, dtype=np.float32)[:, None] * np.ones(16, np.float32)
    try:
        parts = rows_parts(values, labels, np.arange(count))
    except SeriesFileError:
        assert count < 20 * classes, "only where there are too few of each"
        return
    seen = np.concatenate([part.rows for part in parts])
    assert sorted(seen.tolist()) == list(range(count))
    for part in parts:
        assert np.array_equal(part.images[:, 0, 0, 0], part.rows)
        assert np.array_equal(part.labels, labels[part.rows])
    for label in range(classes):
        mine = int((labels == label).sum())
        assert int((parts.test.labels == label).sum()) == round(0.3 * mine)
        assert int((parts.validation.labels == label).sum()) == round(0.1 * mine)


@given(st.integers(600, 3_000), st.integers(16, 100), st.integers(1, 60), st.sampled_from([0.3, 0.5, 0.8]))
def test_no_time_step_is_in_two_parts_and_training_comes_first(length: int, window: int, stride: int, share: float) -> None:
    values = np.arange(length, dtype=np.float32)[:, None]
    stride = min(stride, window)
    try:
        parts = windows_parts(values, None, Preparation(window, stride, share))
    except SeriesFileError:
        assert share * length < 12 * stride + 3 * window
        return
    ends = 0
    for part in parts:
        assert part.rows.min() >= ends, "it begins after the part before has ended"
        ends = int(part.rows.max()) + window
        for start, image in zip(part.rows.tolist(), part.images, strict=True):
            assert np.array_equal(image[0, 0], np.arange(start, start + window))
    assert parts.train.rows.max() + window <= share * length
    assert ends <= length


def test_a_window_has_the_class_of_what_is_not_usual_in_it() -> None:
    labels = np.zeros(1_000, np.int64)
    labels[700:705], labels[705:708] = 2, 1
    parts = windows_parts(np.zeros((1_000, 1), np.float32), labels, Preparation(32, 8, 0.5))
    for part in parts:
        for start, label in zip(part.rows.tolist(), part.labels.tolist(), strict=True):
            inside = labels[start : start + 32]
            assert label == (0 if not inside.any() else 2 if (inside == 2).sum() >= (inside == 1).sum() else 1)
    assert set(parts.test.labels.tolist()) == {0, 1, 2}


def test_a_file_becomes_a_data_set_like_any_other() -> None:
    labels = tuple(["b"] * 40 + ["a"] * 20)
    name = keep_series(rows_table(labels=labels), "mine.csv")
    assert is_own(name)
    assert keep_series(rows_table(labels=labels), "mine.csv") == name, "the same file is kept once"
    found = card(name)
    assert (found.title, found.classes, found.train_counts) == ("mine.csv", ("b", "a"), (24, 12)), "the most frequent first"
    assert (found.channels, found.height, found.width) == (1, 1, 20)
    assert notes_of(name) == ("Read as it stands.",)
    assert whole_series(name) is None
    data = load(name)
    assert (len(data.train), len(data.validation), len(data.test)) == (found.train, found.validation, found.test) == (36, 6, 18)
    assert data.test.rows is not None
    table = rows_table(labels=labels)
    low, high = found.scale[0]
    back = low + data.test.images.numpy()[:, 0, 0] * (high - low)
    np.testing.assert_allclose(back, table.values[data.test.rows.numpy() - 2], rtol=1e-4)
    assert data.train.images.min() < 0.2
    assert data.train.images.max() > 0.8
    config = RunConfig().with_settings(
        {"data.name": name, "data.classes": (0,), "objective.reconstruction": "mse", "architecture.kind": "conv1d"}
    )
    assert config.train_size == 24
    assert config.plan.input_shape == (1, 1, 20)
    assert RunConfig.from_json(config.to_json()) == config


def test_without_labels_there_is_one_class_and_none_can_be_chosen() -> None:
    name = keep_series(rows_table(), "mine.csv")
    found = card(name)
    assert not found.is_labelled
    assert len(found.classes) == 1
    with pytest.raises(ConfigError, match="Nothing is known of the classes"):
        RunConfig().with_settings({"data.name": name, "objective.reconstruction": "mse", "data.classes": (0,)})


def test_too_few_normal_rows_are_said() -> None:
    name = keep_series(rows_table(labels=tuple(["b"] * 50 + ["a"] * 10)), "mine.csv")
    with pytest.raises(ConfigError, match=r"Fewer than 10 training examples of mine\.csv are of the class a"):
        RunConfig().with_settings({"data.name": name, "objective.reconstruction": "mse", "data.classes": (1,)})


def test_extreme_values_do_not_decide_the_scale() -> None:
    table = rows_table(100)
    table.values[0, 0] = 1e30
    name = keep_series(table, "spike.csv")
    low, high = card(name).scale[0]
    assert -10 < low < high < 30
    images = [load(name).train.images, load(name).validation.images, load(name).test.images]
    assert max(float(each.max()) for each in images) == pytest.approx(10.5)
    assert all(bool(each.isfinite().all()) for each in images)


def test_constant_series_and_each_by_itself() -> None:
    table = rows_table(40)
    table.values[:] = 3.0
    assert load(keep_series(table, "flat.csv")).train.images.isfinite().all()
    table = rows_table(40)
    table.values[:, :] *= np.arange(1, 41, dtype=np.float32)[:, None]
    table.values[7] = 1.5
    name = keep_series(table, "each.csv", Preparation(normalise=True))
    low, high = card(name).scale[0]
    data = load(name)
    for split in (data.train, data.validation, data.test):
        assert split.rows is not None
        own = low + split.images.numpy()[:, 0, 0].astype(np.float64) * (high - low)
        np.testing.assert_allclose(own.mean(axis=1), 0, atol=1e-5)
        expected = np.where(split.rows.numpy() - 2 == 7, 0.0, 1.0)
        np.testing.assert_allclose(own.std(axis=1), expected, atol=1e-4)


def test_a_second_file_is_the_test_and_has_to_fit() -> None:
    first, second = rows_table(40, labels=("n",) * 40), rows_table(9, labels=("n",) * 5 + ("x",) * 4, seed=1)
    name = keep_series(first, "a.csv", test=second)
    found = card(name)
    assert (found.train, found.validation, found.test) == (35, 5, 9)
    assert found.classes == ("n", "x")
    test = load(name).test
    assert test.rows is not None
    assert test.rows.tolist() == list(range(2, 11)), "in the file's order"
    with pytest.raises(SeriesFileError, match="20 values a series, the second 30"):
        keep_series(first, "a.csv", test=rows_table(9, 30, labels=("n",) * 9))
    with pytest.raises(SeriesFileError, match="Only the first file has labels"):
        keep_series(first, "a.csv", test=rows_table(9))
    with pytest.raises(SeriesFileError, match="split by time"):
        keep_series(long_table(), "a.csv", test=second)


def test_a_long_series_is_kept_whole_beside_its_windows() -> None:
    marks = tuple("fault" if 1_500 <= step < 1_520 else "fine" for step in range(2_000))
    name = keep_series(long_table(labels=marks), "long.csv", Preparation(64, 16))
    found = card(name)
    assert (found.channels, found.width, found.classes) == (2, 64, ("fine", "fault"))
    whole = whole_series(name)
    assert whole is not None
    assert whole.values.shape == (2_000, 2)
    assert whole.window == 64
    assert whole.labels is not None
    assert np.flatnonzero(whole.labels).tolist() == list(range(1_500, 1_520))


@pytest.mark.parametrize(
    ("preparation", "sentence"),
    [
        (Preparation(window=8), "A window has 16 to 4,096 time steps, not 8"),
        (Preparation(window=9_000), "not 9,000"),
        (Preparation(stride=0), "From one window to the next are 1 to 128"),
        (Preparation(train_share=0.95), "10 to 80 % can be trained on, not 95%"),
        (Preparation(window=1_000, stride=1_000), "gives 0 windows to train on"),
    ],
)
def test_what_cannot_be_cut_is_said(preparation: Preparation, sentence: str) -> None:
    with pytest.raises(SeriesFileError, match=sentence):
        keep_series(long_table(), "long.csv", preparation)


def test_windows_that_would_fill_the_memory_are_refused_with_a_way_out() -> None:
    with pytest.raises(SeriesFileError, match="let at least 41 time steps lie between"):
        windows_parts(np.zeros((200_000, 1), np.float32), None, Preparation(4_096, 1))
    windows_parts(np.zeros((200_000, 1), np.float32), None, Preparation(4_096, 41))


def test_files_that_are_gone_are_said_to_be() -> None:
    name = keep_series(rows_table(), "mine.csv")
    (own_folder(name) / "series.npz").unlink()
    with pytest.raises(RuntimeError, match="upload it again"):
        load(name)
    (own_folder(name) / "card.json").unlink()
    with pytest.raises(UnknownDataError, match="not on this server"):
        card(name)


def test_room_is_made_by_the_oldest_that_nobody_needs() -> None:
    names = [keep_series(rows_table(seed=seed), f"{seed}.csv") for seed in range(4)]
    for age, name in enumerate(names):
        os.utime(own_folder(name), (1_000 + age, 1_000 + age))
    size = sum(path.stat().st_size for path in own_folder(names[0]).iterdir())
    assert make_room([names[0]], most=2 * size + size // 2)
    assert [own_folder(name).is_dir() for name in names] == [True, False, False, True]
