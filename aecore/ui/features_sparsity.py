"""The Sparsity tab of the Features page: what each unit responds to, how much it is used, and what a penalty does to that.

Minute by minute: the sparse network that comes with the app is there at once. A person looks at the units as pictures (strokes,
edges), picks one, sees which digits excite it, and finds ρ in the histogram of mean activations. Then they turn the penalty off,
or move ρ, press Train, and watch: the same pictures form again, stroke by stroke or as blurs, and the histogram moves to ρ.
"""

from __future__ import annotations

import streamlit as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.config_rules import BOUNDED
from aecore.data.catalogue import PICTURES
from aecore.presets import PRESETS, preset
from aecore.runs import ACTIVE, Run
from aecore.ui import lesson, run_panel
from aecore.ui.features_runs import UNITS, USED
from aecore.ui.features_units import features_units
from aecore.ui.form_settings import Settings
from aecore.ui.layer_curves import layer_curves
from aecore.ui.run_choice import whose
from aecore.ui.run_start import settings_link, start, train_button
from aecore.ui.server import person
from aecore.ui.settings_form import word

_PENALTIES = {"KL": "sparse-kl", "L1": "sparse-l1", "Top-k": "overcomplete-sparse", "None": "overcomplete"}
"""What keeps units silent, and the preset that each starts from."""
_KL = preset(_PENALTIES["KL"]).config
_WEIGHTS = tuple(sorted({0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, _KL.objective.sparsity_weight}))
_ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "gelu", "silu", "linear")
_FORM = Settings(
    "sparse",
    {
        "sparse_data": "digits",
        "sparse_units": _KL.code.size,
        "sparse_penalty": "KL",
        "sparse_activation": _KL.code.activation,
        "sparse_rho": _KL.objective.sparsity_target,
        "sparse_weight": _KL.objective.sparsity_weight,
        "sparse_k": 20,
        "sparse_epochs": _KL.epochs,
    },
)


def show(train_page: str) -> None:
    """The whole tab. `train_page` is where more can be set."""
    st.markdown(
        "A **sparse** code has many numbers, few of which are used for any one picture. Each unit then comes to stand for "
        "something that pictures are made of, such as a stroke at one place."
    )
    run = UNITS.choose()
    with st.expander("Train one", icon=":material/play_arrow:"):
        _train(train_page)
    run_panel.show_problem()
    if run is None:
        st.info("There is no network here yet: train one above.", icon=":material/model_training:")
        return
    config = run.config
    st.caption(described(run, config))
    with st.container(horizontal=True, vertical_alignment="center", key="sparse_toolbar"):
        if run.about.owner == person():
            run_panel.buttons(run)
        use_button(run)
        lesson.page_link(train_page, label="See its pictures", icon=":material/model_training:", query_params={"run": run.token})
    if run.about.owner:  # of those that come with the app, how they were trained is not what is asked
        layer_curves(run, name=run_panel.name_of(run), key="sparse_curves")
    usual = 1 if config.schedule.kind == "greedy" else layers_of(config)  # the first that a penalty is on
    depth = choose_layer(config, usual, "sparse_layer")
    features_units(run, depth=depth, target=target_of(config, depth), key="sparse_features")


def layers_of(config: RunConfig) -> int:
    """How many layers of units an encoder has: convolutions, dense ones, and the code."""
    architecture = config.architecture
    convolutions = len(architecture.channels) + bool(architecture.full_size_channels)
    return (convolutions if architecture.kind == "conv2d" else 0) + len(architecture.hidden) + 1


def choose_layer(config: RunConfig, usual: int, key: str) -> int:
    """Which layer's units are shown, at first the `usual` one: a control where there are several. From 1 to the code."""
    depths = layers_of(config)
    if depths == 1:
        return 1
    convolutions = depths - len(config.architecture.hidden) - 1
    depth = st.segmented_control(
        "Units of",
        list(range(1, depths + 1)),
        default=usual,
        key=key,
        bind="query-params",
        required=True,
        format_func=lambda depth: (
            f"Layer {depth}" + (", the code" if depth == depths else ", filters" if depth <= convolutions else "")
        ),
    )
    return int(depth or usual)


def target_of(config: RunConfig, depth: int) -> float | None:
    """ρ, where a layer's mean activations were drawn to it: of the code, and trained layer by layer, of every layer."""
    objective = config.objective
    is_code = depth == layers_of(config)
    if objective.sparsity != "kl" or not (is_code or config.schedule.kind == "greedy"):
        return None
    return objective.sparsity_target


def use_button(run: Run) -> None:
    """Opens the Use tab with this run."""
    active = run.status.state in ACTIVE
    st.button(
        "Use its features",
        icon=":material/school:",
        key="use_these",
        disabled=active or not run.model_path.is_file(),
        on_click=USED.turn_to,
        args=(run.token,),
        help="When the training has ended." if active else "Opens the Use tab: how well do these features tell classes apart?",
    )


