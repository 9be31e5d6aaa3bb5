"""The controls of the code: its kind, and what keeps it to few numbers, few active units or small changes."""

from __future__ import annotations

import streamlit as st

from aecore.ui.settings_form import WEIGHTS, Values, choice, field_of, help_of, key_of, one_of, optional

_BETAS = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0, 64.0, 100.0, 250.0, 1000.0)
_CAPACITIES = (0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0, 250.0, 1000.0)
_GAMMAS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 10_000.0)
_RISES = tuple(place / 10 for place in range(1, 11))
_TARGETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)
_USUAL_SHARE = 20
"""Switched on, k-sparse keeps every so many-th number."""


def code_details(values: Values, kind: str) -> None:
    """All of the code but its size. kind: of the architecture."""
    choice(values, "code.kind")
    if values["code.kind"] == "gaussian":
        values |= {"code.activation": "linear", "code.top_k": None}
        values |= {"objective.sparsity": "none", "objective.contractive": 0.0}
        _regulariser(values)
        return
    values["objective.divergence"] = "kl"
    choice(values, "code.activation")
    _largest_kept(values)
    choice(values, "objective.sparsity")
    if values["objective.sparsity"] != "none":
        if values["objective.sparsity"] == "kl":
            one_of(values, "objective.sparsity_target", _TARGETS)
        one_of(values, "objective.sparsity_weight", WEIGHTS)
    if kind == "dense":
        one_of(values, "objective.contractive", WEIGHTS)
    else:
        values["objective.contractive"] = 0.0


def _largest_kept(values: Values) -> None:
    """A switch for the k-sparse code, and its k."""
    name, size = "code.top_k", max(1, int(values["code.size"] or 1))

    def number() -> None:
        # The most that can be kept moves with the size of the code; Streamlit wants the number inside.
        st.session_state[key_of(name)] = min(st.session_state[key_of(name)], size)
        values[name] = st.number_input(field_of(name).title, 1, size, key=key_of(name), help=help_of(name))

    optional(values, name, "Keep only the largest (k-sparse)", max(1, size // _USUAL_SHARE), number, size)


def _regulariser(values: Values) -> None:
    """What holds a Gaussian code to its prior, and how strongly."""
    choice(values, "objective.divergence")
    if values["objective.divergence"] == "capacity":
        one_of(values, "objective.capacity", _CAPACITIES)
        one_of(values, "objective.gamma", _GAMMAS)
        one_of(values, "objective.capacity_rise", _RISES)
    else:
        one_of(values, "objective.beta", _BETAS)
