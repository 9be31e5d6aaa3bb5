"""L-BFGS on the whole data set, and what it finds: a linear autoencoder ends in PCA's subspace."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from torch import nn

from aecore.config import RunConfig
from aecore.data.loading import Dataset, load
from aecore.optimizer_state import pack, unpack, words_of
from aecore.training import Trainer, make_optimizer
from tests.tiny import config, same_weights, settings, trainer

LINEAR = settings(
    objective__reconstruction="mse",
    architecture__output="linear",
    code__size=3,
    data__train_images=150,
    batch_size=150,
    epochs=120,
    optimizer__kind="lbfgs",
)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture(scope="module")
def linear(digits: Dataset) -> Trainer:
    return finished(RunConfig().with_settings(LINEAR), digits)


def finished(run: RunConfig, data: Dataset | None = None) -> Trainer:
    running = trainer(run, data)
    for _ in running.run():
        pass
    return running


def learned(running: Trainer) -> dict[str, float]:
    """The terms on the training images."""
    return running.evaluate(running.dataset.train.take(running.config.train_size))


def principal_components(running: Trainer, count: int) -> tuple[np.ndarray[Any, Any], float]:
    """The first directions of the training images as columns, and the squared error an image that they leave."""
    pixels = running.images.flatten(1).double().numpy() / 255
    _, values, directions = np.linalg.svd(pixels - pixels.mean(axis=0), full_matrices=False)
    return directions[:count].T, float((values[count:] ** 2).sum() / len(pixels))


def test_a_linear_autoencoder_finds_the_subspace_of_pca(linear: Trainer) -> None:
    """Bourlard & Kamp (1988), Baldi & Hornik (1989): the same subspace, though other directions in it."""
    directions, error = principal_components(linear, 3)
    decoder = linear.model.decoder[0]
    assert isinstance(decoder, nn.Linear)
    angles = np.degrees(subspace_angles(decoder.weight.detach().double().numpy(), directions))
    assert angles.max() < 2
    assert error <= learned(linear)["loss"] < 1.01 * error


def test_adam_is_far_from_there_after_as_many_epochs(linear: Trainer, digits: Dataset) -> None:
    best = principal_components(linear, 3)[1]
    adam = finished(linear.config.with_settings({"optimizer.kind": "adam", "optimizer.learning_rate": 0.01}), digits)
    assert learned(adam)["loss"] - best > 20 * (learned(linear)["loss"] - best)


def test_an_epoch_is_one_step_of_all_images_however_they_are_cut() -> None:
    runs = [config(optimizer__kind="lbfgs", architecture__hidden=(9,), batch_size=size, epochs=4) for size in (40, 16, 7)]
    assert [run.steps_per_epoch for run in runs] == [1, 1, 1]
    assert [run.total_steps for run in runs] == [4, 4, 4]
    whole, *cut = [finished(run) for run in runs]
    for other in cut:
        assert learned(other)["loss"] == pytest.approx(learned(whole)["loss"], rel=1e-4)
        for ours, theirs in zip(other.model.parameters(), whole.model.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_the_mean_activations_are_of_all_images_however_they_are_cut(activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece by itself would have means that scatter more, and quite another penalty."""

    def looked_at(size: int) -> tuple[float, list[torch.Tensor]]:
        """The loss that a step begins with, and its gradient."""
        values: dict[str, Any] = {"objective__sparsity": "kl", "objective__sparsity_weight": 30.0}
        running = trainer(config(optimizer__kind="lbfgs", batch_size=size, code__activation=activation, **values))
        monkeypatch.setattr(running.optimizer, "step", lambda closure: closure())
        next(running.run())
        gradient = [weight.grad for weight in running.model.encoder.parameters() if weight.grad is not None]
        return running.read_losses()["loss"], gradient

    loss, gradient = looked_at(40)
    assert gradient
    for size in (16, 3):
        in_pieces, same_gradient = looked_at(size)
        assert in_pieces == pytest.approx(loss, rel=1e-5)
        for ours, theirs in zip(same_gradient, gradient, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_a_step_that_is_cut_short_is_undone() -> None:
    """However far its search along the line was: what comes after is as if it had never begun."""
    run = config(optimizer__kind="lbfgs", batch_size=16, epochs=6, architecture__hidden=(9,), objective__sparsity="none")
    undisturbed = finished(run)
    for allowed in (0, 1, 4, 5):
        running = trainer(run)
        steps = running.run()
        for _ in range(3):
            next(steps)
        calls: list[int] = []

        def poll(allowed: int = allowed, calls: list[int] = calls) -> None:
            calls.append(1)
            if len(calls) > allowed:
                raise InterruptedError

        before = [weight.detach().clone() for weight in running.model.parameters()]
        with pytest.raises(InterruptedError):
            next(running.run(poll))
        assert running.step == 3
        assert all(torch.equal(weight, was) for weight, was in zip(running.model.parameters(), before, strict=True))
        for _ in running.run():
            pass
        assert same_weights(running.model, undisturbed.model)


def test_the_losses_that_are_read_are_those_before_the_step() -> None:
    running = trainer(config(optimizer__kind="lbfgs", epochs=2, batch_size=16))
    before = learned(running)["loss"]
    next(running.run())
    assert running.read_losses()["loss"] == pytest.approx(before, rel=1e-5)
    assert learned(running)["loss"] < before
    assert running.current_rate == 1


def test_no_step_makes_the_loss_larger_as_each_is_searched() -> None:
    """A step of length 1 would: the fifth here overshoots."""
    running = trainer(config(optimizer__kind="lbfgs", architecture__hidden=(9,), epochs=25, code__activation="tanh"))
    losses = [learned(running)["loss"]]
    lengths = []
    for _ in running.run():
        losses.append(learned(running)["loss"])
        (memory,) = running.optimizer.state.values()
        lengths.append(float(memory["t"]))
    assert losses == sorted(losses, reverse=True)
    assert any(length not in (0, 1) for length in lengths[1:]), "somewhere the search is needed"
    assert all(lengths)


def test_noise_is_the_same_for_every_look_along_the_line() -> None:
    run = config(optimizer__kind="lbfgs", corruption__kind="gaussian", epochs=12, batch_size=16)
    running = trainer(run)
    read = []
    for _ in running.run():
        read.append(running.read_losses()["loss"])
    assert read == sorted(read, reverse=True)


# --- its memory on disk -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd", "lbfgs"])
def test_an_optimizer_s_state_comes_back_as_it_was(kind: str) -> None:
    running = finished(config(optimizer__kind=kind, epochs=4))
    tensors, words = pack(running.optimizer)
    again = make_optimizer(running.task.weights(), running.config.optimizer)
    unpack(again, tensors, words)
    repacked, same_words = pack(again)
    assert tensors
    assert same_words == words
    assert repacked.keys() == tensors.keys()
    assert all(torch.equal(repacked[name], value) for name, value in tensors.items())


@pytest.mark.parametrize("kind", ["adam", "sgd", "lbfgs"])
def test_an_optimizer_that_has_made_no_step_has_no_state(kind: str) -> None:
    optimizer = make_optimizer(list(trainer(config()).model.parameters()), config(optimizer__kind=kind).optimizer)
    assert pack(optimizer) == ({}, "{}")
    unpack(optimizer, {}, "{}")
    assert not optimizer.state


def test_what_was_packed_does_not_change_with_the_optimizer() -> None:
    running = trainer(config(optimizer__kind="lbfgs", epochs=6))
    steps = running.run()
    for _ in range(3):
        next(steps)
    tensors, _ = pack(running.optimizer)
    kept = {name: value.clone() for name, value in tensors.items()}
    next(steps)
    assert all(torch.equal(tensors[name], value) for name, value in kept.items())


def test_a_state_of_an_unknown_kind_is_refused() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    optimizer.state[optimizer.param_groups[0]["params"][0]] = {"odd": {1, 2}}
    with pytest.raises(TypeError, match=r"0\.odd is a set, which is not known here\."):
        pack(optimizer)


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_a_run_saved_before_there_were_words_for_it_goes_on_too(kind: str) -> None:
    """Older files have neither the stage nor the optimizer in words."""
    run = config(optimizer__kind=kind, epochs=2)
    whole, before, after = finished(run), trainer(run), trainer(run)
    steps = before.run()
    for _ in range(3):
        next(steps)
    tensors, words = before.state()
    assert {"stage", "optimizer"} <= words.keys()
    packed = {name.removeprefix("optimizer."): value for name, value in tensors.items() if name.startswith("optimizer.")}
    assert json.loads(words_of(packed)) == json.loads(words["optimizer"])
    after.load_state(tensors, {name: word for name, word in words.items() if name not in ("stage", "optimizer")})
    for _ in after.run():
        pass
    assert same_weights(after.model, whole.model)
