"""The command denoise-table: its document, its two files for the app, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aecore import cli, denoise_table
from aecore import comparison as comparing
from aecore.classical import classical_methods
from aecore.comparison import compare
from aecore.comparison_results import Comparison, read_shipped
from aecore.quality_document import digits_section, markdown_table, noise_title, put_section
from aecore.tuning import TunedStore
from tests.test_comparison import contest, trained
from tests.tiny import dataset


@pytest.fixture(scope="module")
def result() -> Comparison:
    return compare(contest(), "gaussian", 0.4, images=12, examples=0)


def test_a_section_replaces_itself_and_leaves_the_others_alone(tmp_path: Path) -> None:
    document = tmp_path / "docs" / "quality.md"
    put_section(document, "digits", r"## Digits \1")
    put_section(document, "photographs", "## Photographs")
    put_section(document, "digits", "## Digits again")
    lines = [line for line in document.read_text().splitlines() if line.startswith("#")]
    assert lines == ["# How well noise is taken away", "## Digits again", "## Photographs"]


def test_tables_and_titles() -> None:
    assert markdown_table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"
    assert noise_title("masking", 0.5) == "Dropped pixels, 50 %"
    assert noise_title("gaussian", 0.25) == "Gaussian, σ = 0.25"


def test_the_section_has_every_row_and_the_gain_over_the_best(result: Comparison) -> None:
    text = digits_section("Digits", [result], "Measured now.")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in text.split("### Every method")[1].splitlines()}
    for row in result.rows:
        assert f"{row.psnr.mean:.2f} ± {row.psnr.deviation:.2f} | {row.ssim.mean:.3f}" in rows[row.title]
    best = max(row.psnr.mean for row in result.rows if row.kind == "classical")
    assert f"{result.row('net-0').psnr.mean - best:+.2f} / " in text


# --- the command --------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny data under every name, and only quick methods."""
    monkeypatch.setattr(denoise_table, "load", lambda name: dataset())
    quick = ("median", "blur")
    monkeypatch.setattr(
        comparing, "classical_methods", lambda *given: tuple(each for each in classical_methods(*given) if each.name in quick)
    )


@pytest.mark.usefixtures("small")
def test_the_table_writes_its_three_files(tmp_path: Path) -> None:
    plan = denoise_table.Plan(
        "digits",
        (trained(tmp_path / "net"),),
        images=10,
        tuning_images=6,
        curve_images=5,
        examples=2,
        app_files=tmp_path,
        table=(("gaussian", 0.5), ("masking", 0.25)),
        curve_levels=(0.5,),
    )
    told: list[tuple[int, int]] = []
    made = denoise_table.timed(plan, 1, tmp_path / "table.md", "make it", lambda done, of: told.append((done, of)))
    assert told == [(done, 5) for done in range(6)]
    assert read_shipped(tmp_path / "denoise_comparison.json.xz") == made
    assert [(one.kind, one.level, one.images) for one in made.comparisons] == [("gaussian", 0.5, 10), ("masking", 0.25, 10)]
    curve = made.curve("masking")
    assert curve is not None
    assert [(point.level, point.images) for point in curve.points] == [(0.25, 10), (0.5, 5)]
    kept = TunedStore.read(tmp_path / "tuned_denoisers.json").entries
    assert {(entry.kind, entry.level, entry.method) for entry in kept} == {
        (*noise, method) for noise in plan.noises for method in ("median", "blur")
    }
    text = (tmp_path / "table.md").read_text()
    assert "with `make it`" in text
    assert "Dropped pixels, 25 %" in text
    summary = made.summary()
    assert json.loads(json.dumps(summary))[0]["psnr"]["net"] == made.comparisons[0].row("net").psnr.mean


@pytest.mark.usefixtures("small")
def test_networks_that_saw_the_test_pictures_have_no_table(tmp_path: Path) -> None:
    plan = denoise_table.Plan("digits", (trained(tmp_path / "net", data__name="mnist"),), app_files=tmp_path)
    with pytest.raises(ValueError, match="net was trained on MNIST, which holds the test pictures of Digits"):
        denoise_table.measure(plan, 1)
    missing = replace(plan, runs=(tmp_path / "missing",))
    with pytest.raises(FileNotFoundError, match="holds no run"):
        denoise_table.measure(missing, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--data", "minst"], "There is no data set called 'minst'. Did you mean 'mnist'?"),
        (["--images", "0"], "--images must be at least 1."),
        (["--tuning-images", "0"], "--tuning-images must be at least 1."),
        (["--data", "digits", "--runs", "missing"], "missing holds no run: train it first, or name others with --runs."),
    ],
)
def test_the_command_says_what_it_cannot_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    files = ["--out", str(tmp_path / "table.md"), "--app-files", str(tmp_path)]
    assert cli.main(["denoise-table", *arguments, *files]) == 2
    assert capsys.readouterr().err.replace("\r", "\n").splitlines()[-1].strip() == sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small")
def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--out", str(tmp_path / "table.md"), "--app-files", str(tmp_path / "app")]
    (tmp_path / "app").mkdir()
    counts = ["--images", "4", "--tuning-images", "3", "--processes", "1"]
    net = str(trained(tmp_path / "net"))
    assert cli.main(["denoise-table", "--data", "digits", "--runs", net, *counts, *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["comparisons"]
    assert [(row["kind"], row["level"]) for row in found] == list(denoise_table.TABLE)
    assert all(set(row["psnr"]) == {"nothing", "median", "blur", "net"} for row in found)
    assert "python -m aecore denoise-table --data digits" in (tmp_path / "table.md").read_text()
    first = (tmp_path / "app" / "tuned_denoisers.json").read_text()
    assert cli.main(["denoise-table", "--data", "digits", "--runs", net, *counts, *files, "--keep-tuned"]) == 0
    assert "The tables are in" in capsys.readouterr().out
    assert (tmp_path / "app" / "tuned_denoisers.json").read_text() == first
