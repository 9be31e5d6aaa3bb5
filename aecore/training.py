"""The training loop: a plain generator that knows no files and no screen.

It yields after every batch, so whoever pulls it can pause (stop pulling), single-step (pull once), stop (pull no more),
look at the model or change the learning rate in between. The whole data set is one uint8 tensor; a batch is a slice of a
random permutation, scaled and corrupted with tensor operations; losses stay tensors until somebody reads them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from aecore.config import RunConfig
from aecore.config_rules import LBFGS_HISTORY
from aecore.config_sections import OptimizerConfig
from aecore.corruption import corrupt
from aecore.data.loading import Dataset, Split
from aecore.model import build
from aecore.noise import PixelNoise
from aecore.optimizer_state import pack, undone_if_cut_short, unpack, words_of
from aecore.stage_tasks import Batch, all_names, reconstruction_of, task_of
from aecore.stages import stage_at

Poll = Callable[[], object]
"""Called when there is a moment for it; what it raises ends the work."""

_SEARCHES = 26
"""Evaluations of the loss that one step of L-BFGS may cost, torch's usual 25 for its search among them; mostly it needs 2."""
_ORDER, _PIXELS, _CODES, _EVALUATION = range(4)  # streams of random numbers that must not depend on each other


class DivergedError(RuntimeError):
    """The loss is no longer a finite number; the message says at which step and what to try."""


def random_seed(seed: int, *path: int) -> int:
    """A seed for one stream of random numbers of a run, independent of the other streams (numpy's SeedSequence)."""
    # As a spawn key, for [seed], [seed, 0] and [seed, 0, 0] as plain entropy are one and the same seed.
    return int(np.random.SeedSequence(seed, spawn_key=path).generate_state(1, np.uint64)[0] >> np.uint64(1))


