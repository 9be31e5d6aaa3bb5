"""The controls of the data: which, of which classes and factors, how large and how many."""

from __future__ import annotations

import streamlit as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import CARDS, Card, card, is_own
from aecore.data.shapes import FACTOR_NAMES, FACTOR_SIZES
from aecore.presets import for_data
from aecore.ui import lesson
from aecore.ui.settings_form import (
    DATA_BEFORE,
    MOST_IMAGES,
    Values,
    current,
    data_title,
    field_of,
    fill_factors,
    help_of,
    key_of,
    known_card,
    one_of,
)

_FACTORS, _CLASSES = "data.factor_steps", "data.classes"
_OWN = "data_own"  # the own file that was chosen last in this tab


def choose_data() -> None:
    """The data selector; it stands above the other controls, beside the preset."""
    before = st.session_state.get(DATA_BEFORE)
    present = str(st.session_state[key_of("data.name")])
    if is_own(present):  # from the page of anomalies, or a link
        st.session_state[_OWN] = present
    kept = str(st.session_state.get(_OWN, ""))
    if not lesson.allows("data.name"):
        st.session_state[DATA_BEFORE] = present
        return
    own = [kept] if kept == present or known_card(kept) is not None else []
    name = st.selectbox(
        "Data", [*CARDS, *own], key=key_of("data.name"), format_func=data_title, help=help_of("data.name"), width=210
    )
    chosen = known_card(name)
    if before is not None and before != name and chosen is not None:
        # Other data: all of its training images, of all classes, at its own size.
        st.session_state[key_of(_CLASSES)] = []
        st.session_state[key_of("data.train_images")] = st.session_state[MOST_IMAGES] = chosen.train
        st.session_state[key_of("data.resolution")] = chosen.height
    st.session_state[DATA_BEFORE] = name


def data_details(values: Values) -> None:
    """Size, classes and number of images; whatever is the data's own is stored as such, and stays so when other is chosen."""
    name = str(st.session_state[key_of("data.name")])
    values["data.name"] = name
    chosen = known_card(name)
    if chosen is None:
        return  # not one that the page offers: RunConfig says so
    if len(chosen.resolutions) > 1:
        one_of(values, "data.resolution", chosen.resolutions)
        if values["data.resolution"] == card(name).height:
            values["data.resolution"] = None
    else:
        values["data.resolution"] = None
    values[_FACTORS] = _factors() if chosen.factor_names else None
    # The steps of factors decide which shapes there are; of unlabelled data there is nothing to choose.
    values[_CLASSES] = _classes(chosen) if values[_FACTORS] is None and chosen.is_labelled else None
    try:
        whole = for_data(RunConfig(), {each: values[each] for each in ("data.name", _CLASSES)}).train_size
    except ConfigError:
        whole = chosen.train  # fewer than can be learned from: RunConfig says so
    count = _images(whole)
    values["data.train_images"] = None if count == whole else count


def _images(whole: int) -> int:
    """How many training images, of so many that there are."""
    name = "data.train_images"
    key, before = key_of(name), st.session_state.get(MOST_IMAGES, whole)
    present = int(st.session_state[key])
    # All of them before means all of them now, be they more or fewer.
    st.session_state[key] = whole if present == before else min(max(present, 10), whole)
    st.session_state[MOST_IMAGES] = whole
    if not lesson.allows(name):
        return int(st.session_state[key])
    return int(st.number_input(field_of(name).title, min(10, whole), whole, key=key, help=help_of(name)))


def _classes(chosen: Card) -> tuple[int, ...] | None:
    """The classes to learn from; None for all of them."""
    key, count = key_of(_CLASSES), len(chosen.classes)
    if key not in st.session_state:
        st.session_state[key] = list(current()[_CLASSES] or ())
    if lesson.allows(_CLASSES):
        picked = st.multiselect(
            field_of(_CLASSES).title,
            range(count),
            key=key,
            format_func=lambda index: chosen.classes[index],
            placeholder="All classes",
            help="Learn from images of these classes only. An epoch has as many images as if all classes were equally frequent.",
        )
    else:
        picked = list(st.session_state[key])
    return tuple(sorted(picked)) if 0 < len(picked) < count else None


def _factors() -> tuple[int, ...] | None:
    """How many steps each factor of Shapes has; None for all of them."""
    if f"{key_of(_FACTORS)}.{FACTOR_NAMES[0]}" not in st.session_state:
        fill_factors(current()[_FACTORS])
    if not lesson.allows(_FACTORS):
        kept = tuple(int(st.session_state[f"{key_of(_FACTORS)}.{name}"]) for name in FACTOR_NAMES)
        return None if kept == FACTOR_SIZES else kept
    st.caption(field_of(_FACTORS).title, help=help_of(_FACTORS))
    with st.container(horizontal=True, gap="small"):
        steps = tuple(
            int(st.number_input(name, 1, size, key=f"{key_of(_FACTORS)}.{name}", width=92))
            for name, size in zip(FACTOR_NAMES, FACTOR_SIZES, strict=True)
        )
    return None if steps == FACTOR_SIZES else steps
