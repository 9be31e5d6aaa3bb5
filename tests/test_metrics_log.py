"""metrics.csv: read while it grows, in pieces of any size, and continued by a resumed run."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.metrics_log import MetricsReader, MetricsWriter, Row, columns_for
from aecore.runs import replace_file

TERMS = ("loss", "reconstruction")
COLUMNS = ["step", "epoch", "seconds", "learning_rate"]
COLUMNS += ["train_loss", "train_reconstruction", "val_loss", "val_reconstruction"]


def read(path: Path) -> MetricsReader:
    reader = MetricsReader(path)
    reader.read()
    return reader


def written(path: Path, steps: Sequence[int], every: int = 1) -> list[Row]:
    """Rows for these steps, with a validation in every `every`-th."""
    writer = MetricsWriter(path, TERMS)
    for index, step in enumerate(steps):
        validation = {"val_loss": 9.0, "val_reconstruction": 8.0} if index % every == 0 else {}
        writer.write({"step": step, "epoch": step / 4, "seconds": 0.5, "learning_rate": 1e-3, "train_loss": 7.0} | validation)
    writer.close()
    return read(path).rows


def test_the_columns_are_the_terms_by_their_own_names() -> None:
    assert columns_for(TERMS) == COLUMNS


def test_what_was_written_is_read_and_the_rest_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    writer = MetricsWriter(path, TERMS)
    reader = read(path)
    assert (reader.columns, reader.rows) == (COLUMNS, [])
    values = {"step": 3, "epoch": 0.25, "seconds": 1.5, "learning_rate": 1e-7, "train_loss": 1 / 3, "train_reconstruction": 0.0}
    writer.write(values)
    reader.read()  # at once: every row is flushed
    assert reader.rows == [[3, 0.25, 1.5, 1e-7, pytest.approx(1 / 3, rel=1e-7), 0, None, None]]
    writer.write({"step": 4, "val_loss": math.inf})
    writer.close()
    reader.read()
    assert reader.rows[1] == [4, None, None, None, None, None, math.inf, None]


def test_steps_are_written_as_whole_numbers(tmp_path: Path) -> None:
    assert written(tmp_path / "metrics.csv", [123_456_789_012])[0][0] == 123_456_789_012


def test_a_file_that_does_not_exist_yet_is_an_empty_one(tmp_path: Path) -> None:
    reader = read(tmp_path / "metrics.csv")
    assert (reader.columns, reader.rows, reader.since(-1)) == ([], [], [])
    written(tmp_path / "metrics.csv", [1, 2])
    reader.read()
    assert len(reader.rows) == 2


def test_a_half_written_row_waits_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    rows = written(path, [1, 2])
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    reader = read(path)
    assert reader.rows == rows[:1]
    with path.open("ab") as file:
        file.write(whole[-5:])
    reader.read()
    assert reader.rows == rows


@given(st.lists(st.integers(1, 40), max_size=30))
def test_any_pieces_give_the_same_rows(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    folder = tmp_path_factory.mktemp("log")
    expected = written(folder / "whole.csv", range(0, 60, 5), every=3)
    data = (folder / "whole.csv").read_bytes()
    path = folder / "metrics.csv"
    path.write_bytes(b"")
    reader = MetricsReader(path)
    seen = 0
    with path.open("ab", buffering=0) as file:
        for size in [*sizes, len(data)]:
            file.write(data[seen : seen + size])
            seen += size
            reader.read()
            assert reader.rows == expected[: len(reader.rows)]
    assert reader.columns == COLUMNS
    assert reader.rows == expected


def test_a_file_that_was_replaced_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    written(path, [1, 2, 3])
    reader = read(path)
    other = written(tmp_path / "other.csv", [1, 2, 30, 40, 50])
    replace_file(path, (tmp_path / "other.csv").read_bytes())
    reader.read()
    assert reader.rows == other


def test_a_file_that_is_replaced_while_it_is_read_is_not_mixed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.csv"
    written(path, [1, 2, 3])
    longer = written(tmp_path / "longer.csv", [10, 20, 30, 40, 50])
    reader = MetricsReader(path)
    open_file = Path.open

    def open_then_replace(self: Path, mode: str) -> object:
        opened = open_file(self, mode)
        os.replace(tmp_path / "longer.csv", path)
        return opened

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_then_replace)
        reader.read()
    assert len(reader.rows) == 3
    reader.read()
    assert reader.rows == longer


def test_a_file_that_got_shorter_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    written(path, [1, 2, 3])
    reader = read(path)
    short = written(tmp_path / "short.csv", [1])
    path.write_bytes((tmp_path / "short.csv").read_bytes())  # the same file
    reader.read()
    assert reader.rows == short


@pytest.mark.parametrize(("from_step", "kept"), [(-1, []), (0, [0]), (20, [0, 10, 20]), (25, [0, 10, 20]), (99, [0, 10, 20, 30])])
def test_a_resumed_run_drops_the_rows_after_its_step(tmp_path: Path, from_step: int, kept: list[int]) -> None:
    path = tmp_path / "metrics.csv"
    rows = written(path, [0, 10, 20, 30], every=2)
    with path.open("a") as file:
        file.write("40,1")  # cut off by the end of the process
    writer = MetricsWriter(path, TERMS, from_step)
    writer.write({"step": 100})
    writer.close()
    after = read(path)
    assert [row[0] for row in after.rows] == [*kept, 100]
    assert after.rows[:-1] == rows[: len(kept)]


def test_a_new_run_starts_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    written(path, [1, 2])
    MetricsWriter(path, ("loss",)).close()
    assert path.read_text() == "step,epoch,seconds,learning_rate,train_loss,val_loss\n"
    assert os.listdir(tmp_path) == ["metrics.csv"]


# --- what a live view asks for ------------------------------------------------------------------------------------------


def test_since_gives_the_rows_after_a_step(tmp_path: Path) -> None:
    written(tmp_path / "metrics.csv", [0, 10, 20, 30])
    reader = read(tmp_path / "metrics.csv")
    assert [[row[0] for row in reader.since(step)] for step in (-1, 0, 5, 10, 30, 99)] == [
        [0, 10, 20, 30],
        [10, 20, 30],
        [10, 20, 30],
        [20, 30],
        [],
        [],
    ]


@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 9), st.integers(-1, 60))
def test_of_many_rows_a_few_are_given_in_order_to_the_last(count: int, most: int, every: int, since: int) -> None:
    reader = MetricsReader(Path("none"))
    reader.columns = ["step", "val_loss"]
    reader.rows = [[step, 9.0 if step % every == 0 else None] for step in range(count)]
    later = [row for row in reader.rows if (row[0] or 0) > since]
    rows = reader.since(since, most)
    assert len(rows) <= most
    assert all(row in later for row in rows)
    assert rows == sorted(rows, key=lambda row: row[0] or 0)
    assert bool(rows) == bool(later)
    if len(later) <= most:
        assert rows == later
    # Whoever asks again from the last row that came arrives at the last one that there is.
    while rows and rows[-1] != later[-1]:
        following = reader.since(rows[-1][0] or 0, most)
        assert following[-1][0] != rows[-1][0]
        rows = following


def test_of_each_few_rows_the_one_with_a_validation_is_kept(tmp_path: Path) -> None:
    written(tmp_path / "metrics.csv", range(100), every=5)
    rows = read(tmp_path / "metrics.csv").since(-1, 20)
    assert [row[0] for row in rows] == list(range(0, 100, 5))
    assert all(row[-1] == 8.0 for row in rows)


def test_a_last_row_with_a_validation_is_always_given(tmp_path: Path) -> None:
    written(tmp_path / "metrics.csv", range(101), every=10)
    for most in (1, 2, 7, 50, 100):
        assert read(tmp_path / "metrics.csv").since(-1, most)[-1][0] == 100
