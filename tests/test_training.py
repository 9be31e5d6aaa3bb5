"""The loop: decided by its seed, every image once an epoch, honest validation, and stopped and resumed bit for bit."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from aecore.checkpoint import load_state, save_state
from aecore.config import RunConfig
from aecore.corruption import corrupt
from aecore.data.catalogue import card
from aecore.data.loading import Dataset, Split
from aecore.noise import PixelNoise
from aecore.objective import bernoulli, terms
from aecore.penalties import sparse_kl
from aecore.training import DivergedError, Trainer, random_seed, scaled, schedule_factor
from tests.tiny import CPU, TRAIN, config, dataset, same_weights, split, trainer

NOISY_VAE = {"architecture__hidden": (12,), "corruption__kind": "salt-and-pepper"}


def finish(running: Trainer) -> Trainer:
    for _ in running.run():
        pass
    return running


# --- random numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [config(), config("vae", **NOISY_VAE), config("convolutional", corruption__kind="gaussian")])
def test_the_seed_decides_the_weights_bit_for_bit(run: RunConfig) -> None:
    first = finish(trainer(run))
    torch.rand(7)  # whatever else uses torch's random numbers
    assert same_weights(first.model, finish(trainer(run)).model)
    assert not same_weights(first.model, finish(trainer(run.with_settings({"seed": 1}))).model)


def test_the_streams_of_a_run_have_different_seeds() -> None:
    paths = [(), *((stream,) for stream in range(6)), *((0, epoch) for epoch in range(100))]
    assert len({random_seed(seed, *path) for seed in (0, 1) for path in paths}) == 2 * len(paths)
    assert all(0 <= random_seed(seed) < 2**63 for seed in range(100))  # what torch takes


def test_training_leaves_torch_s_own_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    finish(trainer(config("vae", **NOISY_VAE)))
    assert torch.equal(torch.get_rng_state(), before)


# --- batches ------------------------------------------------------------------------------------------------------------


def batches(running: Trainer, monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The clean images of every batch, as training takes them."""
    seen: list[Tensor] = []
    draw = running.next_batch

    def spy() -> tuple[Tensor, Tensor]:
        images, labels = draw()
        seen.append(images)
        return images, labels

    monkeypatch.setattr(running, "next_batch", spy)
    finish(running)
    return seen


def test_every_image_is_used_once_an_epoch_and_in_another_order_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset()
    data.train.images[:] = torch.arange(40, dtype=torch.uint8)[:, None, None, None]
    drawn = batches(trainer(config(epochs=3), data), monkeypatch)
    assert [len(images) for images in drawn] == [16, 16, 8] * 3
    orders = [(255 * torch.cat(drawn[at : at + 3])[:, 0, 0, 0]).round().int().tolist() for at in (0, 3, 6)]
    assert all(sorted(order) == list(range(40)) for order in orders)
    assert all(one != other for one, other in itertools.combinations(orders, 2))


def test_only_the_images_asked_for_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset()
    data.train.images[10:] = 255
    drawn = torch.cat(batches(trainer(config(data__train_images=10), data), monkeypatch))
    assert len(drawn) == 20
    assert (drawn == 0).any(dim=-1).all()  # black columns beside every stroke: none of the white ones


def test_the_target_is_clean_and_the_input_is_not() -> None:
    running = trainer(config(corruption__kind="masking", corruption__level=1.0))
    images, _ = running.next_batch()
    given: list[Tensor] = []
    running.model.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    next(running.run())
    assert images.max() > 0.5
    assert not given[0].any()
    fresh = trainer(running.config).model  # the weights before that step
    expected = bernoulli(fresh(given[0]).pixels, images).item()
    assert running.read_losses()["reconstruction"] == pytest.approx(expected, rel=1e-6)


def test_labels_stay_with_their_images() -> None:
    data = dataset()
    data.train.images[:] = data.train.labels.to(torch.uint8)[:, None, None, None]
    running = trainer(config(), data)
    images, labels = running.next_batch()
    assert torch.equal((255 * images[:, 0, 0, 0]).round().long(), labels)
    assert len(set(labels.tolist())) > 3


