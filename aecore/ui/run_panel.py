"""One run on a page that trains: its buttons, its live view, what it is compared with, and its test numbers."""

from __future__ import annotations

import re
import time

import streamlit as st

from aecore.config import RunConfig
from aecore.data.catalogue import is_own
from aecore.engine import EngineError
from aecore.presets import Preset
from aecore.run_comparison import setting_text
from aecore.runs import ACTIVE, CHECKPOINTS, Run, Status, find_run, runs_of, shipped
from aecore.starting import Start, find_start
from aecore.test_numbers import TEST_NUMBERS, explanation_of, title_of
from aecore.ui import lesson, problem
from aecore.ui.address import Experiment
from aecore.ui.experiment_state import leave_run, show_run
from aecore.ui.live_view import live_run
from aecore.ui.plain_words import escaped
from aecore.ui.run_config import config_of
from aecore.ui.server import engine, person
from aecore.ui.settings_form import RATES, data_title
from aecore.ui.start_banner import began_with, why_not

_LABELS = {"capacity": "Capacity C"}
"""Terms of the objective whose column says too little."""
_LONGEST_TITLE = 40  # letters of a file's name
_DOUBLE_CLICK = 2.0  # seconds in which a second press of Train with the same settings is taken for the first


def toolbar(experiment: Experiment, config: RunConfig | None, preset: Preset) -> Run | None:
    """Train, pause, step, stop; returns the run on show, None also where its configuration cannot be had any more."""
    run = find_run(experiment.run) if experiment.run else None
    if run is not None and config_of(run) is None:
        run = None
    state = run.status.state if run else ""
    mine = run is not None and run.about.owner == person()
    # Not a callback: a number typed just before the press must count, and callbacks get what the page knew before it.
    if st.button(
        _train_label(run, state, config, find_start(experiment.start)),
        type="primary",
        icon=":material/play_arrow:",
        key="train",
        disabled=config is None or why_not(experiment, config) != "",
    ):
        _train(config, preset, find_start(experiment.start))
    if run is not None and mine:
        buttons(run)
    return run


def buttons(run: Run, also: Run | None = None) -> None:
    """Pause or resume, step, stop: for a run of this person, and for one that goes along with it (which makes no steps)."""
    state = run.status.state
    tokens = (run.token, also.token) if also is not None else (run.token,)
    goes_on = run.resumable or state == "paused"
    # One button under one key, so that the keyboard's focus stays on it.
    st.button(
        "Resume" if goes_on else "Pause",
        icon=":material/resume:" if goes_on else ":material/pause:",
        key="pause",
        disabled=not goes_on and state not in ("preparing", "running"),
        on_click=_do,
        args=("resume" if goes_on else "pause", *tokens),
    )
    if not lesson.hides("step"):
        st.button(
            "Step",
            icon=":material/skip_next:",
            key="step",
            disabled=state not in ("running", "paused"),
            on_click=_do,
            args=("single_step", run.token),
            help="Train on one batch, then wait.",
        )
    active = state in ACTIVE or (also is not None and also.status.state in ACTIVE)
    st.button("Stop", icon=":material/stop:", key="stop", disabled=not active, on_click=_do, args=("stop", *tokens))


def show_problem() -> None:
    """What could not be done when it was last asked for."""
    problem.show()


def live(run: Run | None, config: RunConfig | None, preset: Preset) -> None:
    """The live view of a run, and under it what can be said once it has ended.

    It is there before the first run too: nothing moves when training begins, and the browser has loaded all it needs.
    """
    status = run.status if run is not None else Status(state="ready")
    own = config_of(run) if run is not None else None
    mine = run is not None and run.about.owner == person()
    with st.container(horizontal=True, key="beside_chart"):
        others = _compared(run)
        # L-BFGS finds the length of its steps by itself.
        has_rate = own is not None and own.optimizer.kind != "lbfgs" and not lesson.hides("rate")
        if run is not None and own is not None and mine and has_rate and status.state in ("running", "paused", "preparing"):
            _rate_now(run, own)
    if run is None:
        st.caption("No run yet: what you train appears below.")
    else:
        st.caption(_which(run, config, mine))
        if status.state == "failed" and own is not None and not own.card.bundled and "digits" in status.reason:
            st.button(
                "Use the digits that come with the app", key="use_digits", on_click=_use_digits, icon=":material/offline_bolt:"
            )
    view(run, others, config, f"Press Train and watch. {preset.watch}")


