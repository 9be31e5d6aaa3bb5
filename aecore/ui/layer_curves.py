"""The loss of each stage of a run in a chart of its own, drawn by the browser while the run trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from aecore.config import RunConfig
from aecore.runs import Run
from aecore.stages import Stage
from aecore.ui.base_path import base_path
from aecore.ui.components import source
from aecore.ui.features_drawing import stage_svg, stage_words

# The files of the browser's side, in the order in which they are joined into one module.
SCRIPTS = (
    "numbers.js",
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "run_feed.js",
    "curve.js",
    "small_chart.js",
    "layer_panel.js",
    "mounting.js",
    "layer_curves.js",
)
STYLES = ("controls.css", "save_chart.css", "layer_curves.css")

_LAYER_CURVES = st.components.v2.component(
    "layer_curves", html=source("layer_curves.html"), css=source(*STYLES), js=source(*SCRIPTS)
)
_RECONSTRUCTION = {
    "bce": "cross-entropy, nats a picture",
    "mse": "squared error a picture",
    "mae": "absolute error a picture",
}
_PENALTIES = {
    "kl": ("Sparsity penalty", "Σ KL(ρ ‖ ρ̂) over the units, nats"),
    "l1": ("Sparsity penalty", "Σ |activation| a picture"),
}


def layer_curves(run: Run, others: Sequence[tuple[Run, str]] = (), *, name: str, key: str) -> str | None:
    """Show a run's losses: for each stage what it trains and its own loss; of a run without stages, each term of its loss.

    Where there are stages, a last chart has the reconstruction error of the network so far, through all of them.
    others: runs, with names, laid over that chart; name: of the run in its legend.
    Returns the run's new state, once, in the rerun that a change of state causes; None in every other rerun.
    """
    config, status = run.config, run.status
    result = _LAYER_CURVES(
        key=key,
        data={
            "base": base_path(),
            "runs": [{"token": run.token, "name": name}, *({"token": other.token, "name": words} for other, words in others)],
            "state": status.state,
            "nonce": int(status.since * 1000),
            "panels": panels(config),
            "course": course(config),
        },
        on_state_change=lambda: None,
    )
    state: str | None = result.state
    return state


def panels(config: RunConfig) -> list[dict[str, Any]]:
    """The small charts: `term` is the columns' name, `first` and `last` the steps that it is of; `svg` and `words` above it."""
    if len(config.stages) > 1:
        return [
            {
                "title": stage.title,
                "term": "loss",
                "first": stage.first_step,
                "last": stage.last_step,
                "unit": _unit(config, stage),
                "svg": stage_svg(config, stage),
                "words": stage_words(config, stage),
            }
            for stage in config.stages
        ]
    objective = config.objective
    terms = [("reconstruction", "Reconstruction", _RECONSTRUCTION[objective.reconstruction])]
    if objective.sparsity != "none":
        terms.append(("sparsity", *_PENALTIES[objective.sparsity]))
    if objective.contractive:
        terms.append(("contraction", "Contraction", "‖∂code/∂picture‖² a picture"))
    if config.code.kind == "gaussian":
        terms.append(("kl", "KL", "nats a picture"))
    whole = {"first": 0, "last": config.total_steps, "svg": "", "words": ""}
    return [{"title": words, "term": term, "unit": unit, **whole} for term, words, unit in terms]


def course(config: RunConfig) -> dict[str, Any] | None:
    """The last chart, through all stages: its `unit`, and the stages' titles with the epochs in which they begin."""
    if len(config.stages) == 1:
        return None
    per_epoch = config.steps_per_epoch
    marks = [{"at": stage.first_step / per_epoch, "title": stage.title} for stage in config.stages]
    return {"unit": _RECONSTRUCTION[config.objective.reconstruction], "marks": marks, "epochs": config.total_epochs}


def _unit(config: RunConfig, stage: Stage) -> str:
    if stage.kind in ("softmax", "labels"):
        return "cross-entropy of the class, nats"
    if stage.kind == "whole" or stage.depth == 1:
        return _RECONSTRUCTION[config.objective.reconstruction] + (", penalties added" if _penalised(config) else "")
    return f"error in the answers of layer {stage.depth - 1}" + (", penalties added" if _penalised(config) else "")


def _penalised(config: RunConfig) -> bool:
    objective = config.objective
    gaussian = config.code.kind == "gaussian"
    return gaussian or objective.sparsity != "none" or bool(objective.contractive) or bool(objective.weight_decay)
