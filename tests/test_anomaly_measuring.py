"""Scores of a network and of the detectors beside it, what is kept of them, and the command that makes them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM
from torch.distributions import Laplace, Normal, kl_divergence
from torch.nn import functional

from aecore.anomaly.baselines import BASELINES, fit_and_score
from aecore.anomaly.cases import held_back_cases, normal_classes
from aecore.anomaly.export import scores_csv
from aecore.anomaly.measuring import measure, measure_baselines
from aecore.anomaly.results import (
    Cases,
    Report,
    add_baselines,
    keep,
    keep_labels_by_hand,
    kept,
    kept_cases,
    labels_by_hand,
)
from aecore.anomaly.scores import names_of, score
from aecore.anomaly.setting import classes_named, detector
from aecore.cli import main
from aecore.config_errors import ConfigError
from aecore.data.catalogue import card
from aecore.data.kept import load_kept
from aecore.data.own_series import keep_series
from aecore.data.series_file import read_series
from aecore.model import build
from aecore.recording import Recorder
from aecore.runs import Run
from aecore.tasks.messages import TaskError
from aecore.tasks.process import TASKS
from aecore.training import random_seed
from tests import tiny


def trained(folder: Path, **values: object) -> Run:
    """A detector of zeros that has seen a few of them."""
    run = Run.create(tiny.config(None, **{"data__classes": (0,), **values}), folder)
    assert Recorder(run).record().state == "finished"
    return run


@torch.no_grad()
def test_scores_are_sums_over_pixels_and_the_elbo_that_of_torchs_distributions() -> None:
    config = tiny.config("vae", objective__reconstruction="mae", architecture__hidden=(9,))
    assert names_of(config) == ("relative", "absolute", "squared", "neg_elbo")
    model = build(config.plan, 0)
    images = tiny.split(7).images
    found = score(model, config, images)
    x = images.float() / 255
    error = (x - model.reconstruct(x)).flatten(1)
    np.testing.assert_allclose(found["squared"], error.square().sum(dim=1), rtol=1e-5)
    np.testing.assert_allclose(found["absolute"], error.abs().sum(dim=1), rtol=1e-5)
    blurred = []
    for each in (x, model.reconstruct(x)):
        padded = functional.pad(each, (1, 1, 1, 1))
        blurred.append(sum(padded[:, :, down : 28 + down, across : 28 + across] / 9 for down in range(3) for across in range(3)))
    one, other = (torch.as_tensor(each).flatten(1) for each in blurred)
    expected = (one - other).square().sum(dim=1) / (one.square() + other.square()).sum(dim=1).sqrt()
    np.testing.assert_allclose(found["relative"], expected, rtol=1e-4)
    generator = torch.Generator().manual_seed(random_seed(config.seed, 11))
    encoding = model.encode(x)
    assert encoding.log_variance is not None
    posterior = Normal(encoding.mean, (0.5 * encoding.log_variance).exp())
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(dim=1)
    drawn = [Laplace(model.decode(encoding.sample(generator)), 1.0).log_prob(x) for _ in range(4)]  # type: ignore[no-untyped-call]
    expected = kl - torch.stack(drawn).flatten(2).sum(dim=2).mean(dim=0) - 784 * np.log(2)
    np.testing.assert_allclose(found["neg_elbo"], expected, rtol=1e-4)
    again = score(model, config, images)
    assert all(np.array_equal(found[name], again[name]) for name in found), "the same at every call"


def test_a_network_that_has_diverged_has_no_scores() -> None:
    config = tiny.config(None, objective__reconstruction="mse", architecture__output="linear")
    model = build(config.plan, 0)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    with pytest.raises(ValueError, match="smaller learning rate"):
        score(model, config, tiny.split(3).images)


def test_the_other_detectors_are_scikit_learns() -> None:
    draws = np.random.default_rng(0)
    train, test = draws.normal(size=(60, 5)).astype(np.float32), draws.normal(1, 2, size=(40, 5)).astype(np.float32)
    expected = {
        "isolation_forest": -IsolationForest(n_estimators=200, random_state=0).fit(train).score_samples(test),
        "one_class_svm": -OneClassSVM(nu=0.1, gamma="scale").fit(train).decision_function(test),
        "local_outlier_factor": -LocalOutlierFactor(20, novelty=True).fit(train).score_samples(test),
    }
    components = PCA(0.95, svd_solver="full").fit(train)
    rest = test - components.inverse_transform(components.transform(test))
    expected["pca"] = (rest**2).sum(axis=1)
    assert set(expected) == set(BASELINES)
    for name, wanted in expected.items():
        training, found = fit_and_score(name, train, test)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, err_msg=name)
        assert training.shape == (60,)


@pytest.mark.parametrize("name", BASELINES)
def test_the_other_detectors_bear_cases_that_are_all_the_same(name: str) -> None:
    same = np.full((30, 4), 0.5, np.float32)
    training, found = fit_and_score(name, same, same[:3])
    assert np.isfinite(training).all()
    assert np.isfinite(found).all()


def test_a_run_is_measured_kept_and_read_back(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    dataset = tiny.dataset(60, 30, 50)
    report, cases = measure(run, dataset, most_shown=20)
    anomalous = dataset.test.labels.numpy() != 0
    assert (report.train_cases, report.validation_cases, report.test_cases, report.anomalous) == (6, 3, 50, 45)
    first = report.scores[0]
    assert first.auroc is not None
    assert first.average_precision is not None
    assert first.name == "relative"
    assert first.auroc.value == pytest.approx(roc_auc_score(anomalous, cases.test["relative"]))
    assert first.average_precision.value == pytest.approx(average_precision_score(anomalous, cases.test["relative"]))
    training = cases.training["relative"].astype(np.float64)
    assert first.threshold == pytest.approx(training.mean() + 3 * training.std(ddof=1))
    assert len(cases.shown) == 20
    order = np.argsort(-cases.test["relative"], kind="stable")
    assert set(order[:10].tolist()) <= set(cases.shown.tolist()), "the most anomalous can be looked at"
    assert set(order[-5:].tolist()) <= set(cases.shown.tolist()), "and the least"
    assert np.array_equal(cases.originals, dataset.test.images.numpy()[cases.shown])
    keep(run, report, cases)
    assert kept(run) == report
    read = kept_cases(run)
    assert read is not None
    assert np.array_equal(read.test["squared"], cases.test["squared"])
    assert np.array_equal(read.reconstructions, cases.reconstructions)
    others = measure_baselines(run.config, dataset)
    assert others.fitted == 6
    assert [each.name for each in others.methods] == list(BASELINES)
    train, test = (
        np.asarray(split.images.flatten(1).numpy() / 255, np.float32) for split in (dataset.train.of_classes((0,)), dataset.test)
    )
    for each in others.methods:
        assert each.auroc is not None
        _, scores = fit_and_score(each.name, train, test)
        assert each.auroc.value == pytest.approx(roc_auc_score(anomalous, scores), abs=1e-6)
    assert others.control is not None
    assert others.control.auroc is not None
    assert others.control.title == "PCA of 4 numbers, relative error"
    both = add_baselines(run, *others)
    assert both == kept(run)
    assert both is not None
    assert (both.baselines, both.control) == (others.methods, others.control)
    run.model_path.write_bytes(run.model_path.read_bytes() + b" ")
    assert kept(run) is None, "it is of other weights now"
    assert add_baselines(run, *others) is None


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"\x00\xff", b'{"data": 5}'])
def test_what_is_damaged_counts_as_not_measured(tmp_path: Path, damage: bytes) -> None:
    run = trained(tmp_path / "run")
    keep(run, *measure(run, tiny.dataset()))
    for name, reader in (("anomaly.json", kept), ("anomaly.npz", kept_cases)):
        (run.folder / name).write_bytes(damage)
        assert reader(run) is None
    (run.folder / "anomaly_labels.json").write_bytes(damage)
    assert labels_by_hand(run) == {}


def test_labels_by_hand_are_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    keep_labels_by_hand(run, {3: 1, 7: 0})
    assert labels_by_hand(run) == {3: 1, 7: 0}


def test_without_anomalies_or_labels_there_are_no_areas(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    dataset = tiny.dataset(60, 30, 50)
    only = replace(dataset, test=dataset.test.of_classes((0,)))
    report, _ = measure(run, only)
    assert report.scores[0].auroc is None
    assert report.scores[0].accuracy is not None
    unlabelled = replace(dataset, card=replace(dataset.card, is_labelled=False, classes=("Unlabelled",)))
    report, cases = measure(run, unlabelled)
    assert (report.scores[0].auroc, report.scores[0].accuracy, report.anomalous) == (None, None, 0)
    assert report.scores[0].threshold > 0
    assert "label" not in scores_csv(report, cases, unlabelled.card, 1.0, "squared").splitlines()[0]


def test_scores_are_written_as_a_table(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    report, cases = measure(run, tiny.dataset())
    text = scores_csv(report, cases, card("digits"), 20.0, "absolute")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 20
    assert list(rows[0]) == ["row", "label", "anomalous", "relative", "squared", "absolute", "called_anomalous"]
    for place, row in enumerate(rows):
        assert int(row["row"]) == place + 1
        assert row["label"] == str(cases.classes[place])
        assert int(row["anomalous"]) == int(cases.classes[place] != 0)
        assert float(row["absolute"]) == pytest.approx(float(cases.test["absolute"][place]))
        assert int(row["called_anomalous"]) == int(cases.test["absolute"][place] > 20)


def test_detectors_start_from_the_preset_that_fits_their_data() -> None:
    assert detector("digits", (3,)).data.classes == (3,)
    heart = detector("heartbeats", (0,))
    assert heart.architecture.kind == "conv1d"
    assert detector("machine", (0,), "vae").code.kind == "gaussian"
    assert detector("machine", (0,), None, {"epochs": "7", "code.size": "3"}).epochs == 7
    with pytest.raises(ConfigError):
        detector("digits", (11,))
    assert normal_classes(heart) == (0,)
    assert classes_named(card("heartbeats"), ["noise burst", "0"]) == (4, 0)
    with pytest.raises(ConfigError, match="has no class called “9x”"):
        classes_named(card("digits"), ["9x"])
    numbers = replace(card("digits"), classes=("1", "2"))
    assert classes_named(numbers, ["2"]) == (1,)
    with pytest.raises(ConfigError, match="has no class called “0”"):
        classes_named(numbers, ["0"])
    assert classes_named(replace(card("digits"), classes=("a", "A")), ["A", "a"]) == (1, 0)


# --- the tasks behind the page --------------------------------------------------------------------------------------------


def silent(share: float, what: str) -> None:
    pass


def ecg_like(path: Path, labels: bool = True, count: int = 80) -> Path:
    """Series of two kinds of waves, the second with a bump."""
    draws = np.random.default_rng(3)
    lines = []
    for row in range(count):
        strange = row % 4 == 3
        values = np.sin(np.arange(40) / 3 + draws.uniform(0, 6)) + draws.normal(0, 0.05, 40)
        values[15:20] += 2.0 * strange
        cells = [f"{value:.4f}" for value in values]
        lines.append(",".join([*(["strange" if strange else "usual"] if labels else []), *cells]))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_is_read_by_its_task_and_what_is_wrong_with_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    content = np.frombuffer(ecg_like(tmp_path / "a.csv").read_bytes(), np.uint8)
    arguments = {"titles": ["a.csv"], "options": {}, "preparation": {}}
    told: list[float] = []
    result, _ = TASKS["read_file"](arguments, [content], lambda share, what: told.append(share))
    name = json.loads(result["json"])["name"]
    assert card(name).classes == ("usual", "strange")
    assert told == sorted(told)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    lines[6] = lines[6].replace(",", ",oops,", 1).rsplit(",", 1)[0]
    with pytest.raises(TaskError, match=r"(?i)row 7.*column 2.*oops"):
        TASKS["read_file"](arguments, [np.frombuffer("\n".join(lines).encode(), np.uint8)], silent)
    for which, channels in (("machine", 3), ("heart", 1)):
        result, _ = TASKS["example_series"]({"which": which, "preparation": {"window": 256, "stride": 128}}, [], silent)
        made = card(json.loads(result["json"])["name"])
        assert (made.channels, made.classes[0]) == (channels, "Normal")


@pytest.mark.parametrize("task", ["anomaly", "anomaly_baselines"])
def test_tasks_of_a_run_that_is_gone_say_so(task: str) -> None:
    with pytest.raises(TaskError, match="gone"):
        TASKS[task]({"run": "nowhere"}, [], silent)


# --- the command line -----------------------------------------------------------------------------------------------------

QUICK = ["--set", "epochs=30", "architecture.channels=4-8", "code.size=4", "--json"]


def run_command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object], str]:
    code = main(["anomaly", *words])
    out, err = capsys.readouterr()
    return code, json.loads(out.splitlines()[-1]) if out.strip() else {}, err


@pytest.fixture
def _runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))


@pytest.mark.usefixtures("_runs")
def test_the_command_trains_scores_and_compares(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, out = ecg_like(tmp_path / "waves.csv"), tmp_path / "out"
    code, found, err = run_command(capsys, "--data", str(file), "--normal", "usual", "--out", str(out), *QUICK)
    assert code == 0, err
    assert {"auroc", "average_precision", "threshold", "accuracy", "precision", "recall"} <= set(found)
    assert found["normal"] == ["usual"]
    rows = list(csv.DictReader((out / "scores.csv").read_text().splitlines()))
    assert len(rows) == found["test_cases"] == 18 + 20, "three in ten of the usual ones, and all strange ones"
    truth = [int(row["anomalous"]) for row in rows]
    assert found["auroc"] == pytest.approx(roc_auc_score(truth, [float(row["squared"]) for row in rows]), abs=1e-6)
    lines = file.read_text().splitlines()
    assert all(lines[int(row["row"]) - 1].startswith(row["label"]) for row in rows), "the row is the line in the file"
    baselines = found["baselines"]
    assert isinstance(baselines, dict)
    assert set(baselines) == set(BASELINES)
    assert all({"auroc", "threshold", "accuracy"} <= set(each) for each in baselines.values())


@pytest.mark.usefixtures("_runs")
def test_rows_without_a_label_are_scored_and_not_judged(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, out = ecg_like(tmp_path / "waves.csv"), tmp_path / "out"
    lines = file.read_text().splitlines()
    for row in range(0, 20, 2):
        lines[row] = lines[row].removeprefix("usual")
    file.write_text("\n".join(lines) + "\n")
    code, found, err = run_command(capsys, "--data", str(file), "--label", "first", "--out", str(out), *QUICK)
    assert code == 0, err
    assert found["normal"] == ["usual"]
    assert any("10 rows have no label" in note for note in found["notes"])  # type: ignore[attr-defined]
    rows = list(csv.DictReader((out / "scores.csv").read_text().splitlines()))
    unknown = [row for row in rows if row["label"] == ""]
    assert len(unknown) == 10, "all of them are among the test cases"
    assert all(row["anomalous"] == "" and float(row["squared"]) >= 0 for row in unknown)
    judged = [row for row in rows if row["label"]]
    assert found["auroc"] == pytest.approx(
        roc_auc_score([int(row["anomalous"]) for row in judged], [float(row["squared"]) for row in judged]), abs=1e-6
    )


@pytest.mark.usefixtures("_runs")
def test_anomalous_rows_of_every_part_are_tested_for_none_was_learned_from(tmp_path: Path) -> None:
    file = ecg_like(tmp_path / "waves.csv")
    table = read_series(file)
    name = keep_series(table, "waves.csv")
    config = detector(name, (0,))
    dataset = load_kept(config.with_settings({"data.classes": None}).data)
    tested = held_back_cases(config, dataset)
    assert int((tested.labels == 1).sum()) == 20, "all that there are"
    assert int((tested.labels == 0).sum()) == int((dataset.test.labels == 0).sum()) == 18
    assert tested.rows is not None
    assert len(set(tested.rows.tolist())) == len(tested)
    second = keep_series(table, "waves.csv", test=table)
    assert (
        len(held_back_cases(detector(second, (0,)), load_kept(detector(second, (0,)).with_settings({"data.classes": None}).data)))
        == 80
    )


@pytest.mark.parametrize(
    ("label", "written"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-1", "-1"), ("+2.5", "+2.5"), ("-x", "'-x"), ("fine", "fine")]
)
def test_labels_do_not_run_in_a_spreadsheet(tmp_path: Path, label: str, written: str) -> None:
    run = trained(tmp_path / "run")
    report, cases = measure(run, tiny.dataset())
    data = replace(card("digits"), classes=(label,) * 10)
    rows = list(csv.DictReader(scores_csv(report, cases, data, 1.0, "squared").splitlines()))
    assert {row["label"] for row in rows} == {written}


@pytest.mark.usefixtures("_runs")
def test_the_command_without_labels_gives_the_scores_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, other = ecg_like(tmp_path / "waves.csv", labels=False), ecg_like(tmp_path / "other.csv", labels=False, count=24)
    out = tmp_path / "out"
    code, found, err = run_command(
        capsys, "--data", str(file), "--test", str(other), "--out", str(out), "--threshold", "quantile:0.9", *QUICK
    )
    assert code == 0, err
    assert "auroc" not in found
    assert found["threshold_rule"] == "90 % quantile"
    rows = list(csv.DictReader((out / "scores.csv").read_text().splitlines()))
    assert [int(row["row"]) for row in rows] == list(range(1, 25)), "the second file, in its order"


@pytest.mark.usefixtures("_runs")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--data", "nowhere.csv"], "There is no file nowhere.csv"),
        (["--data", "heartbeat"], "Did you mean 'heartbeats'?"),
        (["--data", "heartbeats", "--test", "x.csv"], "leave --test out"),
        (["--data", "heartbeats", "--normal", "fine"], "has no class called “fine”"),
        (["--data", "heartbeats", "--threshold", "median"], "A threshold is mean+3"),
        (["--data", "heartbeats", "--set", "architecture.kind=conv2d"], "set architecture.kind to conv1d or dense"),
        (["--data", "heartbeats", "--set", "data.name=mnist"], "leave data.name out of --set"),
        (["--data", "heartbeats", "--threads", "0"], "--threads must be at least 1"),
        (["--data", "heartbeats", "--preset", "none"], "no preset called"),
    ],
)
def test_the_command_says_in_a_sentence_what_cannot_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], sentence: str
) -> None:
    code, _, err = run_command(capsys, *words, "--out", str(tmp_path / "out"))
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err


def test_a_report_survives_its_json(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    report, cases = measure(run, tiny.dataset())
    assert Report.from_json(report.to_json()) == report
    again = Cases.from_bytes(cases.to_bytes())
    assert np.array_equal(again.rows, cases.rows)
