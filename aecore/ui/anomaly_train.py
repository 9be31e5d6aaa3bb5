"""The third tab of the Anomalies page: train a detector on normal pictures, sequences, or what a file of one's own holds.

Minute by minute: a person keeps the heartbeats, or takes pictures and says which digit is normal; or drops a CSV, reads what was
understood of it, and corrects that if need be. They press Train, watch the curve and the reconstructions of normal cases, and
press “See what it finds” when that is over: all other cases have been held back for that.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from aecore.anomaly.setting import detector, usual_preset
from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import CARDS, Card, UnknownDataError, card
from aecore.runs import ACTIVE, Run
from aecore.ui import run_panel
from aecore.ui.anomaly_file import FILE, own_series, upload
from aecore.ui.anomaly_runs import DETECTOR, SCORES, TAB, is_ready
from aecore.ui.form_settings import Settings
from aecore.ui.plain_words import escaped
from aecore.ui.run_start import settings_link, start, train_button
from aecore.ui.server import person
from aecore.ui.settings_form import word

_SEQUENCES_FIRST = sorted(CARDS, key=lambda name: not CARDS[name].is_sequence)
_USUAL = "usual"
_NETWORKS = {_USUAL: "Recommended", "convolutional": "Convolutional", "dense": "Dense", "vae": "VAE, dense"}
_FORM = Settings(
    "anomaly",
    {
        "anomaly_data": "heartbeats",
        "anomaly_network": _USUAL,
        "anomaly_epochs": 0,
    },
)


def show(run: Run | None, train_page: str) -> None:
    """The whole tab. `run`: the detector that the page shows; `train_page`: where more can be set."""
    _FORM.come_back()
    st.markdown(
        "The network learns from **normal cases only**. It never sees the others: what it cannot reconstruct later must be "
        "something that it did not learn."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="anomaly_settings"):
        chosen = st.selectbox(
            "Learn from",
            [*_SEQUENCES_FIRST, FILE],
            key="anomaly_data",
            bind="query-params",
            width=210,
            format_func=lambda name: "A file of your own" if name == FILE else CARDS[name].title if name in CARDS else name,
        )
        data = own_series() if chosen == FILE else str(chosen)
        normal = _choose_normal(data)
        network = st.segmented_control(
            "Network",
            list(_NETWORKS),
            default=_USUAL,
            key="anomaly_network",
            bind="query-params",
            required=True,
            format_func=lambda name: _NETWORKS.get(name, name),
        )
        changes = {} if network == _USUAL else _chosen_network(str(network), data)
        epochs = st.number_input(
            "Epochs",
            0,
            500,
            0,
            key="anomaly_epochs",
            bind="query-params",
            width=120,
            help="0: as many as usual for such data.",
        )
    if chosen == FILE:
        data = upload(data)
    config = _configured(data, normal, changes | ({"epochs": int(epochs)} if epochs else {}))
    with st.container(horizontal=True, vertical_alignment="center", key="anomaly_train_toolbar"):
        pressed = train_button("anomaly_train", config)
        if run is not None and run.about.owner == person():
            run_panel.buttons(run)
        if run is not None and is_ready(run):
            st.button("See what it finds", icon=":material/search:", key="anomaly_see", on_click=TAB.ask, args=(SCORES,))
        if config is not None:
            settings_link(config, usual_preset(config.card), train_page)
    if config is not None:
        held = "" if normal is None else ", the other classes are held back"
        st.caption(
            f"{_network_words(config)}: {config.plan.parameters:,} parameters; {config.train_size:,} normal cases an "
            f"epoch{held}; {config.epochs} epochs, {config.total_steps:,} steps."
        )
    run_panel.show_problem()
    _FORM.remember()
    if pressed and config is not None:
        start(DETECTOR, config, usual_preset(config.card))
    mine = run if run is not None and (run.about.owner or run.status.state in ACTIVE) else None
    if mine is not None:
        st.caption(f"Below: **{escaped(run_panel.name_of(mine))}**.")
    run_panel.view(mine, [], config, "Press Train and watch: what it shows are normal cases that it does not train on.")


def _network_words(config: RunConfig) -> str:
    """“1-D convolutions 16-32-32, 24 numbers, squared error”."""
    architecture = config.architecture
    layers = "-".join(map(str, (*(architecture.channels if architecture.kind != "dense" else ()), *architecture.hidden)))
    kind = {"dense": "Dense", "conv1d": "1-D convolutions", "conv2d": "Convolutions"}[architecture.kind]
    code = "VAE, " if config.code.kind == "gaussian" else ""
    loss = word(config.objective.reconstruction).lower()
    return f"{code}{kind if not code else kind.lower()} {layers}, {config.code.size} numbers, {loss}"


def _choose_normal(data: str | None) -> tuple[int, ...] | None:
    """The classes that count as normal; None where nothing is known of classes."""
    found = _card(data)
    if found is None or not found.is_labelled:
        return None
    names = list(found.classes)
    chosen = st.multiselect(
        "Normal",
        names,
        [names[each] for each in found.normal],
        key=f"anomaly_normal_{data}",
        bind="query-params",
        width=260,
        placeholder="Choose what is normal",
        help="What the network learns. Cases of all other classes count as anomalous, and are only used to test it.",
    )
    return tuple(sorted(names.index(each) for each in chosen if each in names))


def _card(data: str | None) -> Card | None:
    if data is None:
        return None
    try:
        return card(data)
    except UnknownDataError as error:
        st.error(str(error), icon=":material/error:")
        return None


def _chosen_network(network: str, data: str | None) -> dict[str, Any]:
    """Controls of a network that is not the recommended one; what they say, by dotted name."""
    found = _card(data)
    is_sequence = found is not None and found.is_sequence
    losses = ["mse", "mae"] if is_sequence else ["mse", "mae", "bce"]
    if st.session_state.get("anomaly_loss", "mse") not in losses:
        st.session_state["anomaly_loss"] = "mse"  # of other data
    loss = st.segmented_control(
        "Loss",
        losses,
        default="mse",
        key="anomaly_loss",
        bind="query-params",
        required=True,
        format_func=word,
        help="What training makes small: absolute error minds single large deviations less.",
    )
    code = st.number_input(
        "Code size",
        1,
        256,
        24,
        key="anomaly_code",
        bind="query-params",
        width=120,
        help="How many numbers a case is squeezed into. With many, anomalies can be copied too; with few, normal cases suffer.",
    )
    changes: dict[str, Any] = {"objective.reconstruction": loss, "code.size": int(code), "code.kind": "vector"}
    if loss == "bce":
        changes["architecture.output"] = "sigmoid"
    if network == "convolutional":
        return changes | {"architecture.kind": "conv1d" if is_sequence else "conv2d"}
    changes |= {"architecture.kind": "dense", "architecture.hidden": (256, 64)}
    return changes | ({"code.kind": "gaussian"} if network == "vae" else {})


def _configured(data: str | None, normal: tuple[int, ...] | None, changes: dict[str, Any]) -> RunConfig | None:
    """What will be trained; None where something is missing or cannot be, which is said."""
    if data is None:
        return None
    try:
        found = card(data)
    except UnknownDataError:
        return None
    if normal == ():
        st.caption("Choose which class, or classes, are normal.")
        return None
    if normal is not None and len(normal) == len(found.classes) > 1:
        st.error("Leave at least one class out: with all of them normal there is no anomaly to find.", icon=":material/error:")
        return None
    try:
        return detector(data, normal, None, changes)
    except ConfigError as error:
        for problem in error.problems:
            st.error(problem, icon=":material/error:")
        return None
