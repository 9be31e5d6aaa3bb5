"""The Disentangle page through the entry script, without a browser: setting up, choosing and steering sweeps."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aecore.data.catalogue import CARDS
from aecore.data.shape_grid import Grid
from aecore.data.shapes import FACTOR_SIZES
from aecore.runs import Run, Status, runs_root
from aecore.set_aside import deleted
from aecore.sweep_choices import MINUTE, PRESETS, text_of
from aecore.sweep_estimate import configs_to_measure, speed_key
from aecore.sweeps import Sweep, find_sweep, new_sweep, sweeps_of
from aecore.ui import sweep_measuring, sweep_time
from aecore.ui.measuring import results
from aecore.ui.server import engine, measuring_desk, person, task_desk
from tests.server import ROOT, wait_for
from tests.test_sweep_compare import NotedDesk
from tests.tiny import selector, sweep_config

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
PAGE = str(ROOT / "pages" / "disentangle.py")
TINY = {
    "steps_shape": "1",
    "steps_scale": "3",
    "steps_rotation": "1",
    "steps_x": "8",
    "steps_y": "8",
    "betas": "1, 4",
    "numbers": "3",
    "steps": "20",
}


@pytest.fixture(autouse=True)
def _only_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No sweep comes with the app or is left from another test; and nobody measures the machine's speed."""
    monkeypatch.setattr("aecore.ui.sweep_choice.shipped_sweeps", list)
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    monkeypatch.setattr("aecore.ui.sweep_setup.show_time", lambda config: None)


@pytest.fixture(scope="module", autouse=True)
def _all_processes_end() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()
    for desk in (task_desk, measuring_desk):
        desk().close()
        desk.cache_clear()


def page(**query: str | list[str]) -> AppTest:
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


def start(app: AppTest) -> str:
    return str(app.button(key="sweep_go").label)


def buttons(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def sweep_of_mine(state: str = "finished", owner: str | None = None, **values: object) -> Sweep:
    """A sweep whose runs say that they are in this state, though nobody trains them."""
    sweep = new_sweep(sweep_config(**values), owner=person() if owner is None else owner, name="Made for a test")
    for run in sweep.runs:
        run.write_status(Status(state=state, step=3, steps=6, seconds=3.0))
    return sweep


# --- set up -------------------------------------------------------------------------------------------------------------


def test_without_any_sweep_one_can_be_set_up() -> None:
    app = page()
    assert app.title[0].value == "Disentangle"
    assert start(app) == "Start 3 runs"
    assert "1,536 different pictures" in words(app)
    assert "There is no sweep yet" in words(app)
    assert query(app) == {}, "what is usual is not in the address"


def test_no_tab_needs_torch_in_the_server() -> None:
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        "from aecore.sweeps import new_sweep\nfrom aecore.ui.server import person\nfrom aecore.sweep_choices import Choices\n"
        "token = new_sweep(Choices().config(), owner=person()).token\n"
        f"app = AppTest.from_file({ENTRY!r}, default_timeout=60).run()\n"
        "for tab in ('Set up', 'Live', 'Compare'):\n"
        f"    app.switch_page({PAGE!r})\n"
        "    app.query_params['view'] = tab\n"
        "    app.query_params['sweep'] = token\n"
        "    app.run()\n"
        "    assert not app.exception\n"
        "print('torch' in sys.modules or 'torchvision' in sys.modules)\n"
        "from aecore.ui.server import task_desk\ntask_desk().close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split()[-1] == "False"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_the_controls_and_its_address_opens_the_same(name: str) -> None:
    app = page()
    app.button(key=f"sweep_preset_{name}").click().run()
    assert not app.exception
    assert not app.error
    chosen = PRESETS[name][2]
    config = chosen.config()
    assert start(app) == f"Start {len(config.members)} runs"
    assert f"{config.base.total_steps:,} steps each" in words(app)
    assert app.text_input(key="betas").value == text_of(chosen.betas)
    again = page(**app.query_params)
    assert start(again) == start(app)
    assert again.number_input(key="steps").value == chosen.steps
    assert again.segmented_control(key="net").value == chosen.architecture


def test_an_address_opens_its_whole_set_up() -> None:
    app = page(**TINY, seeds="3")
    assert start(app) == "Start 6 runs"
    assert "192 different pictures" in words(app)
    learned, _, test = Grid((1, 3, 1, 8, 8)).split_sizes(20_000, 2_000, 2_000)
    assert f"20 steps each: once through 1,280 pictures ({learned} different ones), 64 a step." in words(app)
    assert f"Held out for the test: {test}." in words(app)
    assert {name: query(app)[name] for name in ("betas", "seeds", "steps_scale")} == {
        "betas": "1, 4",
        "seeds": "3",
        "steps_scale": "3",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", "-4"),
        ("steps", "many"),
        ("pictures", "cats"),
        ("pixels", "48"),
        ("net", "rnn"),
        ("numbers", "0"),
        ("seeds", "99"),
    ],
)
def test_what_an_address_says_wrongly_is_as_usual(name: str, value: str) -> None:
    app = page(**{name: value})
    assert start(app) == "Start 3 runs"
    assert not app.button(key="sweep_go").disabled


