"""The Compare tab through Streamlit's own test runner, with made-up metrics and a desk that only notes what it is asked for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from aecore.disentangle_numbers import GROUPS, UDR
from aecore.runs import SWEEP_FILE, replace_file, runs_root
from aecore.sweeps import Sweep
from aecore.tasks.desk import Job, TooManyJobsError
from aecore.ui import sweep_measuring
from aecore.ui.server import person
from tests.measured_sweep import measure, trained
from tests.tiny import sweep_config


class NotedDesk:
    """Takes jobs and does nothing with them."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.full = False

    def submit(self, task: str, arguments: dict[str, Any], *, owner: str, keep: Callable[[Job], None]) -> Job:
        if self.full:
            raise TooManyJobsError("Too many people are waiting at the moment: try again in a minute.")
        self.jobs.append(Job(task, arguments, [], owner, keep))
        return self.jobs[-1]

    def cancel(self, job: Job) -> None:
        job.state = "cancelled"

    def position(self, job: Job) -> int:
        """How many before it are not over."""
        return sum(not other.over for other in self.jobs[: self.jobs.index(job)])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> NotedDesk:
    noted = NotedDesk()
    monkeypatch.setattr(sweep_measuring, "measuring_desk", lambda: noted)
    return noted


@pytest.fixture
def sweep() -> Sweep:
    """A finished sweep of somebody else's, two βs and two seeds; without any metric."""
    return trained(runs_root() / secrets.token_hex(8))


def give(sweep: Sweep, **changes: object) -> None:
    """Change what the sweep's file says."""
    path = sweep.folder / SWEEP_FILE
    replace_file(path, json.dumps(json.loads(path.read_bytes()) | changes))


def compare(sweep: Sweep) -> AppTest:
    def script(token: str) -> None:
        from aecore.sweeps import find_sweep
        from aecore.ui.sweep_compare import sweep_compare

        found = find_sweep(token)
        assert found is not None
        sweep_compare(found)

    app = AppTest.from_function(script, args=(sweep.token,), default_timeout=60).run()
    assert not app.exception, app.exception
    return app


def again(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.warning, app.subheader)
    return " ".join(element.value for kind in kinds for element in kind)


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def group(app: AppTest, label: str) -> Any:
    """Pills or a segmented control."""
    groups: list[Any] = list(app.get("button_group"))
    return next(one for one in groups if one.label == label)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_before_the_first_run_has_finished() -> None:
    sweep = Sweep.create(sweep_config(), runs_root() / "compare-untrained")
    app = compare(sweep)
    assert "watch them on the Live tab" in words(app)
    assert not app.get("html")


def test_when_no_run_came_to_its_end(desk: NotedDesk, sweep: Sweep) -> None:
    why = "The loss stopped being a finite number at step 7: training diverged."
    for run in sweep.runs:
        run.write_status(type(run.status)(state="failed", reason=why))
    app = compare(sweep)
    assert "none is in training, so there is nothing to compare" in words(app)
    assert "β-VAE, β = 4, seeds 0 and 1: failed (The loss stopped being a finite number at step 7" in words(app)
    run.write_status(type(run.status)(state="running"))
    assert "watch them on the Live tab" in words(again(app))
    assert "1 run is in training or waiting" in words(app)


def test_what_the_columns_mean_is_there_without_a_pointer(desk: NotedDesk, sweep: Sweep) -> None:
    measure(sweep)
    app = compare(sweep)
    (expander,) = [each for each in app.expander if each.label == "What the columns mean"]
    said = " ".join(element.value for element in (*expander.markdown, *expander.caption))
    for group in (*GROUPS, UDR):
        assert f"{group.explanation} {group.paper}." in said
    assert "**Mutual information gap (MIG).**" in said
    assert "learning and test pictures are often the same" in said


def test_a_measured_sweep_is_all_there(desk: NotedDesk, sweep: Sweep) -> None:
    measure(sweep)
    app = compare(sweep)
    assert "β-VAE, from β = 1 to 4 (2 seeds each)" in words(app)
    assert "★ 0.202 ± 0.003" in html(app)
    assert html(app).count("<img") == 6
    assert len(app.get("plotly_chart")) == 13 + 2
    assert [button.proto.label for button in app.get("download_button")] == ["Report (HTML)", "Numbers (CSV)", "Traversals (PNG)"]
    assert "Not measured" not in words(app)
    assert not desk.jobs


def test_another_seed_shows_its_pictures(desk: NotedDesk, sweep: Sweep) -> None:
    measure(sweep)
    app = compare(sweep)
    before = app.get("html")[-1].proto.body
    first, second = sorted({member.seed for member in sweep.members})
    chooser = group(app, "Seed")
    assert list(chooser.options) == [str(first), str(second)]
    chooser.set_value(second)
    again(app)
    assert app.get("html")[-1].proto.body != before


