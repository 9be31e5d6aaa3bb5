"""The Train tab of the Denoise page: a denoising network, and beside it the same network trained without noise."""

from __future__ import annotations

import time

import streamlit as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.config_sections import NOISE_KINDS
from aecore.data.catalogue import PICTURES
from aecore.engine import EngineError
from aecore.presets import PRESETS, preset
from aecore.runs import ACTIVE, Run, find_run, runs_of
from aecore.ui import address, lesson, problem, run_panel
from aecore.ui.denoise_networks import KEY as NETWORKS
from aecore.ui.denoise_networks import MOST
from aecore.ui.plain_words import escaped
from aecore.ui.server import engine, person
from aecore.ui.settings_form import word

TAB = "tab"
_PRESETS = {"dense": "denoising-gaussian", "conv2d": "denoising-convolutional"}
_RUN = "denoise_run"  # the token of the run that was started last in this tab
_LOOKED_AT = 20  # newest runs of the person among which the one to show is looked for
_DOUBLE_CLICK = 2.0  # seconds in which a second press of Train is taken for the first


def show(train_page: str, corrupt_tab: str) -> None:
    """The whole tab. `train_page` is where more can be set; `corrupt_tab` where the result is tried out."""
    st.markdown(
        "The network is given the **noisy** picture and asked for the **clean** one. Copying what it gets would be wrong, so it "
        "has to learn what digits look like. The same network trained without noise shows the difference."
    )
    base, config = _settings()
    run, plain = _shown()
    with st.container(horizontal=True, vertical_alignment="center", key="toolbar"):
        if st.button("Train", type="primary", icon=":material/play_arrow:", key="train", disabled=config is None):
            _train(config, base)
        if run is not None and run.about.owner == person():
            run_panel.buttons(run, plain)
        ready = [made for made in (run, plain) if made is not None and made.model_path.is_file()]
        st.button(
            "Try it on pictures",
            icon=":material/blur_on:",
            disabled=not ready,
            key="try",
            on_click=_try,
            args=([made.token for made in (run, plain) if made is not None], corrupt_tab),
            help="Opens the Corrupt tab with what you have trained." if ready else "When the training has ended.",
        )
        if config is not None:
            query = address.write(address.Experiment(config, base))
            lesson.page_link(train_page, label="All settings", icon=":material/tune:", query_params=query)
    run_panel.show_problem()
    if run is not None:
        beside = "" if plain is None else " In the chart beside it: the same network without noise."
        st.caption(f"Below: **{escaped(run_panel.name_of(run))}**.{beside}")
    run_panel.view(
        run,
        [plain] if plain is not None else [],
        config,
        "Press Train and watch: above the noisy pictures that the network gets, below what it makes of them.",
    )


def _settings() -> tuple[str, RunConfig | None]:
    """The controls; returns the preset that they start from, and the configuration or None where it cannot be."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="denoise_settings"):
        data = st.selectbox(
            "Data", list(PICTURES), key="data", bind="query-params", width=210, format_func=lambda name: PICTURES[name].title
        )
        kind = st.segmented_control(
            "Network", list(_PRESETS), default="dense", key="network", bind="query-params", required=True, format_func=word
        )
        noise = st.selectbox("Noise", [*NOISE_KINDS, "mixed"], key="noise", bind="query-params", width=190, format_func=word)
        levels = st.slider(
            "Levels",
            0.0,
            1.0,
            (0.0, 0.6),
            0.05,
            key="levels",
            bind="query-params",
            width=230,
            help="Each training picture gets a level of its own from this range, so that one network serves them all. Put both "
            "ends together for one fixed level. Gaussian: σ; the others: the share of pixels hit.",
        )
        epochs = st.number_input("Epochs", 1, 500, 20, key="epochs", bind="query-params", width=120)
        st.toggle(
            "Also without noise",
            value=True,
            key="also_plain",
            bind="query-params",
            help="Trains the same network a second time without noise, to compare with.",
        )
    base = _PRESETS[kind or "dense"]
    low, high = levels
    if high == 0:
        st.error("Without noise there is nothing to learn from: move the right end of the levels up.", icon=":material/error:")
        return base, None
    wanted = {
        "data.name": data,
        "corruption.kind": noise,
        "corruption.level": high,
        "corruption.level_from": low if low < high else None,
        "epochs": epochs,
    }
    try:
        return base, preset(base).config.with_settings(wanted)
    except ConfigError as error:
        for problem in error.problems:
            st.error(problem, icon=":material/error:")
        return base, None


def _train(config: RunConfig | None, base: str) -> None:
    if config is None:
        return
    try:
        st.session_state[_RUN] = (_just_made(config) or _submit(config, base)).token
        plain = _without_noise(config)
        if st.session_state["also_plain"] and not _made_before(plain):
            _submit(plain, base)
    except EngineError as error:
        problem.note(error)
    st.rerun()


def _submit(config: RunConfig, base: str) -> Run:
    return engine().submit(config, owner=person(), name=run_panel.run_name(config, PRESETS[base]))


def _made_before(config: RunConfig) -> bool:
    """Whether the person has this run already, ended well or under way: the same settings make the same run again."""
    return any(run.config == config and run.status.state in (*ACTIVE, "finished") for run in runs_of(person())[:_LOOKED_AT])


def _just_made(config: RunConfig) -> Run | None:
    """The run of the first press of a double click, whose rerun the second press has cut off."""
    for run in runs_of(person())[:2]:
        if run.config == config and run.status.state in ACTIVE and time.time() - run.about.created < _DOUBLE_CLICK:
            return run
    return None


def _shown() -> tuple[Run | None, Run | None]:
    """The denoiser on show and the same network without noise: those started here, else the newest that this person made so.

    So a reload, a second tab and the way back show what was there.
    """
    mine = [run for run in runs_of(person()) if address.preset_of(run) in _PRESETS.values()][:_LOOKED_AT]
    configs = {run.token: run.config for run in mine}
    token = st.session_state.get(_RUN)
    run = find_run(token) if token else next((run for run in mine if configs[run.token].corruption.kind != "none"), None)
    if run is None:
        return None, None
    wanted = _without_noise(run.config)
    twins = [other for other in mine if configs[other.token] == wanted]
    return run, next((other for other in twins if other.status.state in (*ACTIVE, "finished")), twins[0] if twins else None)


def _without_noise(config: RunConfig) -> RunConfig:
    """The same experiment with clean inputs; one and the same whatever the noise was."""
    usual = RunConfig().corruption
    return config.with_settings({"corruption.kind": "none", "corruption.level": usual.level, "corruption.level_from": None})


def _try(tokens: list[str], corrupt_tab: str) -> None:
    """Open the Corrupt tab with these networks, those that have weights by now, and as many of those chosen as fit beside."""
    tokens = [token for token in tokens if (run := find_run(token)) is not None and run.model_path.is_file()]
    before = [token for token in st.session_state.get(NETWORKS, []) if token not in tokens]
    st.session_state[NETWORKS] = [*tokens, *before][:MOST]
    st.session_state[TAB] = corrupt_tab
