"""The stages of a run: which part of the network is trained, and from which step to which. Known before training; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from aecore.config import RunConfig

StageKind = Literal["layer", "whole", "softmax", "labels"]


@dataclass(frozen=True)
class Stage:
    """So many steps of one kind of training.

    - layer: layer number `depth` (from 1) and its mirror in the decoder, as an autoencoder of one hidden layer on what the
      layers below it answer, which are frozen (Bengio et al. 2007, "Greedy layer-wise training of deep networks").
    - whole: all layers together.
    - softmax: a linear classifier on the code; the encoder is frozen.
    - labels: classifier and encoder together; the decoder is frozen.

    `depth` is also how far the network has grown: the layers up to there have been trained when the stage is over.
    """

    kind: StageKind
    depth: int
    first_step: int
    steps: int

    @property
    def name(self) -> str:
        """Also what the stage's own loss is called in the metrics: `layer_1`, …, `whole`, `softmax`, `labels`."""
        return f"layer_{self.depth}" if self.kind == "layer" else self.kind

    @property
    def title(self) -> str:
        """For people."""
        if self.kind == "layer":
            return f"Layer {self.depth}"
        return {"whole": "All layers", "softmax": "Classifier", "labels": "Fine-tuning with labels"}[self.kind]

    @property
    def last_step(self) -> int:
        """The number of steps done when it is over."""
        return self.first_step + self.steps


def stages(config: RunConfig) -> tuple[Stage, ...]:
    """The stages of a run, in order; a run without a schedule of its own has one, the whole."""
    depth = len(config.architecture.hidden) + 1
    schedule, each = config.schedule, config.steps_per_epoch
    epochs: list[tuple[StageKind, int, int]] = []
    if schedule.kind == "greedy":
        epochs += [("layer", layer, schedule.layer_epochs) for layer in range(1, depth + 1)]
    epochs.append(("whole", depth, config.epochs))
    if schedule.classifier_epochs:
        epochs += [("softmax", depth, schedule.classifier_epochs), ("labels", depth, schedule.classifier_epochs)]
    found: list[Stage] = []
    for kind, layer, count in epochs:
        found.append(Stage(kind, layer, found[-1].last_step if found else 0, count * each))
    return tuple(found)


def stage_at(found: tuple[Stage, ...], step: int) -> int:
    """The index of the stage to which the step after `step` belongs; of a run that is over, the last."""
    return next((index for index, stage in enumerate(found) if step < stage.last_step), len(found) - 1)