@pytest.mark.parametrize(
    ("key", "value"),
    [("steps", 10**12), ("net", "evil"), ("numbers", -3), ("betas", "1, 2" * 200), ("steps_x", 99)],
)
def test_values_that_only_a_changed_browser_can_send_start_nothing(key: str, value: object) -> None:
    app = page()
    app.session_state[key] = value
    app.run()
    assert not app.exception
    if not app.button(key="sweep_go").disabled:  # put right, then
        assert start(app) == "Start 3 runs"
        assert f"{MINUTE.config().base.total_steps:,} steps each" in words(app)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1, x", "“x” is no number"),
        ("2", "these are 1"),
        ("1, 1", "must differ"),
        ("1, 2000", "at most 1000"),
        ("", "no value of β"),
    ],
)
def test_wrong_values_are_explained_and_cannot_be_started(text: str, says: str) -> None:
    app = page()
    app.text_input(key="betas").set_value(text).run()
    assert says in app.error[0].value
    assert app.button(key="sweep_go").disabled
    app.text_input(key="betas").set_value("1, 3").run()
    assert not app.error
    assert start(app) == "Start 2 runs"


def test_a_range_of_values_is_written_into_the_field() -> None:
    app = page()
    app.number_input(key="betas_to").set_value(8.0).run()
    app.number_input(key="betas_count").set_value(4).run()
    app.button(key="betas_use").click().run()
    assert app.text_input(key="betas").value == "1, 2, 4, 8"
    app.toggle(key="betas_growing").set_value(False).run()
    app.number_input(key="betas_from").set_value(9.0).run()
    assert "goes up" in app.error[0].value
    assert start(app) == "Start 4 runs"


def test_objectives_bring_their_values_along() -> None:
    app = page()
    assert "capacities" not in {element.key for element in app.text_input}
    app.pills(key="objectives").set_value(["kl", "capacity"]).run()
    assert start(app) == f"Start {len(MINUTE.betas) + len(MINUTE.capacities)} runs"
    assert app.number_input(key="gamma").value == MINUTE.gamma
    app.pills(key="objectives").set_value(["capacity"]).run()
    assert "betas" not in {element.key for element in app.text_input}
    assert start(app) == f"Start {len(MINUTE.capacities)} runs"
    app.pills(key="objectives").set_value([]).run()
    assert "at least one objective" in app.error[0].value


def test_factors_that_make_too_few_pictures_are_explained() -> None:
    app = page()
    for key in ("steps_scale", "steps_x"):
        app.slider(key=key).set_value(1).run()
    app.slider(key="steps_y").set_value(4).run()
    with pytest.raises(ValueError, match="are needed") as error:
        Grid((1, 1, 1, 1, 4))
    assert app.warning[0].value == str(error.value)
    assert app.button(key="sweep_go").disabled