def test_images_are_scaled_to_0_and_1_without_being_changed() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8)
    torch.testing.assert_close(scaled(images, CPU), torch.tensor([0.0, 0.2, 1.0]))
    assert images.tolist() == [0, 51, 255]


# --- steps --------------------------------------------------------------------------------------------------------------


def test_the_cosine_is_torch_s() -> None:
    steps = 50
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for step in range(steps):
        assert schedule_factor("cosine", step / steps) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-12)
        optimizer.step()
        scheduler.step()
    assert schedule_factor("cosine", 1.0) == pytest.approx(0, abs=1e-12)


def test_one_cycle_is_torch_s() -> None:
    steps = 5_000
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=steps, pct_start=0.3, div_factor=25, final_div_factor=1e4, cycle_momentum=False
    )
    # torch's rise ends one step earlier, at 0.3·steps − 1, and its fall at steps − 1.
    peak, last = 0.3 * steps - 1, steps - 1
    for step in range(steps):
        rate = optimizer.param_groups[0]["lr"]
        progress = 0.3 * step / peak if step <= peak else 0.3 + 0.7 * (step - peak) / (last - peak)
        assert schedule_factor("one-cycle", progress) == pytest.approx(rate, abs=1e-9)
        assert schedule_factor("one-cycle", step / steps) == pytest.approx(rate, abs=2e-3)
        optimizer.step()
        scheduler.step()


