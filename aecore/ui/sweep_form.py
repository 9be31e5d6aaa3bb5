"""The settings of a sweep as controls: which data, which values, which network.

Every control is bound to the address, under the names in :data:`_KEYS` and :data:`_FACTORS`: a link makes the same sweep.
"""

from __future__ import annotations

import streamlit as st

from aecore.config import RunConfig, bounds, choices
from aecore.config_errors import ConfigError
from aecore.data.catalogue import PICTURES
from aecore.data.shapes import FACTOR_NAMES, FACTOR_SIZES
from aecore.sweep_choices import ARCHITECTURES, DATA, MINUTE, SHAPES, Choices, spread, text_of, values_of
from aecore.sweep_config import NAMES, OBJECTIVES
from aecore.ui.settings_form import RATES, word
from aecore.ui.sweep_pictures import show_pictures

_KEYS = {
    "data": "pictures",
    "resolution": "pixels",
    "objectives": "objectives",
    "betas": "betas",
    "capacities": "capacities",
    "gamma": "gamma",
    "seeds": "seeds",
    "architecture": "net",
    "code_size": "numbers",
    "steps": "steps",
    "batch_size": "batch",
    "learning_rate": "rate",
    "schedule": "rates",
    "activation": "activation",
    "first_seed": "first_seed",
}
"""By field of `Choices`, the key of its control, which is also its name in the address; no other page uses these."""
_FACTORS = tuple(f"steps_{name}" for name in FACTOR_NAMES)
_VALUES = ("betas", "capacities")  # which are written as text
_LEFT = "sweep_left"  # what the controls said last, for the person who comes back from another page
_VISIT = "sweep_visit"  # the visit to this page in which they were shown last
_BATCHES = (16, 32, 64, 128, 256, 512)
_MOST_STEPS = 1_000_000


def chosen_settings() -> tuple[dict[str, object], list[str]]:
    """Show all controls: what they say by field of :class:`~aecore.sweep_choices.Choices`, and what is wrong with it."""
    with st.container(border=True):
        objectives, problems, values = _objectives()
    with st.container(border=True):
        data, resolution, factors = _data()
    with st.container(border=True):
        network = _network()
    with st.expander("More settings"):
        more = _more("capacity" in objectives)
    given = {"data": data, "resolution": resolution, "factors": factors, "objectives": objectives}
    return given | values | network | more, problems


def come_back() -> None:
    """Make the controls say what they said when this page was left, unless the address names settings; before they are shown.

    Streamlit does so too, but it forgets them where the page was left while it was being drawn.
    """
    visit = st.session_state["visit"]
    if st.session_state.get(_VISIT) != visit and not any(key in st.query_params for key in _usual()):
        st.session_state.update(st.session_state.get(_LEFT, {}))
    st.session_state[_VISIT] = visit
    _keep()


def remember() -> None:
    """A control that has not been shown yet gets into the address with its first change only where its value is known before."""
    for key, value in _usual().items():
        st.session_state.setdefault(key, value)


def fill(chosen: Choices) -> None:
    """Make the controls say this; from a callback."""
    st.session_state.update(_said(chosen))
    _keep()


def _keep() -> None:
    left: dict[str, object] = st.session_state.setdefault(_LEFT, {})
    left.update({key: st.session_state[key] for key in _usual() if key in st.session_state})


def _usual() -> dict[str, object]:
    return _said(MINUTE)


def _said(chosen: Choices) -> dict[str, object]:
    """Choices as the controls have them, by key."""
    values = {key: getattr(chosen, field) for field, key in _KEYS.items()}
    texts = {_KEYS[field]: text_of(getattr(chosen, field)) for field in _VALUES}
    lists = {_KEYS["objectives"]: list(chosen.objectives)}
    return values | texts | lists | dict(zip(_FACTORS, chosen.factors, strict=True))


# --- the groups of controls ---------------------------------------------------------------------------------------------


def _data() -> tuple[str, int, tuple[int, ...]]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = st.selectbox(
            "Data",
            DATA,
            key=_KEYS["data"],
            bind="query-params",
            width=210,
            format_func=lambda name: PICTURES[name].title if name in PICTURES else name,
            help=_help("data.name"),
        )
        resolution = MINUTE.resolution
        if data == SHAPES:
            resolution = st.segmented_control(
                _title("data.resolution"),
                sorted(PICTURES[SHAPES].resolutions),
                default=MINUTE.resolution,
                key=_KEYS["resolution"],
                bind="query-params",
                required=True,
                format_func=lambda pixels: f"{pixels}×{pixels}",
                help="64×64 is what papers use; 32×32 trains several times faster and shows the same.",
            )
    factors = MINUTE.factors
    if data == SHAPES:
        with st.container(horizontal=True, key="sweep_factors"):
            factors = tuple(
                int(
                    st.slider(
                        f"{name.capitalize()}: steps",
                        1,
                        size,
                        usual,
                        key=key,
                        bind="query-params",
                        width=170,
                        help="How many values it takes, evenly over its range. 1 holds it fixed.",
                    )
                )
                for name, size, usual, key in zip(FACTOR_NAMES, FACTOR_SIZES, MINUTE.factors, _FACTORS, strict=True)
            )
    show_pictures(data, int(resolution or MINUTE.resolution), factors)
    return data, int(resolution or MINUTE.resolution), factors