def test_data_without_factors_says_what_that_rules_out() -> None:
    app = page()
    app.selectbox(key="pictures").set_value("digits").run()
    assert "Nobody knows the factors of Digits" in words(app)
    assert "Mutual information gap" in words(app)
    assert not {str(slider.key) for slider in app.slider} & {f"steps_{name}" for name in ("x", "y", "scale")}
    assert not app.button(key="sweep_go").disabled
    app.selectbox(key="pictures").set_value("fashion-mnist").run()
    assert "fetched when the first sweep on them starts" in words(app)


def test_all_factors_are_the_usual_shapes() -> None:
    app = page(
        **{f"steps_{name}": str(size) for name, size in zip(("shape", "scale", "rotation", "x", "y"), FACTOR_SIZES, strict=True)}
    )
    assert "737,280 different pictures" in words(app)
    assert "different ones" not in words(app), "all that are learned from differ"
    assert "Held out for the test: 2,000." in words(app)
    app.selectbox(key="pictures").set_value("digits").run()
    assert f"Held out for the test: {CARDS['digits'].test:,}." in words(app)


# --- start --------------------------------------------------------------------------------------------------------------


def test_start_shows_the_sweep_live_and_a_double_click_makes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aecore.ui.sweep_setup._DOUBLE_CLICK", 60.0)  # on a busy machine the second press comes late
    app = page(**TINY)
    app.button(key="sweep_go").click().run()
    assert not app.exception
    token = query(app)["sweep"]
    app.button(key="sweep_go").click().run()
    assert query(app)["sweep"] == token
    (sweep,) = sweeps_of(person())
    assert sweep.token == token
    assert app.session_state["view"] == "Live"
    assert selector(app, "sweep").value == token
    wait_for(lambda: not sweep.active, "its end", limit=120)
    assert {run.status.state for run in sweep.runs} == {"finished"}
    app.run()
    assert "sweep_stop" not in buttons(app), "nothing to steer any more"
    assert start(app) == "Start 2 runs", "the set-up is as it was"


def test_what_the_engine_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from aecore.engine import EngineError

    def refuse(*_: object, **__: object) -> None:
        raise EngineError("You have 2 sweeps training or waiting: stop one, or wait until one has ended.")

    monkeypatch.setattr(engine(), "submit_sweep", refuse)
    app = page(**TINY)
    app.button(key="sweep_go").click().run()
    assert "You have 2 sweeps" in app.error[0].value
    assert sweeps_of(person()) == []
    app.run()
    assert not app.error


# --- choose -------------------------------------------------------------------------------------------------------------


def test_a_sweep_of_a_link_is_shown_also_to_others_but_only_its_owner_steers_it() -> None:
    theirs = sweep_of_mine("running", owner="somebody else")
    app = page(sweep=theirs.token, view="Live")
    assert selector(app, "sweep").value == theirs.token
    assert "somebody else's" in words(app)
    assert "4 runs: 4 in training" in app.get("progress")[0].proto.text
    assert not {"sweep_pause", "sweep_stop"} & buttons(app)


def test_an_address_without_a_sweep_of_this_server_says_so() -> None:
    app = page(sweep="0" * 32)
    assert "not on this server" in words(app)
    mine = sweep_of_mine()
    app = page(sweep="0" * 32)
    assert "not on this server" in words(app)
    assert selector(app, "sweep").value == mine.token


def test_ones_own_sweeps_can_be_chosen_the_newest_first() -> None:
    first, second = sweep_of_mine(), sweep_of_mine("stopped")
    app = page()
    assert selector(app, "sweep").value == second.token
    assert selector(app, "sweep").options[0].endswith(") · stopped")
    selector(app, "sweep").set_value(first.token).run()
    assert query(app)["sweep"] == first.token
    app.query_params["sweep"] = second.token  # as when going back in the browser's history
    app.run()
    assert selector(app, "sweep").value == second.token