def test_the_rate_of_a_step_is_that_of_its_schedule() -> None:
    running = trainer(config(optimizer__schedule="cosine", optimizer__learning_rate=0.5))
    rates = [running.current_rate]
    for _ in running.run():
        assert running.optimizer.param_groups[0]["lr"] == rates[-1]
        rates.append(running.current_rate)
    assert rates == [0.5 * schedule_factor("cosine", step / 6) for step in range(7)]
    running.learning_rate = 0.1
    running.step = 3
    assert running.current_rate == 0.1 * schedule_factor("cosine", 0.5)


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
def test_the_fused_optimizers_make_the_steps_of_the_plain_formulas(kind: str) -> None:
    run = config(optimizer__kind=kind, optimizer__schedule="one-cycle", optimizer__learning_rate=0.01, epochs=1)
    ours, reference = trainer(run), trainer(run)
    weights = list(reference.model.parameters())
    first, second = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))
    for step in ours.run():
        images, _ = reference.next_batch()
        losses = terms(reference.model, images, reference.model(images), images, run.objective, progress=0.0, data_size=TRAIN)
        loss = losses["loss"]
        slopes = torch.autograd.grad(loss, weights)
        rate = reference.current_rate
        with torch.no_grad():
            for weight, slope, one, two in zip(weights, slopes, first, second, strict=True):
                if kind == "sgd":
                    one.mul_(0.9).add_(slope)
                    weight.sub_(rate * one)
                    continue
                if kind == "adamw":
                    weight.mul_(1 - rate * 0.01)
                one.mul_(0.9).add_(0.1 * slope)
                two.mul_(0.999).add_(0.001 * slope.square())
                weight.sub_(rate * (one / (1 - 0.9**step)) / ((two / (1 - 0.999**step)).sqrt() + 1e-8))
        reference.step += 1
    assert ours.step == 3
    for weight, expected in zip(ours.model.parameters(), weights, strict=True):
        torch.testing.assert_close(weight, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("base", ["vanilla", "convolutional", "vae", "denoising-gaussian"])
def test_the_loss_falls(base: str) -> None:
    running = trainer(config(base, architecture__hidden=(), epochs=30, optimizer__learning_rate=0.01))
    before = running.evaluate(running.dataset.train)["loss"]
    after = finish(running).evaluate(running.dataset.train)["loss"]
    assert after < 0.5 * before


# --- numbers ------------------------------------------------------------------------------------------------------------


def test_losses_are_means_over_the_images_since_they_were_read_last() -> None:
    run = config("vae", architecture__hidden=(12,), objective__weight_decay=0.1)
    running = trainer(run)
    running.learning_rate = 0.0  # so that all batches see the same weights
    steps = running.run()
    assert running.read_losses() == {}
    for _ in range(3):  # an epoch, the last batch half as large as the others
        next(steps)
    losses = running.read_losses()
    assert tuple(losses) == ("loss", "reconstruction", "kl", "weight_decay")
    measured = running.evaluate(running.dataset.train)
    for name in ("kl", "weight_decay"):
        assert losses[name] == pytest.approx(measured[name], rel=1e-5)
    assert running.read_losses() == {}


def test_validation_measures_the_objective_that_is_trained() -> None:
    run = config(objective__reconstruction="mse", objective__weight_decay=0.3, architecture__hidden=(8,))
    running = finish(trainer(run))
    part = running.dataset.validation
    images = scaled(part.images, CPU)
    losses = terms(running.model, images, running.model(images), images, run.objective, progress=1.0, data_size=TRAIN)
    expected = {name: value.item() for name, value in losses.items()}
    for batch_size in (250, 20, 7):
        running.config = run.with_settings({"batch_size": batch_size})
        assert running.evaluate(part) == pytest.approx(expected, rel=1e-5)


def test_validation_has_batches_as_large_as_training_for_terms_of_a_whole_batch() -> None:
    """Of fewer pictures the mean activations scatter more, and their divergence from ρ is greater."""
    run = config("sparse-kl", batch_size=2, code__size=6)
    running = finish(trainer(run))
    part = running.dataset.train.take(running.config.train_size)
    images = scaled(part.images, CPU)
    codes = running.model.encode(images).mean.detach()
    rho = run.objective.sparsity_target
    assert len(part) % 2 == 0
    pieces = [sparse_kl(piece, rho, "sigmoid").item() for piece in torch.split(codes, 2)]
    assert running.evaluate(part)["sparsity"] == pytest.approx(sum(pieces) / len(pieces), rel=1e-4)
    assert sum(pieces) / len(pieces) > 1.02 * sparse_kl(codes, rho, "sigmoid").item()


def test_validation_of_a_vae_applies_beta_and_samples() -> None:
    running = finish(trainer(config("vae", architecture__hidden=(8,), objective__beta=5)))
    part = running.dataset.validation
    measured = running.evaluate(part)
    assert measured["loss"] == pytest.approx(measured["reconstruction"] + 5 * measured["kl"], rel=1e-5)
    images = scaled(part.images, CPU)
    mean, log_variance = running.model.encode(images).mean, running.model.encode(images).log_variance
    assert log_variance is not None
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum().item() / len(part)
    assert measured["kl"] == pytest.approx(kl, rel=1e-4)


def test_validation_is_noisy_if_training_is_and_the_same_each_time() -> None:
    run = config(corruption__kind="masking", corruption__level=0.5, epochs=20, optimizer__learning_rate=0.01)
    running = finish(trainer(run))
    part = running.dataset.validation
    measured = running.evaluate(part)
    assert measured == running.evaluate(part)
    images = scaled(part.images, CPU)
    for seed in range(3):  # other noise, nearly the same number; clean images, quite another
        inputs = corrupt(images, run.corruption, PixelNoise(seed))
        noisy = terms(running.model, inputs, running.model(inputs), images, run.objective, progress=1.0, data_size=TRAIN)
        assert noisy["loss"].item() == pytest.approx(measured["loss"], rel=0.02)
    clean = terms(running.model, images, running.model(images), images, run.objective, progress=1.0, data_size=TRAIN)[
        "loss"
    ].item()
    assert abs(clean - measured["loss"]) > 0.02 * clean


@pytest.mark.parametrize("run", [config("vae", **NOISY_VAE), config(corruption__kind="gaussian")])
def test_measuring_does_not_disturb_training(run: RunConfig) -> None:
    undisturbed, measured = trainer(run), trainer(run)
    for _ in measured.run():
        measured.evaluate(measured.dataset.validation)
    assert same_weights(finish(undisturbed).model, measured.model)
    assert undisturbed.read_losses() == measured.read_losses()


def test_validation_can_be_left_between_batches() -> None:
    polled: list[int] = []

    def poll() -> None:
        polled.append(1)
        if len(polled) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        trainer(config(batch_size=5)).evaluate(split(20), poll)
    assert len(polled) == 3


def test_a_run_that_diverges_says_so_and_what_to_try() -> None:
    values = {"optimizer__kind": "sgd", "optimizer__learning_rate": 10, "architecture__hidden": (20, 20)}
    running = trainer(config(objective__reconstruction="mse", architecture__output="linear", epochs=10, **values))
    with pytest.raises(DivergedError, match=r"stopped being a finite number at step 30: .*smaller learning rate than 10\."):
        finish(running).read_losses()


# --- stop here, go on there ---------------------------------------------------------------------------------------------

RESUMED: dict[str, dict[str, Any]] = {
    "dense adam": {"architecture__hidden": (10,)},
    "conv adamw cosine": {
        "architecture__kind": "conv2d",
        "architecture__channels": (2, 3),
        "optimizer__kind": "adamw",
        "optimizer__schedule": "cosine",
    },
    "noisy vae sgd": {
        "code__kind": "gaussian",
        "corruption__kind": "salt-and-pepper",
        "optimizer__kind": "sgd",
        "optimizer__learning_rate": 1e-4,
    },
    "denoising one-cycle": {"corruption__kind": "gaussian", "optimizer__schedule": "one-cycle", "architecture__tied": True},
    "masking, sgd without momentum": {"corruption__kind": "masking", "optimizer__kind": "sgd", "optimizer__momentum": 0},
}


def go(running: Trainer, until: int) -> None:
    """Train to a step; the learning rate is changed by hand after the second."""
    for step in running.run() if running.step < until else ():
        if step == 2:
            running.learning_rate /= 3
        if step == until:
            return


@cache
def uninterrupted(name: str) -> Trainer:
    running = trainer(config(**RESUMED[name]))
    go(running, running.total_steps)
    return running


@pytest.mark.parametrize("stop", range(7))
@pytest.mark.parametrize("name", RESUMED)
def test_a_resumed_run_ends_where_an_uninterrupted_one_does_bit_for_bit(name: str, stop: int, tmp_path: Path) -> None:
    run, path = config(**RESUMED[name]), tmp_path / "resume.safetensors"
    before = trainer(run)
    go(before, stop)
    tensors, words = before.state()
    save_state(path, tensors, words | {"more": "words"})
    go(before, before.total_steps)  # what was saved must not change with it

    after = trainer(run)
    after.load_state(*load_state(path))
    assert (after.step, after.epoch) == (stop, stop / 3)
    go(after, after.total_steps)

    whole = uninterrupted(name)
    assert after.step == whole.step == 6
    assert after.learning_rate == whole.learning_rate == pytest.approx(run.optimizer.learning_rate / 3)
    assert same_weights(after.model, whole.model)
    ours, theirs = after.state(), whole.state()
    assert ours[1] == theirs[1]
    assert ours[0].keys() == theirs[0].keys()
    for key, value in ours[0].items():
        assert torch.equal(value, theirs[0][key]), key


def test_stopping_again_and_again_changes_nothing(tmp_path: Path) -> None:
    name, path = "noisy vae sgd", tmp_path / "resume.safetensors"
    running = trainer(config(**RESUMED[name]))
    for step in range(1, 7):
        go(running, step)
        save_state(path, *running.state())
        running = trainer(config(**RESUMED[name]))
        running.load_state(*load_state(path))
    assert same_weights(running.model, uninterrupted(name).model)


def test_losses_not_read_before_a_stop_are_in_the_next_reading(tmp_path: Path) -> None:
    path = tmp_path / "resume.safetensors"
    whole = trainer(config())
    go(whole, 5)
    before, after = trainer(config()), trainer(config())
    go(before, 4)
    save_state(path, *before.state())
    after.load_state(*load_state(path))
    go(after, 5)
    assert after.read_losses() == whole.read_losses()


def test_a_data_set_with_other_shapes_trains_too() -> None:
    images = torch.randint(0, 256, (12, 1, 32, 32), dtype=torch.uint8)
    part = Split(images, torch.zeros(12, dtype=torch.int64))
    run = config("convolutional", data__name="shapes", data__resolution=32, data__train_images=12, epochs=1)
    running = finish(trainer(run, Dataset(card("shapes", 32), part, part, part)))
    assert running.epoch == 1