def view(run: Run | None, others: list[Run], config: RunConfig | None, invitation: str) -> None:
    """The live view of a run with the others' curves in its chart, and once it has ended its test numbers and its folder.

    config: what will be trained next, for the room that the view keeps while there is no run.
    """
    status = run.status if run is not None else Status(state="ready")
    shown_config = config if run is None else config_of(run)
    live_run(
        [(shown.token, name_of(shown)) for shown in ([run] if run is not None else []) + others],
        state=status.state,
        key="live",
        nonce=int(status.since * 1000) if run is not None else 0,
        corrupted=shown_config is not None and shown_config.corruption.kind != "none",
        unit=unit_of(shown_config) if shown_config is not None else "",
        invitation=invitation,
        labels=_LABELS,
        stages=shown_config.stages if shown_config is not None else (),
        shape=shown_config.plan.input_shape if shown_config is not None else (1, 28, 28),
    )
    if run is None:
        return
    if status.test is not None and shown_config is not None:
        _test_numbers(status, status.test, shown_config)
    if status.state not in ACTIVE:
        st.caption(f"This run is kept in `{_place(run)}`.")


def _train_label(run: Run | None, state: str, config: RunConfig | None, start: Start | None) -> str:
    if start is not None:
        return f"Train from step {start.step:,}"
    if run is None or config is None:
        return "Train"
    if config_of(run) != config:
        return "Train a copy with these changes"
    return "Train again" if state not in ACTIVE else "Train another"


def _train(config: RunConfig | None, preset: Preset, start: Start | None) -> None:
    if config is None:
        return
    begins = "" if start is None else start.words
    newest = next(iter(runs_of(person())), None)
    just_made = newest is not None and time.time() - newest.about.created < _DOUBLE_CLICK
    is_same = newest is not None and config_of(newest) == config and newest.about.start == begins
    if newest is not None and just_made and is_same and newest.status.state in ACTIVE:
        # The second press of a double click may have cut off the rerun of the first before it could show its run.
        show_run(newest.token, config)
    else:
        try:
            name = run_name(config, preset) + ("" if start is None else f" · from step {start.step:,}")
            show_run(engine().submit(config, owner=person(), name=name, start=start).token, config)
        except EngineError as error:
            problem.note(error)
    st.rerun()


def _do(action: str, *tokens: str) -> None:
    """Ask the engine something of a run, and of others where they are at a point where it can be asked, if this person's."""
    for place, token in enumerate(tokens):
        run = find_run(token)
        if run is None or run.about.owner != person():
            st.session_state["engine_problem"] = "This run belongs to somebody else: train a copy to change it."
            return
        state = run.status.state
        can = {"stop": state in ACTIVE, "pause": state in ("preparing", "running"), "resume": run.resumable or state == "paused"}
        if place > 0 and not can.get(action, False):
            continue
        if place == 0 and len(tokens) > 1 and action == "stop" and state not in ACTIVE:
            continue
        try:
            getattr(engine(), action)(run)
        except EngineError as error:
            st.session_state["engine_problem"] = str(error)


def _rate_now(run: Run, config: RunConfig) -> None:
    """The learning rate of a run that is under way."""
    key = f"rate:{run.token}"
    asked = run.control.learning_rate
    present = config.optimizer.learning_rate if asked is None else asked
    options = sorted({present, st.session_state.get(key, present), *RATES})
    st.session_state.setdefault(key, present)

    def change() -> None:
        rate = st.session_state[key]
        if isinstance(rate, float) and 0 < rate <= 10 and run.about.owner == person():
            engine().set_learning_rate(run, rate)

    st.select_slider(
        "Base learning rate, now",
        options,
        key=key,
        on_change=change,
        format_func=lambda rate: f"{rate:g}",
        width=220,
        help="Changes the run that is under way, from its next step on. The schedule still multiplies it.",
    )