def test_the_sweep_of_the_address_stays_where_the_selector_s_answer_cannot_be_read() -> None:
    older, _ = sweep_of_mine(), sweep_of_mine()
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    app.switch_page(PAGE)
    app.session_state["sweep_written"] = older.token  # the page wrote it there; the browser answered with a title of before
    app.query_params["sweep"] = older.token
    app.run()
    assert selector(app, "sweep").value == older.token
    assert query(app)["sweep"] == older.token


def test_who_comes_back_sees_what_is_in_training() -> None:
    running = sweep_of_mine("running")
    sweep_of_mine()
    app = page()
    assert selector(app, "sweep").value == running.token
    assert query(app)["sweep"] == running.token


# --- steer --------------------------------------------------------------------------------------------------------------


def test_pause_all_go_on_stop_all_resume() -> None:
    app = page(**(TINY | {"steps": "1000000"}))
    app.button(key="sweep_go").click().run()
    sweep = find_sweep(query(app)["sweep"])
    assert sweep is not None

    def states() -> set[str]:
        return {run.status.state for run in sweep.runs}

    wait_for(lambda: states() == {"running"}, "all in training", limit=120)
    app.run()
    assert app.button(key="sweep_pause").label == "Pause all"
    app.button(key="sweep_pause").click().run()
    wait_for(lambda: states() == {"paused"}, "all paused")
    app.run()
    assert app.button(key="sweep_pause").label == "Go on"
    app.button(key="sweep_pause").click().run()
    wait_for(lambda: states() == {"running"}, "going on")
    app.run()
    app.button(key="sweep_stop").click().run()
    wait_for(lambda: states() == {"stopped"}, "the stop")
    app.run()
    assert app.button(key="sweep_stop").disabled
    steps = {run.token: run.status.step for run in sweep.runs}
    app.button(key="sweep_pause").click().run()
    wait_for(lambda: all(run.status.step > steps[run.token] for run in sweep.runs), "all resumed where they stood")
    app.run()
    app.button(key="sweep_stop").click().run()
    wait_for(lambda: states() == {"stopped"}, "the end")


def test_why_runs_failed_is_said_once_with_their_names() -> None:
    sweep = sweep_of_mine()
    *others, last = sweep.runs
    last.write_status(Status(state="failed", reason="There is not enough memory."))
    app = page(sweep=sweep.token, view="Live")
    assert [error.value for error in app.error] == ["β-VAE, β = 4, seed 1: There is not enough memory."]
    for run in others:
        run.write_status(Status(state="failed", reason="The loss stopped being a finite number."))
    last.write_status(others[0].status)
    app = page(sweep=sweep.token, view="Live")
    assert [error.value for error in app.error] == [
        "β-VAE, β = 1, seed 0; β-VAE, β = 1, seed 1; β-VAE, β = 4, seed 0 and 1 more: The loss stopped being a finite number."
    ]


def test_runs_that_failed_before_they_saved_anything_go_on_unless_they_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = sweep_of_mine()
    diverged, failed, *_ = sweep.runs
    diverged.write_status(Status(state="failed", reason="The loss stopped being a finite number.", hopeless=True))
    app = page(sweep=sweep.token, view="Live")
    assert app.button(key="sweep_pause").label == "Go on"
    assert app.button(key="sweep_pause").disabled
    failed.write_status(Status(state="failed", reason="There is not enough memory."))
    resumed: list[str] = []
    monkeypatch.setattr(engine(), "resume", lambda run: resumed.append(run.token))
    app = page(sweep=sweep.token, view="Live")
    app.button(key="sweep_pause").click().run()
    assert resumed == [failed.token]


