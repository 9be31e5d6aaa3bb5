"""The Features page through the entry script, without a browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from aecore import bottleneck_results, probe_results
from aecore.bottleneck_results import Bottleneck, key_of, put_partial
from aecore.config import RunConfig
from aecore.latent_numbers import digest
from aecore.presets import PRESETS
from aecore.recording import Recorder
from aecore.runs import ACTIVE, About, Run, Status, new_run, runs_of, runs_root
from aecore.ui import features_bottleneck, features_layers, features_sparsity, features_use, measurement, run_choice
from aecore.ui.features_layers import all_at_once
from aecore.ui.measuring import results
from aecore.ui.server import engine, measuring_desk, person, study_desk, task_desk
from tests import tiny
from tests.server import ROOT, wait_for
from tests.test_features_figures import POINTS, PROBE, STUDY
from tests.test_sweep_compare import NotedDesk

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
PAGE = str(ROOT / "pages" / "features.py")
TABS = ("Bottleneck", "Sparsity", "Layer by layer", "Use")
GREEDY: dict[str, Any] = {
    "architecture__hidden": (8,),
    "schedule__layer_epochs": 1,
    "schedule__classifier_epochs": 1,
    "epochs": 1,
}


@pytest.fixture(scope="module", autouse=True)
def _all_processes_end() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()
    for desk in (task_desk, measuring_desk, study_desk):
        desk().close()
        desk.cache_clear()


@pytest.fixture(autouse=True)
def _only_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing comes with the app or is left from another test."""
    monkeypatch.setattr(run_choice, "shipped", list)
    monkeypatch.setattr(features_layers, "shipped", list)
    monkeypatch.setattr(features_bottleneck, "shipped", lambda: None)
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    measurement.jobs.clear()


