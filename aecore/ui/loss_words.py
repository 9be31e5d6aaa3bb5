"""What the terms of a loss are called, and what the browser is told of a run's stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from aecore.stages import Stage

LABELS = {"softmax": "Classifier", "labels": "With labels"}
EXPLANATIONS = {
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


def described(stages: Sequence[Stage]) -> list[dict[str, object]]:
    """The stages as the browser is told of them; none where there is only one, which needs no name."""
    if len(stages) == 1:
        return []
    return [asdict(stage) | {"name": stage.name, "title": stage.title, "last_step": stage.last_step} for stage in stages]