# --- delete -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_ones_own_sweep_that_is_over_can_be_deleted_and_another_is_shown(state: str) -> None:
    kept, gone = sweep_of_mine(), sweep_of_mine(state)
    app = page(sweep=gone.token, view="Live")
    app.button(key="sweep_delete_sure").click().run()
    assert not app.exception
    assert [sweep.token for sweep in sweeps_of(person())] == [kept.token]
    assert query(app)["sweep"] == kept.token
    assert selector(app, "sweep").value == kept.token
    assert not app.warning
    assert [each.token for each in deleted()] == [gone.token]
    app.button(key="sweep_delete_sure").click().run()  # the last one
    assert sweeps_of(person()) == []
    assert not app.exception
    assert not app.warning
    assert {each.token for each in deleted()} == {gone.token, kept.token}  # on the Runs page they can be brought back


def test_only_its_owner_deletes_a_sweep_and_only_when_it_is_over() -> None:
    theirs, running = sweep_of_mine(owner="somebody else"), sweep_of_mine("running")
    for sweep in (theirs, running):
        assert "sweep_delete_sure" not in buttons(page(sweep=sweep.token, view="Live"))
    mine = sweep_of_mine("stopped")
    app = page(sweep=mine.token, view="Live")
    mine.runs[0].write_status(Status(state="running"))  # by another tab, meanwhile
    app.button(key="sweep_delete_sure").click().run()
    assert "still in training" in app.error[0].value
    assert mine.exists


def test_what_is_measured_of_a_deleted_sweep_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = sweep_of_mine()
    desk = NotedDesk()
    monkeypatch.setattr(sweep_measuring, "measuring_desk", lambda: desk)
    app = page(sweep=sweep.token, view="Live")
    sweep_measuring._jobs().start(sweep.token, {}, ("mig",))
    app.button(key="sweep_delete_sure").click().run()
    assert [job.state for job in desk.jobs] == ["cancelled"]


# --- the time -----------------------------------------------------------------------------------------------------------


def test_the_time_is_measured_without_holding_the_page_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("aecore.ui.sweep_choice.shipped_sweeps", list)
    app = page(view="Set up", **TINY)
    assert "Measuring the speed" in words(app)
    assert not app.button(key="sweep_go").disabled

    def known() -> bool:
        app.run()
        return "for 2 runs on" in words(app)

    wait_for(known, "the estimate")
    assert "ms a step" in words(app)
    config = MINUTE.config()
    for run in configs_to_measure(config).values():
        results().put(speed_key(run), "0.01")
    assert "for 3 runs on" in words(page(view="Set up"))


def test_a_measurement_of_the_time_that_was_cancelled_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("aecore.ui.sweep_choice.shipped_sweeps", list)
    desk = NotedDesk()
    monkeypatch.setattr(sweep_time, "task_desk", lambda: desk)
    app = page(view="Set up", numbers="7")
    assert len(desk.jobs) == 1
    desk.full = True
    app.number_input(key="numbers").set_value(8).run()
    assert desk.jobs[0].state == "cancelled"
    assert "when your other measurements have ended" in words(app)
    desk.full = False
    app.number_input(key="numbers").set_value(7).run()
    assert "Measuring the speed" in words(app)
    assert len(desk.jobs) == 2, "as if it had never been asked for"
    desk.jobs[1].state, desk.jobs[1].error = "failed", "this network is too large."
    app.run()
    assert "How long it takes is not known: this network is too large." in words(app)
    assert len(desk.jobs) == 2
    app.text_input(key="betas").set_value("2, 3").run()
    assert len(desk.jobs) == 3, "what failed may work with other settings"


def test_the_time_says_who_else_is_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("aecore.ui.sweep_choice.shipped_sweeps", list)
    for run in configs_to_measure(MINUTE.config()).values():
        results().put(speed_key(run), "0.01")
    other = Run.create(sweep_config().base, runs_root() / ("a" * 32), owner="somebody else")
    other.write_status(Status(state="running"))
    sweep_time._under_way.clear()
    app = page(view="Set up")
    assert re.search(r"Others have [1-9][0-9]* runs? training", words(app))  # other tests may have left some
    other.write_status(Status(state="stopped"))