@pytest.fixture(autouse=True)
def desk(monkeypatch: pytest.MonkeyPatch) -> NotedDesk:
    """Takes what is to be measured, and does nothing with it."""
    noted = NotedDesk()
    monkeypatch.setattr(measurement, "measuring_desk", lambda: noted)
    monkeypatch.setattr(measurement, "study_desk", lambda: noted)
    monkeypatch.setattr(measurement, "task_desk", lambda: noted)
    return noted


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny runs, trained once: sparse, stacked, the same all at once, and one that saw some classes only."""
    stacked = tiny.config("stacked", **GREEDY)
    configs = {
        "sparse": tiny.config("sparse-kl"),
        "stacked": stacked,
        "joint": all_at_once(stacked),
        "some": tiny.config("sparse-kl", data__classes=(5, 6, 7, 8, 9)),
    }
    root = tmp_path_factory.mktemp("trained")
    for name, config in configs.items():
        assert Recorder(Run.create(config, root / name, name=name)).record().state == "finished"
    return {name: root / name for name in configs}


def copy_of(folder: Path, owner: str | None = None) -> Run:
    """A trained run as the person's own, or somebody else's."""
    made = new_run(Run(folder).config)
    shutil.rmtree(made.folder)
    shutil.copytree(folder, made.folder)
    made.write_about(About(person() if owner is None else owner, 1.0, folder.name))
    return made


def page(**query: str) -> AppTest:
    """The page, opened by an address with this query."""
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error)
    return " ".join(element.value for kind in kinds for element in kind)


def query(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def buttons(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def stop(*runs: Run) -> None:
    for run in runs:
        if run.status.state in ACTIVE:
            engine().stop(run)
    wait_for(lambda: not any(run.status.state in ACTIVE for run in runs), "the end of the runs")


# --- the page -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", TABS)
def test_every_tab_opens_without_any_run(view: str) -> None:
    app = page(view=view)
    assert app.title[0].value == "Features"
    assert not app.error
    assert "train one above" in words(app) or view == "Bottleneck"


@pytest.mark.parametrize(
    "address",
    [
        {"view": "Nowhere"},
        {"view": "Sparsity", "units_of": "../../etc/passwd", "sparse_rho": "7", "sparse_units": "x", "sparse_penalty": "L7"},
        {"view": "Layer by layer", "layers_of": "0" * 32, "stack_layers": "ten", "stack_noise": "2"},
        {"view": "Use", "use_of": "nobody", "use_classes": "77", "use_data": "cats", "use_case": "some", "use_by": "eyes"},
        {"view": "Bottleneck", "study": "Mine", "study_sizes": "3", "study_data": "cats", "study_epochs": "-1"},
    ],
)
def test_bad_addresses_open_all_the_same(address: dict[str, str]) -> None:
    page(**address)


def test_no_tab_needs_torch_in_the_server() -> None:
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({ENTRY!r}, default_timeout=60).run()\n"
        f"for tab in {TABS!r}:\n"
        f"    app.switch_page({PAGE!r})\n"
        "    app.query_params['view'] = tab\n"
        "    app.run()\n"
        "    assert not app.exception\n"
        "print('torch' in sys.modules or 'torchvision' in sys.modules or 'sklearn' in sys.modules)\n"
        "from aecore.ui.server import measuring_desk, study_desk, task_desk\n"
        "for desk in (task_desk, measuring_desk, study_desk):\n    desk().close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split()[-1] == "False"


def test_somebody_elses_run_can_be_watched_and_not_steered(trained: dict[str, Path]) -> None:
    theirs = copy_of(trained["sparse"], "somebody else")
    app = page(view="Sparsity", units_of=theirs.token)
    assert "is somebody else's" in words(app)
    assert not {"pause", "stop"} & buttons(app)
    assert tiny.selector(app, "units_of").value == theirs.token


def test_a_run_that_is_gone_is_said_to_be_and_another_one_shown(trained: dict[str, Path]) -> None:
    mine = copy_of(trained["sparse"])
    app = page(view="Sparsity", units_of="f" * 32)
    assert "is not on this server" in words(app)
    assert tiny.selector(app, "units_of").value == mine.token
    assert query(app)["units_of"] == mine.token
    app.run()
    assert "is not on this server" in words(app), "a rerun that comes by itself does not take the words away"
    other = copy_of(trained["stacked"])
    app.run()
    tiny.selector(app, "units_of").set_value(other.token).run()
    assert "is not on this server" not in words(app)


# --- bottleneck -----------------------------------------------------------------------------------------------------------


def test_the_study_of_the_app_is_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features_bottleneck, "shipped", lambda: STUDY)
    app = page()
    said = words(app)
    assert "With **32 numbers**: the autoencoder's error is 0.0060 a pixel, PCA's 0.0160 (2.7 times as much)." in said
    assert "differ by 0.6 % at most" in said
    assert "the unconstrained network's error is 0.0020, the sparse one's 0.0800" in said
    assert len(app.get("plotly_chart")) == 3
    assert len(app.dataframe[0].value) == len(POINTS)


def test_a_study_is_asked_for_once_followed_and_stopped(desk: NotedDesk) -> None:
    app = page(study="Run here", study_epochs="2")
    app.pills(key="study_sizes").set_value([2, 32]).run()
    assert "6 points" in words(app)
    app.button(key="measure_bottleneck").click().run()
    assert [job.arguments for job in desk.jobs] == [{"data": "digits", "sizes": [2, 32], "epochs": 2, "seed": 0}]
    assert "measure_bottleneck" not in buttons(app)
    again = page(study="Run here", study_epochs="2", study_sizes=["2", "32"])  # type: ignore[arg-type]
    assert "bottleneck_stop" in buttons(again)
    assert len(desk.jobs) == 1, "a second tab finds the one under way"
    key = key_of("digits", [2, 32], 2, 0)
    put_partial(key, Bottleneck("digits", 2, 0, 4000, 500, 784, POINTS[:3], (2, 32)))
    again.run()
    assert len(again.get("plotly_chart")) == 3
    again.button(key="bottleneck_stop").click().run()
    assert desk.jobs[0].state == "cancelled"
    assert "It was stopped after 3 of them" in words(again)
    assert len(again.get("plotly_chart")) == 3, "what was measured stays"


def test_a_study_that_failed_says_why(desk: NotedDesk) -> None:
    app = page(study="Run here", study_data="Kuzushiji-MNIST")
    assert "downloaded once" in words(app)
    app.button(key="measure_bottleneck").click().run()
    desk.jobs[0].state, desk.jobs[0].error = "failed", "Kuzushiji-MNIST could not be downloaded: try again later."
    app.run()
    assert app.error[0].value == "Kuzushiji-MNIST could not be downloaded: try again later."
    desk.full = True
    app.button(key="measure_bottleneck").click().run()
    assert "Too many people are waiting" in words(app)


def test_findings_say_only_what_was_measured() -> None:
    assert features_bottleneck.findings(replace(STUDY, points=())) == []
    (one,) = features_bottleneck.findings(replace(STUDY, points=tuple(p for p in POINTS if p.arm in ("pca", "linear"))))
    assert "lands on PCA: their errors differ by" in one
    far = tuple(replace(p, mse=1.75 * p.mse) if p.arm == "linear" else p for p in POINTS)
    missed = " ".join(features_bottleneck.findings(replace(STUDY, points=far)))
    assert "lands" not in missed
    assert "has not reached PCA yet: their errors differ by up to 76 %" in missed
    # Beyond the pixels: errors of the free network on pictures and on shuffled ones, and of the sparse one on these.
    for free, shuffled, held, says in (
        (0.001, 0.0015, 0.08, "The first copies whatever it is given"),
        (0.001, 0.04, 0.08, "2 times as well as the second, though 40 times worse than real pictures"),
        (0.001, 0.05, 0.08, "Neither is clearly better"),
    ):
        points = tuple(
            replace(p, mse=free, noise_mse=shuffled)
            if (p.arm, p.size) == ("autoencoder", 1024)
            else replace(p, noise_mse=held + 0.001)
            if p.arm == "sparse"
            else p
            for p in POINTS
        )
        assert says in features_bottleneck.findings(replace(STUDY, points=points))[-1]
    worse = tuple(replace(p, mse=0.5) if p.arm == "autoencoder" else p for p in POINTS)
    assert "has not learned enough" in features_bottleneck.findings(replace(STUDY, points=worse))[0]


# --- sparsity -------------------------------------------------------------------------------------------------------------


def test_a_sparse_run_is_described_with_its_target(trained: dict[str, Path]) -> None:
    run = copy_of(trained["sparse"])
    app = page(view="Sparsity")
    assert tiny.selector(app, "units_of").value == run.token
    usual = run.config.objective
    assert usual.sparsity == "kl"
    assert (
        f"4 sigmoid units in the code; KL sparsity with ρ = {usual.sparsity_target:g}, weight {usual.sparsity_weight:g}. Trained "
        "on Digits. This run is yours."
    ) in words(app)


def test_the_code_of_a_convolutional_network_can_be_looked_at_and_is_what_rho_is_for(tmp_path: Path) -> None:
    convolutions = {"architecture__kind": "conv2d", "architecture__channels": (3, 4), "architecture__hidden": ()}
    config = tiny.config("sparse-kl", **convolutions)
    assert config.objective.sparsity == "kl"
    folder = tmp_path / "elsewhere"
    Recorder(Run.create(config, folder, name="convolutional")).record()
    copy_of(folder)
    app = page(view="Sparsity")
    shown = app.button_group(key="sparse_layer")
    assert shown.options == ["Layer 1, filters", "Layer 2, filters", "Layer 3, the code"]
    assert shown.value == 3
    assert [features_sparsity.target_of(config, depth) for depth in (1, 2, 3)] == [None, None, config.objective.sparsity_target]


def test_another_penalty_brings_what_goes_with_it() -> None:
    app = page(view="Sparsity")
    app.segmented_control(key="sparse_penalty").set_value("L1").run()
    assert app.selectbox(key="sparse_activation").value == "relu"
    assert app.select_slider(key="sparse_weight").value == PRESETS["sparse-l1"].config.objective.sparsity_weight
    app.segmented_control(key="sparse_penalty").set_value("KL").run()
    assert app.selectbox(key="sparse_activation").value == "sigmoid"
    app.selectbox(key="sparse_activation").set_value("relu").run()
    assert "choose sigmoid or tanh" in app.error[0].value
    assert app.button(key="sparse_train").disabled
    app.segmented_control(key="sparse_penalty").set_value("Top-k").run()
    app.number_input(key="sparse_k").set_value(500).run()
    assert "at most" in app.error[0].value


@pytest.mark.parametrize("penalty", ["KL", "L1", "Top-k", "None"])
def test_each_penalty_trains_the_run_it_says(penalty: str) -> None:
    app = page(view="Sparsity")
    app.segmented_control(key="sparse_penalty").set_value(penalty).run()
    app.number_input(key="sparse_units").set_value(30)
    app.number_input(key="sparse_epochs").set_value(1)
    app.button(key="sparse_train").click().run()
    assert not app.exception
    (run,) = runs_of(person())
    config = run.config
    assert (config.objective.sparsity, config.code.top_k) == {
        "KL": ("kl", None),
        "L1": ("l1", None),
        "Top-k": ("none", 20),
        "None": ("none", None),
    }[penalty]
    assert (config.code.size, config.epochs) == (30, 1)
    assert tiny.selector(app, "units_of").value == run.token
    assert query(app)["units_of"] == run.token
    stop(run)


# --- layer by layer -------------------------------------------------------------------------------------------------------


def test_a_stacked_run_says_what_each_stage_brought(trained: dict[str, Path]) -> None:
    run, twin = copy_of(trained["stacked"]), copy_of(trained["joint"])
    app = page(view="Layer by layer")
    assert tiny.selector(app, "layers_of").value == run.token
    table = app.dataframe[0].value
    assert list(table["After"]) == [
        "Layer 1",
        "Layer 2",
        "All layers",
        "Classifier",
        "Fine-tuning with labels",
        "All at once: All layers",
        "All at once: Classifier",
        "All at once: Fine-tuning with labels",
    ]
    assert "**Fine-tuning** brought the error from" in words(app)
    assert "**Labels**: a softmax on the frozen code" in words(app)
    assert "The same network all at once" in words(app)
    assert "stack_twin" not in buttons(app)
    (pictures,) = [html.proto.body for html in app.get("html") if "stage-rows" in html.proto.body]
    assert pictures.count("<img") == 5  # the originals, two layers, fine-tuned, all at once
    shutil.rmtree(twin.folder)
    alone = page(view="Layer by layer")
    assert "stack_twin" in buttons(alone)
    assert "The same network all at once" not in words(alone)


def test_only_runs_of_layer_by_layer_are_offered(trained: dict[str, Path]) -> None:
    sparse = copy_of(trained["sparse"])
    app = page(view="Layer by layer", layers_of=sparse.token)
    assert "does not fit here" in words(app)
    assert "No network was trained layer by layer yet" in words(app)


def test_a_stack_and_the_same_all_at_once_are_started_together() -> None:
    app = page(view="Layer by layer", stack_layers="30, 20", stack_layer_epochs="1", stack_epochs="2", stack_labels="0")
    app.slider(key="stack_noise").set_value(0.25)
    app.toggle(key="stack_sparse").set_value(False).run()
    assert "Layer 1 1 → Layer 2 1 → All layers 2" in words(app)
    app.button(key="stack_train").click().run()
    assert not app.exception
    greedy, joint = sorted((run.config for run in runs_of(person())), key=lambda config: config.schedule.kind)
    assert (greedy.architecture.hidden, greedy.code.size) == ((30,), 20)
    assert greedy.corruption.words == "masking 0.25"
    assert greedy.objective.sparsity == "none"
    assert joint == all_at_once(greedy)
    assert joint.total_epochs == greedy.total_epochs == 4
    shown = tiny.selector(app, "layers_of").value
    assert next(run for run in runs_of(person()) if run.config == greedy).token == shown
    stop(*runs_of(person()))


def test_layers_that_are_no_layers_get_a_sentence() -> None:
    app = page(view="Layer by layer")
    for text in ("", "ten", "200-ten", "0-10"):
        app.text_input(key="stack_layers").set_value(text).run()
        assert len(app.error) == 1, text
        assert app.button(key="stack_train").disabled


def test_all_at_once_is_the_same_network_for_as_many_epochs() -> None:
    config = RunConfig().with_settings(
        {
            "architecture.hidden": (20, 10),
            "schedule.kind": "greedy",
            "schedule.layer_epochs": 7,
            "schedule.classifier_epochs": 3,
            "epochs": 5,
        }
    )
    joint = all_at_once(config)
    assert (joint.schedule.kind, joint.epochs, joint.seed) == ("joint", 26, config.seed)
    assert joint.plan == config.plan
    assert joint.total_epochs == config.total_epochs
    assert all_at_once(config.with_settings({"epochs": 500})).epochs == 500


# --- use ------------------------------------------------------------------------------------------------------------------


def kept_probe(run: Run, case: str = "all") -> None:
    weights = digest(run.model_path.read_bytes())
    probe_results.keep(run, replace(PROBE, weights=weights, case=case))  # type: ignore[arg-type]


def test_a_measurement_that_is_kept_is_shown_at_once(trained: dict[str, Path]) -> None:
    run = copy_of(trained["sparse"])
    kept_probe(run)
    app = page(view="Use")
    assert "With **all labels** the features are right for 90.0%, 5.0 points more than raw pixels (85.0%)" in words(app)
    assert "Measure it again, with more or fewer draws" in [expander.label for expander in app.expander]
    assert "Not measured yet" not in words(app)
    table = app.dataframe[0].value
    assert list(table["Labels"]) == ["10", "all 800"]
    assert list(table["Features"]) == ["70.0% ± 14.1", "90.0%"]
    assert len(app.get("plotly_chart")) == 2
    assert query(app)["use_of"] == run.token


def test_what_was_measured_can_be_measured_again_with_more_draws(trained: dict[str, Path], desk: NotedDesk) -> None:
    run = copy_of(trained["sparse"])
    kept_probe(run)
    app = page(view="Use")
    app.number_input(key="use_draws").set_value(30).run()
    app.button(key="measure_probe").click().run()
    (job,) = [job for job in desk.jobs if job.task == "probe"]
    assert job.arguments["draws"] == 30
    assert "With **all labels** the features are right for 90.0%" in words(app), "what there is stays meanwhile"


def test_what_is_not_measured_can_be_by_its_owner_only(trained: dict[str, Path], desk: NotedDesk) -> None:
    run = copy_of(trained["sparse"])
    app = page(view="Use")
    app.button(key="measure_probe").click().run()
    (job,) = [job for job in desk.jobs if job.task == "probe"]
    assert job.arguments == {"run": run.token, "case": "all", "labels": [10, 30, 100, 1000, 0], "draws": 10}
    assert "probe_stop" in buttons(app)
    job.result, job.state = {"json": PROBE.to_json()}, "done"
    assert job.keep is not None
    job.keep(job)
    app.run()
    assert "With **all labels** the features are right for 90.0%" in words(app)
    theirs = copy_of(trained["sparse"], "somebody else")
    other = page(view="Use", use_of=theirs.token)
    assert "Only who made this run can measure it" in words(other)
    assert "measure_probe" not in buttons(other)


def test_a_run_that_saw_some_classes_is_measured_on_the_others(trained: dict[str, Path], desk: NotedDesk) -> None:
    run = copy_of(trained["some"])
    kept_probe(run, "unseen")
    app = page(view="Use")
    assert app.segmented_control(key="use_case").value == "unseen"
    assert "classes that it never saw" in words(app)
    app.segmented_control(key="use_case").set_value("all").run()
    assert "Not measured yet" in words(app)


def test_the_maps_are_drawn_without_being_asked_for_and_once_for_all(trained: dict[str, Path], desk: NotedDesk) -> None:
    run = copy_of(trained["sparse"])
    page(view="Use")
    page(view="Use")
    assert [job.arguments for job in desk.jobs] == [{"run": run.token, "method": "pca"}]
    desk.jobs[0].state, desk.jobs[0].error = "failed", "This run's pictures are gone: train it again."
    app = page(view="Use")
    assert app.error[0].value == "This run's pictures are gone: train it again."
    assert len(desk.jobs) == 1, "what failed is not asked for again and again"
    app.button(key="measure_maps").click().run()
    assert len(desk.jobs) == 2


def test_a_run_in_training_or_without_weights_says_so(trained: dict[str, Path]) -> None:
    run = copy_of(trained["sparse"])
    run.write_status(Status(state="running", step=3, steps=6))
    app = page(view="Use")
    assert "as soon as the training is over" in words(app)
    assert "stop" in buttons(app)
    run.write_status(Status(state="failed", reason="It diverged."))
    run.model_path.unlink()
    assert "has no weights" in words(page(view="Use", use_of=run.token))
    run.write_status(Status(state="interrupted", step=3, steps=6))
    run.resume_path.write_bytes(b"")
    run.live_model_path.write_bytes(b"")
    assert "broke off before its weights were saved" in words(page(view="Use", use_of=run.token))


def test_a_run_of_some_classes_is_trained_from_here() -> None:
    app = page(view="Use", use_epochs="1")
    app.multiselect(key="use_classes").set_value([0, 1, 2, 3, 4, 5, 6, 7, 8]).run()
    assert "Leave at least two classes out" in app.error[0].value
    app.multiselect(key="use_classes").set_value([7, 5]).run()
    assert "800 pictures an epoch" in words(app)
    app.button(key="use_train").click().run()
    assert not app.exception
    (run,) = runs_of(person())
    assert run.config.data.classes == (5, 7)
    assert run.config.objective.sparsity == "kl"
    assert tiny.selector(app, "use_of").value == run.token
    stop(run)


def test_features_of_one_tab_are_used_in_another(trained: dict[str, Path]) -> None:
    run, _ = copy_of(trained["stacked"]), copy_of(trained["sparse"])
    app = page(view="Layer by layer")
    app.button(key="use_these").click().run()
    assert app.session_state["view"] == "Use"
    assert tiny.selector(app, "use_of").value == run.token
    assert "trained with the labels of all its training pictures" in words(app)


# --- settings -------------------------------------------------------------------------------------------------------------


def test_settings_of_the_address_and_of_before_survive_another_page() -> None:
    app = page(view="Sparsity", sparse_rho="0.2")
    assert app.slider(key="sparse_rho").value == 0.2
    app.number_input(key="sparse_units").set_value(77).run()
    app.switch_page(str(ROOT / "pages" / "home.py")).run()
    app.switch_page(PAGE).run()
    app.session_state["view"] = "Sparsity"
    app.run()
    assert app.number_input(key="sparse_units").value == 77
    assert app.slider(key="sparse_rho").value == 0.2


def test_results_of_other_weights_are_not_shown(trained: dict[str, Path]) -> None:
    run = copy_of(trained["sparse"])
    kept_probe(run)
    run.model_path.write_bytes(copy_of(trained["some"]).model_path.read_bytes())
    app = page(view="Use", use_of=run.token)
    assert "Not measured yet" in words(app)
    assert results().get(("probe", run.token, "all", features_use._stamp(run))) is None


def test_a_study_is_kept_with_the_runs() -> None:
    assert str(bottleneck_results._path("a")).startswith(str(runs_root()))