def pick_device() -> torch.device:
    """The GPU when there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def schedule_factor(schedule: str, progress: float) -> float:
    """What the learning rate is multiplied with after the share `progress` (0..1) of all steps.

    - constant: 1.
    - cosine: ½(1 + cos π·t), from 1 to 0 (Loshchilov & Hutter 2017, equation 5, without restarts).
    - one-cycle: up from 1/25 to 1 in the first 30 %, then down to 1/250,000, both along half a cosine (Smith & Topin 2018,
      with the constants of torch's OneCycleLR; the momentum is left alone).
    """
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    start, end, rise = 1 / 25, 1 / 250_000, 0.3
    if progress < rise:
        return _half_cosine(start, 1.0, progress / rise)
    return _half_cosine(1.0, end, (progress - rise) / (1 - rise))


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * progress))


def make_optimizer(weights: Sequence[nn.Parameter], config: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimizer of a run; torch's fused kernels, which update all weights in one pass, where there are some."""
    if config.kind == "adam":
        return torch.optim.Adam(weights, lr=config.learning_rate, fused=True)
    if config.kind == "adamw":
        return torch.optim.AdamW(weights, lr=config.learning_rate, weight_decay=config.decoupled_decay, fused=True)
    if config.kind == "lbfgs":
        # One step of ours is one of its iterations; its memory lasts from step to step. It begins each search at length 1.
        # Without `max_eval`, torch allows 5/4 evaluations an iteration: none for the search itself.
        return torch.optim.LBFGS(
            weights, lr=1.0, max_iter=1, max_eval=_SEARCHES, history_size=LBFGS_HISTORY, line_search_fn="strong_wolfe"
        )
    return torch.optim.SGD(weights, lr=config.learning_rate, momentum=config.momentum, fused=True)


def scaled(images: Tensor, device: torch.device) -> Tensor:
    """uint8 images 0..255 to float32 0..1 on `device`; sequences, which are in their scale already, as they are."""
    if images.is_floating_point():
        return images.to(device)
    return images.to(device).to(torch.float32).mul_(1 / 255)


def evaluation_noise(config: RunConfig, stream: int, device: torch.device) -> tuple[PixelNoise, torch.Generator]:
    """Noise for pixels and for codes that is the same at each measurement, so that measurements can be compared."""
    seed = random_seed(config.seed, stream)
    return PixelNoise(seed), torch.Generator(device).manual_seed(seed)


class Trainer:
    """A run in memory: model, optimizer, position in the data, random state.

    `config` decides everything; `dataset` must be the data it names (its training part is cut to
    `config.data.train_images`). The same config, data and number of torch threads give the same weights, bit for bit.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, device: torch.device | None = None) -> None:
        self.config = config
        self.dataset = dataset
        self.device = device or pick_device()
        self.model = build(config.plan, random_seed(config.seed)).to(self.device)
        self.learning_rate = config.optimizer.learning_rate
        """The rate before the schedule; assign to change it while running."""
        self.step = 0
        train = dataset.train.take(config.train_size)
        self.images, self.labels = train.images.to(self.device), train.labels.to(self.device)
        self.stages = config.stages
        self.total_steps = config.total_steps
        self.terms = all_names(config)
        self._pixel_noise = PixelNoise(random_seed(config.seed, _PIXELS))
        self._code_noise = torch.Generator(self.device).manual_seed(random_seed(config.seed, _CODES))
        self._order: tuple[int, Tensor] | None = None
        self._enter(0)

    def _enter(self, index: int) -> None:
        """Begin a stage, with an optimizer that knows nothing of the one before."""
        self._stage = index
        self.stage = self.stages[index]
        """That of the last step, or before the first step the first."""
        self.task = task_of(self.stage, self.model, self.config, len(self.images))
        self.optimizer = make_optimizer(self.task.weights(), self.config.optimizer)
        self._sums = torch.zeros(len(self.task.names), device=self.device)
        self._summed = 0

    @property
    def epoch(self) -> float:
        """Epochs done, with a fraction for the one that is running."""
        return self.step / self.config.steps_per_epoch

    @property
    def current_rate(self) -> float:
        """The learning rate of the next step, schedule included: each stage goes through the schedule once."""
        if self.config.optimizer.kind == "lbfgs":
            return 1.0
        stage = self.stages[stage_at(self.stages, self.step)]
        return self.learning_rate * schedule_factor(self.config.optimizer.schedule, (self.step - stage.first_step) / stage.steps)

    @property
    def progress(self) -> float:
        """The share of the present stage that is done, 0..1."""
        return (self.step - self.stage.first_step) / self.stage.steps

    def run(self, poll: Poll = lambda: None) -> Iterator[int]:
        """Train to the end; yields the number of steps done, after each.

        `poll` is called within steps that are made in pieces (L-BFGS), between these; what it raises undoes the step.
        """
        while self.step < self.total_steps:
            stage = stage_at(self.stages, self.step)
            if stage != self._stage:
                self._enter(stage)
            if self.config.optimizer.kind == "lbfgs":
                self._train_on_all(poll)
            else:
                self._train_batch()
            self.step += 1
            yield self.step

    def next_batch(self) -> tuple[Tensor, Tensor]:
        """The images of the next step, (B, C, H, W), 0..1, and their labels, (B,)."""
        epoch, index = divmod(self.step, self.config.steps_per_epoch)
        if self._order is None or self._order[0] != epoch:
            # Each epoch's order depends on the seed and the epoch alone: a resumed run finds it again.
            generator = torch.Generator().manual_seed(random_seed(self.config.seed, _ORDER, epoch))
            order = torch.randperm(len(self.images), generator=generator)
            while len(order) < self.config.train_size:  # of classes that are rarer than others
                order = torch.cat([order, torch.randperm(len(self.images), generator=generator)])
            self._order = (epoch, order[: self.config.train_size].to(self.device))
        size = self.config.batch_size
        return self._batch(self._order[1][index * size : (index + 1) * size])

    def _batch(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        # index_select is many times faster than self.images[chosen].
        return scaled(self.images.index_select(0, chosen), self.device), self.labels.index_select(0, chosen)

    def _train_batch(self) -> None:
        images, labels = self.next_batch()
        losses = self.task.losses(Batch(images, labels, self._pixel_noise, self._code_noise, self.progress))
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        for group in self.optimizer.param_groups:
            group["lr"] = self.current_rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._add(losses, len(images))

    def _train_on_all(self, poll: Poll) -> None:
        """One iteration of L-BFGS. Its line search compares losses, so each is of all images, with the same noise every time.

        They come in pieces of the batch size, for the memory's sake; the loss is that of all together.
        """
        split = Split(self.images, self.labels)
        is_first = True

        def closure() -> Tensor:
            nonlocal is_first
            whole = self._mean_code(split, _PIXELS, poll)
            pixel_noise, code_noise = evaluation_noise(self.config, _PIXELS, self.device)
            self.optimizer.zero_grad(set_to_none=True)
            total = torch.zeros((), device=self.device)
            for images, labels in self._pieces(split, poll):
                losses = self.task.losses(Batch(images, labels, pixel_noise, code_noise, self.progress, whole))
                loss = losses["loss"] * (len(images) / len(split))
                loss.backward()  # type: ignore[no-untyped-call]
                total += loss.detach()
                if is_first:  # the weights before the step, as with the other optimizers
                    self._add(losses, len(images))
            is_first = False
            return total

        with undone_if_cut_short(self.optimizer):
            self.optimizer.step(closure)  # type: ignore[arg-type]

    def _pieces(self, split: Split, poll: Poll) -> Iterator[tuple[Tensor, Tensor]]:
        """All images of a split, in order, (B, C, H, W), 0..1, and their labels, (B,), in pieces of the batch size."""
        size = self.config.batch_size
        for start in range(0, len(split), size):
            poll()
            chosen = slice(start, start + size)
            yield scaled(split.images[chosen], self.device), split.labels[chosen].to(self.device)

    @torch.no_grad()
    def _mean_code(self, split: Split, stream: int, poll: Poll) -> Tensor | None:
        """The mean code of a split, (D,), where a step sees all images in pieces and the loss has a term of that mean."""
        if self.config.optimizer.kind != "lbfgs" or self.config.objective.sparsity != "kl" or "sparsity" not in self.task.names:
            return None
        pixel_noise, _ = evaluation_noise(self.config, stream, self.device)
        sums = [self.task.code(images, pixel_noise).sum(dim=0) for images, _ in self._pieces(split, poll)]
        return torch.stack(sums).sum(dim=0) / len(split)

    def _add(self, losses: Mapping[str, Tensor], count: int) -> None:
        self._sums += torch.stack([losses[name].detach() for name in self.task.names]) * count
        self._summed += count

    @property
    def has_losses(self) -> bool:
        """Whether there are losses that have not been read."""
        return self._summed > 0

    def read_losses(self) -> dict[str, float]:
        """Mean of every term of the stage over the images since the last call; {} if there were none. Raises DivergedError."""
        if not self._summed:
            return {}
        values = (self._sums / self._summed).tolist()
        self._sums.zero_()
        self._summed = 0
        if not all(math.isfinite(value) for value in values):
            smaller = f"Try a smaller learning rate than {self.learning_rate:g}."
            advice = "Try another optimizer, such as Adam." if self.config.optimizer.kind == "lbfgs" else smaller
            raise DivergedError(f"The loss stopped being a finite number at step {self.step}: training diverged. {advice}")
        return dict(zip(self.task.names, values, strict=True))

    @torch.no_grad()
    def evaluate(self, split: Split, poll: Poll = lambda: None) -> dict[str, float]:
        """Mean of every term of the *same* objective over a split that is not trained on, with noise that is the same each time.

        In batches as large as those of training: the terms of a whole batch (sparsity by KL, total correlation) depend on that.
        In a stage of its own, where the reconstruction is none of the terms, also that of the network as far as it has grown.
        `poll` is called between batches, so that whoever waits for a pause or a stop need not wait for the whole split.
        """
        whole = self._mean_code(split, _EVALUATION, poll)
        pixel_noise, code_noise = evaluation_noise(self.config, _EVALUATION, self.device)
        grown_noise, grown_code_noise = evaluation_noise(self.config, _EVALUATION, self.device)
        sums: dict[str, float] = {}
        for images, labels in self._pieces(split, poll):
            losses = self.task.losses(Batch(images, labels, pixel_noise, code_noise, self.progress, whole))
            if "reconstruction" not in losses:
                given = corrupt(images, self.config.corruption, grown_noise)
                kind = self.config.objective.reconstruction
                losses["reconstruction"] = reconstruction_of(self.task.network, images, given, kind, grown_code_noise)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(images) / len(split)
        return sums

    # --- stop here, go on there -------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """All that is needed to go on exactly as if never stopped: tensors by name, and a few words."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        optimizer, optimizer_words = pack(self.optimizer)
        tensors |= {f"optimizer.{name}": value for name, value in optimizer.items()}
        tensors["pixel_noise"] = self._pixel_noise.state()
        tensors["code_noise"] = self._code_noise.get_state()
        # What was trained since the losses were last read belongs to the next row of the metrics.
        tensors["sums"] = self._sums
        words = {
            "step": str(self.step),
            "stage": str(self._stage),
            "learning_rate": repr(self.learning_rate),
            "summed": str(self._summed),
            "optimizer": optimizer_words,
        }
        return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, words

    def load_state(self, tensors: Mapping[str, Tensor], words: Mapping[str, str]) -> None:
        """Go on from :meth:`state`. The config must be the one that it was taken with."""
        self.model.load_state_dict(_group(tensors, "model."))
        self._enter(int(words.get("stage", 0)))
        optimizer = _group(tensors, "optimizer.")
        unpack(self.optimizer, optimizer, words.get("optimizer") or words_of(optimizer))
        self._pixel_noise.set_state(tensors["pixel_noise"])
        self._code_noise.set_state(tensors["code_noise"])
        self._sums = tensors["sums"].to(self.device).clone()
        self._summed = int(words["summed"])
        self.step = int(words["step"])
        self.learning_rate = float(words["learning_rate"])


def _group(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