def described(run: Run, config: RunConfig) -> str:
    """What the network is, in a line."""
    objective, code = config.objective, config.code
    activation = "" if code.activation == "linear" else f"{word(code.activation).lower()} "
    parts = [f"{code.size:,} {activation}units in the code"]
    if objective.sparsity == "kl":
        parts.append(f"KL sparsity with ρ = {objective.sparsity_target:g}, weight {objective.sparsity_weight:g}")
    elif objective.sparsity == "l1":
        parts.append(f"L1 sparsity, weight {objective.sparsity_weight:g}")
    if code.top_k is not None:
        parts.append(f"of each picture the {code.top_k} largest are kept")
    if objective.contractive:
        parts.append(f"contraction λ = {objective.contractive:g}")
    if len(parts) == 1:
        parts.append("no penalty on them")
    data = config.card.title
    if config.data.classes is not None:
        data += f", classes {', '.join(config.card.classes[each] for each in config.data.classes)} only"
    return f"{'; '.join(parts)}. Trained on {data}. This run {whose(run)}."


def _train(train_page: str) -> None:
    _FORM.come_back()
    base, config = _settings()
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = train_button("sparse_train", config)
        if config is not None:
            settings_link(config, base, train_page)
    _FORM.remember()
    if pressed and config is not None:
        start(UNITS, config, base)


def _settings() -> tuple[str, RunConfig | None]:
    """The controls: the preset that they start from, and the configuration, or None where it cannot be."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = choose_data("sparse_data")
        units = st.number_input(
            "Units",
            1,
            4096,
            _KL.code.size,
            key="sparse_units",
            bind="query-params",
            width=120,
            help="How many numbers the code has.",
        )
        penalty = st.segmented_control(
            "Kept silent by",
            list(_PENALTIES),
            default="KL",
            key="sparse_penalty",
            bind="query-params",
            required=True,
            on_change=_follow_penalty,
            help="KL: each unit's mean activation is drawn to ρ. L1: every activation costs. Top-k: of each picture only the k "
            "largest are kept. None: nothing, for comparison.",
        )
        epochs = st.number_input("Epochs", 1, 500, _KL.epochs, key="sparse_epochs", bind="query-params", width=120)
    penalty = penalty or "KL"
    wanted: dict[str, object] = {"data.name": data, "code.size": units, "epochs": epochs}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        activation = st.selectbox(
            "Activation",
            _ACTIVATIONS,
            key="sparse_activation",
            bind="query-params",
            width=150,
            format_func=word,
            help="KL needs one whose range has two ends: sigmoid or tanh.",
        )
        if penalty == "KL":
            wanted["objective.sparsity_target"] = st.slider(
                "ρ, the wanted mean activation",
                0.01,
                0.5,
                _KL.objective.sparsity_target,
                0.01,
                key="sparse_rho",
                bind="query-params",
                width=230,
            )
        if penalty in ("KL", "L1"):
            wanted["objective.sparsity_weight"] = st.select_slider(
                "Weight",
                _WEIGHTS,
                _KL.objective.sparsity_weight,
                key="sparse_weight",
                bind="query-params",
                width=230,
                format_func=lambda value: f"{value:g}",
            )
        if penalty == "Top-k":
            wanted["code.top_k"] = st.number_input(
                "k", 1, 4096, 20, key="sparse_k", bind="query-params", width=120, help="Units kept for each picture."
            )
    wanted["code.activation"] = activation
    base = _PENALTIES[penalty]
    if penalty == "KL" and activation not in BOUNDED:
        st.error("KL compares mean activations with ρ as shares of a range: choose sigmoid or tanh.", icon=":material/error:")
        return base, None
    return base, configured(base, wanted)


def choose_data(key: str) -> str:
    """Which pictures to learn from."""
    return str(
        st.selectbox(
            "Pictures",
            list(PICTURES),
            key=key,
            bind="query-params",
            width=190,
            format_func=lambda name: PICTURES[name].title if name in PICTURES else name,
            help="Digits and Shapes come with the app; the others are downloaded once, if this server does not have them.",
        )
    )


def configured(base: str, wanted: dict[str, object]) -> RunConfig | None:
    """A preset with these settings, or None and what is wrong with them."""
    assert base in PRESETS
    try:
        return preset(base).config.with_settings(wanted)
    except ConfigError as error:
        for problem in error.problems:
            st.error(problem, icon=":material/error:")
        return None


def _follow_penalty() -> None:
    """Another penalty comes with the activation and the weight that usually go with it."""
    usual = preset(_PENALTIES[st.session_state["sparse_penalty"] or "KL"]).config
    weight = min(_WEIGHTS, key=lambda weight: abs(weight - usual.objective.sparsity_weight))
    _FORM.fill({"sparse_activation": usual.code.activation, "sparse_weight": weight})