def _compared(run: Run | None) -> list[Run]:
    """The runs that the person wants to see in the same chart."""
    if lesson.hides("compare"):
        return []
    shown = run.token if run is not None else ""
    others = [other for other in (*runs_of(person()), *shipped()) if other.token != shown and config_of(other) is not None]
    if not others:
        return []
    names = {other.token: name_of(other) for other in others[:50]}
    tokens = st.multiselect(
        "Compare with",
        list(names),
        key="compare",
        format_func=lambda token: names.get(token, "a run that is gone"),
        persist_state="session",
        max_selections=8,
        placeholder="Choose runs to lay over the chart",
        help="Losses can be compared where the data and the loss are the same; a total holds the KL term times its β.",
    )
    return [other for other in others if other.token in tokens]


def _test_numbers(status: Status, test: dict[str, float], config: RunConfig) -> None:
    with st.container(horizontal=True, key="test_numbers"):
        for name in TEST_NUMBERS:
            if name in test:
                title, explanation = title_of(name, config), explanation_of(name, config)
                st.metric(title, f"{test[name]:.4g}", help=explanation, border=True, width="content")
    noise = "" if config.corruption.kind == "none" else f" with noise ({config.corruption.words})"
    st.caption(
        f"Measured on {status.test_images:,} test {examples_of(config)} of {config.card.title}{noise} that training never saw, "
        f"after {status.seconds:.1f} s of training at {status.images_per_second:,.0f} {examples_of(config)} a second."
    )


def _which(run: Run, config: RunConfig | None, mine: bool) -> str:
    """Which run is shown, and what may be surprising about it."""
    words = [f"Below: **{escaped(name_of(run))}**.", *filter(None, [began_with(run)])]
    if config is not None and config != config_of(run):
        words.append("The settings have been changed since: they are for the next run.")
    if not mine:
        whose = "This run came with the app" if not run.about.owner else "This run is somebody else's"
        words.append(f"{whose}: you can watch it, and train a copy of your own.")
    return " ".join(words)


def _use_digits() -> None:
    """Put the failed run away, and the bundled data in the place of what could not be had."""
    leave_run({"data.name": "digits", "data.resolution": None, "data.classes": None, "data.train_images": None})


def unit_of(config: RunConfig) -> str:
    """What a run's losses are counted in: “nats a picture”, “squared error a sequence”."""
    return f"{config.objective.unit} a {'sequence' if config.card.is_sequence else 'picture'}"


def examples_of(config: RunConfig) -> str:
    """What a run learns from: “images” or “sequences”."""
    return "sequences" if config.card.is_sequence else "images"


def run_name(config: RunConfig, preset: Preset) -> str:
    """A run's name: its preset, its data, and what was changed, e.g. «vae · digits · size 2»."""
    changes = config.differences(preset.config)
    words = [
        f"{name.rpartition('.')[2].replace('_', ' ')} {setting_text(value)}"
        for name, (value, _) in changes.items()
        if name != "data.name" and not (name.startswith("data.") and value is None)  # all of the data needs no word
    ]
    data = config.data.name
    if is_own(data):
        # As people know it: by its file, without what a page would take for formatting.
        data = re.sub(r"[^\w .()-]+", " ", data_title(data)).strip()[:_LONGEST_TITLE] or "own file"
    return " · ".join([preset.name, data, *words])


def name_of(run: Run) -> str:
    """A run's name, with the time of day where a person made it."""
    about = run.about
    if not about.created or not about.owner:
        return about.name or run.token
    return f"{about.name} ({time.strftime('%H:%M:%S', time.localtime(about.created))})"


def _place(run: Run) -> str:
    """The run's folder as its person finds it: from the app's own folder where it lies there."""
    try:
        return str(run.folder.relative_to(CHECKPOINTS.parent))
    except ValueError:
        return str(run.folder)