def test_only_some_runs_have_finished(desk: NotedDesk, sweep: Sweep) -> None:
    run = sweep.members[3].run
    run.write_status(type(run.status)(state="stopped"))
    measure(sweep)
    app = compare(sweep)
    assert "3 of 4 runs have finished" in words(app)
    assert "1 seed<" in html(app)
    assert "Not compared: β-VAE, β = 4, seed 1: stopped." in words(app)
    sweep.members[2].run.write_status(type(run.status)(state="failed", reason="The disk is full."))
    again(app)
    assert "No finished run: 1 failed, 1 stopped." in html(app)
    assert "β-VAE, β = 4, seed 0: failed (The disk is full)" in words(app)


def test_others_cannot_measure(desk: NotedDesk, sweep: Sweep) -> None:
    give(sweep, owner="somebody else")
    measure(sweep, ("mig", "sap"))
    app = compare(sweep)
    assert "BetaVAE score" in words(app)
    assert "Only who made this sweep can measure more of it." in words(app)
    assert "Measure" not in labels(app)
    assert not desk.jobs


def test_mig_and_sap_are_measured_by_themselves_and_the_rest_when_asked_for(desk: NotedDesk, sweep: Sweep) -> None:
    give(sweep, owner=person())
    app = compare(sweep)
    (job,) = desk.jobs
    assert (job.task, job.arguments, job.owner) == ("disentangle", {"sweep": sweep.token, "groups": ["mig", "sap"]}, person())
    assert "Stop" in labels(app)
    assert "to stop loses only the run in work" in words(app)
    assert len(app.get("plotly_chart")) == 3  # the page is in use meanwhile
    again(app)
    compare(sweep)  # a reload, or a second tab
    assert len(desk.jobs) == 1

    measure(sweep, ("mig", "sap"))
    job.state = "done"
    again(app)
    chooser = group(app, "Not measured yet")
    assert chooser.options == [each.title for each in GROUPS[2:]] + ["Unsupervised disentanglement ranking"]
    assert len(desk.jobs) == 1
    chooser.set_value(["dci", "beta_vae"])
    again(app)
    assert "4 runs, one after the other. How long it takes is not known yet." in words(app)
    next(button for button in app.button if button.label == "Measure").click()
    again(app)
    assert desk.jobs[1].arguments["groups"] == ["beta_vae", "dci"]
    assert "Stop" in labels(app)


def test_what_was_stopped_or_failed_is_not_started_again_by_itself(desk: NotedDesk, sweep: Sweep) -> None:
    give(sweep, owner=person())
    app = compare(sweep)
    next(button for button in app.button if button.label == "Stop").click()
    again(app)
    assert desk.jobs[0].state == "cancelled"
    assert "Measure" in labels(app)
    desk.jobs[0].state, desk.jobs[0].error = "failed", "The codes are not finite: training diverged perhaps."
    assert "training diverged perhaps" in words(again(app))
    assert len(desk.jobs) == 1
    # MIG and SAP are chosen already; the time is that of the runs that have them.
    member = sweep.finished[0]
    measure(sweep, ("mig", "sap"))
    (member.run.folder / "disentanglement.json").unlink()
    assert "1 run, one after the other: about 2 seconds, as long as it took for other runs of this sweep." in words(again(app))
    assert len(desk.jobs) == 1


def test_others_wait_for_a_sweep_s_measuring_at_its_own_desk_alone(desk: NotedDesk, sweep: Sweep) -> None:
    give(sweep, owner=person())
    for _ in range(2):
        desk.submit("disentangle", {}, owner="others", keep=lambda job: None)
    app = compare(sweep)
    assert "Waiting: 2 other sweeps are measured before this one" in app.get("progress")[0].proto.text
    desk.jobs[0].state = "done"
    assert "Waiting: 1 other sweep is measured before this one" in again(app).get("progress")[0].proto.text
    desk.jobs[1].state = "done"
    assert "Measuring: getting ready" in again(app).get("progress")[0].proto.text
    assert len(desk.jobs) == 3


def test_a_full_desk_says_so(desk: NotedDesk, sweep: Sweep) -> None:
    give(sweep, owner=person())
    desk.full = True
    assert "Too many people are waiting" in words(compare(sweep))
    desk.full = False
    compare(sweep)
    assert len(desk.jobs) == 1


def test_while_runs_are_active_nothing_is_measured(desk: NotedDesk, sweep: Sweep) -> None:
    give(sweep, owner=person())
    run = sweep.members[3].run
    run.write_status(type(run.status)(state="running"))
    assert "as soon as all runs are over" in words(compare(sweep))
    assert not desk.jobs


def test_data_without_factors_says_what_remains(desk: NotedDesk, sweep: Sweep) -> None:
    plain = {"name": "digits", "resolution": None, "factor_steps": None, "train_images": 40}
    config = json.loads((sweep.folder / SWEEP_FILE).read_bytes())["config"]
    config["base"]["data"] = plain
    give(sweep, owner=person(), config=config)
    for run in sweep.runs:
        path = run.folder / "config.json"
        replace_file(path, json.dumps(json.loads(path.read_bytes()) | {"data": plain}))
    app = compare(sweep)
    assert "comes without known factors" in words(app)
    assert group(app, "Not measured yet").options == ["Unsupervised disentanglement ranking"]
    assert html(app).count("<img") == 8
    assert "nats" in html(app)
    assert not desk.jobs
