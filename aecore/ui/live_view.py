"""The live view of a training run: the browser follows the run on its own, without a rerun of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import streamlit as st

from aecore.stages import Stage
from aecore.ui.components import source

# The files of the browser's side, in the order in which they are joined into one module.
SCRIPTS = (
    "numbers.js",
    "canvas.js",
    "run_feed.js",
    "curve.js",
    "run_stages.js",
    "chart.js",
    "sequences.js",
    "pictures.js",
    "markers.js",
    "scatter.js",
    "live_run.js",
)

STYLES = ("markers.css", "live_run.css", "run_stages.css")

_LABELS = {"softmax": "Classifier", "labels": "With labels"}
_EXPLANATIONS = {
    "loss": "What training makes small: the reconstruction and its penalties, each with its weight. Where layers are trained one "
    "by one, each stage has a loss of its own, and a scale of its own.",
    "reconstruction": "How far the reconstructed pictures are from the originals: through all layers, or where they are trained "
    "one by one, through those that have had their turn.",
    "kl": "Distance of the codes from their prior, in nats a picture.",
    "sparsity": "KL: how far the mean activations are from ρ, summed over the units. L1: the sum of all activations, a picture.",
    "contraction": "Squared norm of the derivative of the code by the picture: how far it moves with the picture.",
    "weight_decay": "Half the sum of all squared weights.",
    "layer": "What this layer loses of its own input when that is restored from the layer's answer alone.",
    "softmax": "Cross-entropy of the classifier on the frozen code, nats a picture.",
    "labels": "Cross-entropy of the classifier while the encoder is fine-tuned with it, nats a picture.",
    "accuracy": "Share of the pictures whose class the classifier names, 0 to 1.",
}
"""What each term of the objective is, by column name without "train_" or "val_"."""

_LIVE_RUN = st.components.v2.component("live_run", html=source("live_run.html"), css=source(*STYLES), js=source(*SCRIPTS))


def live_run(
    runs: Sequence[tuple[str, str]],
    *,
    state: str,
    key: str,
    nonce: int = 0,
    corrupted: bool = False,
    invitation: str = "",
    unit: str = "",
    labels: Mapping[str, str] | None = None,
    stages: Sequence[Stage] = (),
    shape: tuple[int, ...] = (1, 28, 28),
) -> str | None:
    """Show a run while it trains: its losses, its reconstructions and its codes, drawn as they come.

    runs: token and name of each run, none for an empty view; the first is shown in full, the others' losses are laid over
        its chart.
    state: the state of the first run as the page knows it.
    key: the view's identity; the same key keeps what the browser has already fetched.
    nonce: raise it to make the browser fetch everything again, for example after a finished run was resumed.
    corrupted: whether the first run corrupts its input, so that room for the corrupted pictures is kept from the start.
    invitation: what to say while there is no run.
    unit: what the losses of the first run are counted in.
    labels: names to show for terms of the objective, by column name without "train_" or "val_".
    stages: those of the first run, or while there is none of the one to come. More than one are listed, and lie behind its chart.
    shape: (channels, height, width) of the examples of the first run, or while there is none of the one to come; a sequence has
        height 1.
    Returns the first run's new state, once, in the rerun that a change of state causes; None in every other rerun.
    """
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    result = _LIVE_RUN(
        key=key,
        data={
            "base": f"/{base}" if base else "",
            "runs": [{"token": token, "name": name} for token, name in runs],
            "state": state,
            "nonce": nonce,
            "corrupted": corrupted,
            "invitation": invitation,
            "unit": unit,
            "labels": _LABELS | dict(labels or {}),
            "explanations": _EXPLANATIONS,
            "stages": described(stages),
            "shape": list(shape),
        },
        on_state_change=lambda: None,
    )
    new_state: str | None = result.state
    return new_state


def described(stages: Sequence[Stage]) -> list[dict[str, object]]:
    """The stages as the browser is told of them; none where there is only one, which needs no name."""
    if len(stages) == 1:
        return []
    return [asdict(stage) | {"name": stage.name, "title": stage.title, "last_step": stage.last_step} for stage in stages]