def _objectives() -> tuple[tuple[str, ...], list[str], dict[str, object]]:
    """The objectives, what is wrong with their values, and these values by field of `Choices`."""
    objectives = tuple(
        st.pills(
            "Objectives",
            OBJECTIVES,
            selection_mode="multi",
            default=list(MINUTE.objectives),
            key=_KEYS["objectives"],
            bind="query-params",
            format_func=lambda name: NAMES.get(name, name),
            help="β-VAE: β·KL. β-TCVAE: β on the total correlation only. Capacity: γ·|KL − C| with a C that rises.",
        )
    )
    problems: list[str] = []
    values: dict[str, object] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if set(objectives) != {"capacity"}:
            _values("betas", "β", "Weights to compare, 2 to 8 of them. 1 is the plain VAE.", problems, values)
        if "capacity" in objectives:
            _values("capacities", "C", "Nats that the code may carry in the end, 2 to 8 values.", problems, values)
        values["seeds"] = int(
            st.number_input(
                "Seeds for each value",
                1,
                10,
                MINUTE.seeds,
                key=_KEYS["seeds"],
                bind="query-params",
                width=170,
                help="Runs that differ in all that is random. With three you see how much is chance.",
            )
        )
    return objectives, problems, values


def _values(field: str, symbol: str, explanation: str, problems: list[str], values: dict[str, object]) -> None:
    usual: tuple[float, ...] = getattr(MINUTE, field)
    key = _KEYS[field]
    text = st.text_input(
        f"Values of {symbol}", text_of(usual), max_chars=100, key=key, bind="query-params", width=260, help=explanation
    )
    with st.popover("Range", icon=":material/linear_scale:", key=f"{key}_popover"):
        first = st.number_input("From", 0.0, 1000.0, float(min(usual)), key=f"{key}_from")
        last = st.number_input("To", 0.0, 1000.0, float(max(usual)), key=f"{key}_to")
        count = st.number_input("How many", 2, 8, 5, key=f"{key}_count")
        growing = st.toggle("Growing by a factor", value=field == "betas", key=f"{key}_growing")
        try:
            made = text_of(spread(float(first), float(last), int(count), doubling=growing))
        except ConfigError as error:
            st.error(error.problems[0], icon=":material/error:")
        else:
            st.button(f"Use {made}", key=f"{key}_use", on_click=st.session_state.__setitem__, args=(key, made))
    try:
        values[field] = values_of(text, symbol)
    except ConfigError as error:
        problems += error.problems


def _network() -> dict[str, object]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        architecture = st.segmented_control(
            "Network",
            list(ARCHITECTURES),
            default=MINUTE.architecture,
            key=_KEYS["architecture"],
            bind="query-params",
            required=True,
            format_func=lambda name: ARCHITECTURES[name][0] if name in ARCHITECTURES else name,
            help="Burgess 2018: the convolutional network of Burgess et al., as in most papers on disentangling. Small: the same "
            "with fewer filters and units. Dense: every unit sees every pixel; trains several times faster.",
        )
        code_size = _number("code_size", "code.size", 130)
        steps = st.number_input(
            "Steps",
            1,
            _MOST_STEPS,
            MINUTE.steps,
            step=100,
            key=_KEYS["steps"],
            bind="query-params",
            width=140,
            help="Training steps of each run. The nearest number of whole passes through the pictures is taken.",
        )
    return {"architecture": architecture, "code_size": code_size, "steps": int(steps)}


def _more(capacity: bool) -> dict[str, object]:
    values: dict[str, object] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if capacity:
            values["gamma"] = _number("gamma", "objective.gamma", 130)
        values["batch_size"] = _one_of("batch_size", "batch_size", _BATCHES)
        values["learning_rate"] = _one_of("learning_rate", "optimizer.learning_rate", RATES)
        values["schedule"] = _choice("schedule", "optimizer.schedule")
        values["activation"] = _choice("activation", "architecture.activation")
        values["first_seed"] = _number("first_seed", "seed", 140)
    return values


# --- one kind of control each -------------------------------------------------------------------------------------------


def _number(field: str, name: str, width: int) -> float | int:
    usual = getattr(MINUTE, field)
    least, most = (None if bound is None else type(usual)(bound) for bound in bounds(name))
    return st.number_input(  # type: ignore[no-any-return]
        _title(name), least, most, usual, key=_KEYS[field], bind="query-params", width=width, help=_help(name)
    )


def _one_of(field: str, name: str, options: tuple[float, ...]) -> float:
    return st.select_slider(  # type: ignore[no-any-return]
        _title(name),
        options,
        getattr(MINUTE, field),
        key=_KEYS[field],
        bind="query-params",
        width=200,
        format_func=lambda value: f"{value:g}",
        help=_help(name),
    )


def _choice(field: str, name: str) -> str:
    options = choices(name)
    usual = options.index(getattr(MINUTE, field))
    return str(
        st.selectbox(
            _title(name), options, usual, key=_KEYS[field], bind="query-params", width=170, format_func=word, help=_help(name)
        )
    )


def _title(name: str) -> str:
    return str(RunConfig.settings()[name].title)


def _help(name: str) -> str:
    return str(RunConfig.settings()[name].description)
