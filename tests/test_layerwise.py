"""Layer by layer, then with labels: what is frozen does not move by one bit, and each stage makes small what it says."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from aecore.checkpoint import load_state, save_state
from aecore.config import RunConfig
from aecore.corruption import corrupt_codes
from aecore.evaluation import accuracy
from aecore.model import build
from aecore.noise import PixelNoise
from aecore.penalties import contraction, sparse_kl
from aecore.shallow import Shallow
from aecore.stage_tasks import Batch, all_names, task_of
from aecore.training import Trainer, scaled
from tests.tiny import CPU, config, dataset, same_weights, trainer

GREEDY: dict[str, Any] = {
    "architecture__hidden": (10, 8),
    "architecture__activation": "sigmoid",
    "code__size": 6,
    "code__activation": "sigmoid",
    "schedule__kind": "greedy",
    "schedule__layer_epochs": 1,
    "schedule__classifier_epochs": 1,
    "epochs": 1,
}


def greedy(**values: Any) -> RunConfig:
    return config(**(GREEDY | values))


def parts(running: Trainer) -> dict[str, list[Tensor]]:
    """The weights of each layer and of the classifier, copied; a tied decoder has only its own, the biases."""
    model = running.model
    assert model.classifier is not None
    layers = {f"encoder {index}": layer for index, layer in enumerate(model.encoder) if index}
    layers |= {f"decoder {3 - index}": layer for index, layer in enumerate(model.decoder) if index < 3}
    layers["classifier"] = model.classifier
    return {name: [weight.detach().clone() for weight in layer.parameters()] for name, layer in layers.items()}


def train_stage(running: Trainer) -> str:
    """The next stage from its first step to its last; returns its name."""
    steps = running.run()
    next(steps)
    stage = running.stage
    while running.step < stage.last_step:
        next(steps)
    return stage.name


MOVE = {
    "layer_1": {"encoder 1", "decoder 1"},
    "layer_2": {"encoder 2", "decoder 2"},
    "layer_3": {"encoder 3", "decoder 3"},
    "whole": {"encoder 1", "encoder 2", "encoder 3", "decoder 1", "decoder 2", "decoder 3"},
    "softmax": {"classifier"},
    "labels": {"encoder 1", "encoder 2", "encoder 3", "classifier"},
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"architecture__tied": True, "objective__weight_decay": 0.1},
        {"optimizer__kind": "adamw", "optimizer__decoupled_decay": 0.5},
        {"optimizer__kind": "sgd", "optimizer__momentum": 0.9},
        {"optimizer__kind": "lbfgs", "schedule__layer_epochs": 2, "epochs": 2},
        {"objective__sparsity": "kl", "objective__contractive": 0.1, "corruption__kind": "masking"},
    ],
    ids=["adam", "tied", "adamw", "sgd", "lbfgs", "penalties"],
)
def test_what_is_frozen_does_not_move_by_one_bit_and_the_rest_does(values: dict[str, Any]) -> None:
    running = trainer(greedy(**values))
    for name, moving in MOVE.items():
        before = parts(running)
        assert train_stage(running) == name
        after = parts(running)
        for layer, weights in after.items():
            moved = [not torch.equal(old, new) for old, new in zip(before[layer], weights, strict=True)]
            assert any(moved) == (layer in moving), f"{layer} in {name}"
    assert running.step == running.total_steps


def test_the_names_of_the_metrics_are_those_of_all_stages() -> None:
    run = greedy(objective__sparsity="l1", objective__contractive=0.1, objective__weight_decay=0.1)
    running = trainer(run)
    penalties = ("sparsity", "contraction", "weight_decay")
    stages = ("layer_1", "layer_2", "layer_3", "softmax", "labels")
    assert running.terms == all_names(run) == ("loss", "reconstruction", *penalties, *stages, "accuracy")
    for name in MOVE:
        train_stage(running)
        read = running.read_losses()
        own = ("reconstruction" if name == "whole" else name,)
        assert tuple(read) == ("loss", *own, *(("accuracy",) if name in ("softmax", "labels") else penalties))
        measured = running.evaluate(running.dataset.validation)
        assert measured.keys() == {*read, "reconstruction"}
        assert measured.keys() <= set(running.terms)


# --- the loss of a layer ------------------------------------------------------------------------------------------------


def losses_of(run: RunConfig, depth: int, noise: int = 0) -> tuple[dict[str, Tensor], Shallow, Tensor]:
    """A layer's terms on the first images, its network, and these images."""
    model = build(run.plan, 1)
    data = dataset()
    images = scaled(data.train.images[:12], CPU)
    task = task_of(run.stages[depth - 1], model, run, len(data.train))
    losses = task.losses(Batch(images, data.train.labels[:12], PixelNoise(noise), torch.Generator()))
    network = task.network
    assert isinstance(network, Shallow)
    return losses, network, images


@pytest.mark.parametrize("kind", ["bce", "mse"])
def test_the_first_layer_restores_pixels_with_the_run_s_own_loss(kind: str) -> None:
    losses, network, images = losses_of(greedy(objective__reconstruction=kind), 1)
    answer = network.reconstruct(images)
    assert answer.shape == images.shape
    if kind == "bce":
        expected = functional.binary_cross_entropy(answer, images, reduction="sum") / 12
    else:
        expected = (answer - images).square().sum() / 12
    assert losses["layer_1"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert losses["loss"].item() == losses["layer_1"].item()


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize(("kind", "activation"), [("bce", "sigmoid"), ("bce", "relu"), ("mse", "sigmoid")])
def test_a_deeper_layer_restores_the_codes_below_it(kind: str, activation: str, depth: int) -> None:
    run = greedy(objective__reconstruction=kind, architecture__activation=activation)
    losses, network, images = losses_of(run, depth)
    model, mirror = network.model, network.model.decoder[3 - depth]
    target = model.encoder[:depth](images)
    answer = mirror(model.encoder[depth](target))
    assert answer.shape == target.shape == (12, {2: 10, 3: 8}[depth])
    if kind == "bce" and activation == "sigmoid":  # codes that are shares
        expected = functional.binary_cross_entropy(answer, target, reduction="sum") / 12
    else:
        expected = (answer - target).square().sum() / 12
    assert losses[f"layer_{depth}"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_layer_has_its_own_penalties() -> None:
    run = greedy(objective__sparsity="kl", objective__contractive=0.2, objective__weight_decay=0.3, code__activation="tanh")
    for depth, activation in ((2, "sigmoid"), (3, "tanh")):
        losses, network, images = losses_of(run, depth)
        encoder, decoder = network.layer
        below = network.below(images)
        sparsity = sparse_kl(encoder(below), 0.05, activation)
        contracted = contraction([encoder], below)
        squares = (
            sum(w.detach().square().sum().item() for layer in (encoder, decoder) for w in layer.parameters() if w.ndim == 2) / 2
        )
        assert losses["sparsity"].item() == pytest.approx(sparsity.item(), rel=1e-5)
        assert losses["contraction"].item() == pytest.approx(contracted.item(), rel=1e-5)
        assert losses["weight_decay"].item() == pytest.approx(squares, rel=1e-5)
        whole = losses[f"layer_{depth}"] + 0.5 * sparsity + 0.2 * contracted + 0.3 * squares
        assert losses["loss"].item() == pytest.approx(whole.item(), rel=1e-5)


@pytest.mark.parametrize("kind", ["masking", "gaussian"])
def test_noise_is_on_what_a_layer_is_given_and_its_target_is_clean(kind: str) -> None:
    run = greedy(corruption__kind=kind, corruption__level=0.5, objective__reconstruction="mse")
    losses, network, images = losses_of(run, 2, noise=5)
    encoder, decoder = network.layer
    target = network.below(images)
    given = corrupt_codes(target, run.corruption, PixelNoise(5))
    assert not torch.equal(given, target)
    expected = (decoder(encoder(given)) - target).square().sum() / 12
    assert losses["layer_2"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_codes_are_not_clipped_and_masked_codes_keep_their_value() -> None:
    codes = torch.full((200, 50), 3.0)
    noisy = corrupt_codes(codes, config(corruption__kind="gaussian", corruption__level=0.5).corruption, PixelNoise(0))
    assert noisy.std().item() == pytest.approx(0.5, rel=0.05)
    assert noisy.mean().item() == pytest.approx(3, abs=0.05)
    masked = corrupt_codes(codes, config(corruption__kind="masking", corruption__level=0.25).corruption, PixelNoise(0))
    assert set(masked.flatten().tolist()) == {0.0, 3.0}
    assert (masked == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert corrupt_codes(codes, config().corruption, PixelNoise(0)) is codes
    ranged = config(corruption__kind="gaussian", corruption__level=1.0, corruption__level_from=0.0).corruption
    spreads = corrupt_codes(codes, ranged, PixelNoise(0)).std(dim=1)
    assert spreads.min() < 0.2 < 0.8 < spreads.max()
    with pytest.raises(ValueError, match="Codes cannot have patches noise"):
        corrupt_codes(codes, config(corruption__kind="patches").corruption, PixelNoise(0))


@pytest.mark.parametrize("tied", [False, True])
def test_each_layer_s_loss_falls_in_its_turn(tied: bool) -> None:
    run = greedy(
        architecture__tied=tied,
        architecture__activation="tanh",
        schedule__layer_epochs=25,
        objective__reconstruction="mse",
        optimizer__learning_rate=0.01,
        code__activation="tanh",
    )
    running = trainer(run)
    for index, depth in enumerate((1, 2, 3)):
        running._enter(index)  # to measure it before its first step
        before = running.evaluate(running.dataset.train)[f"layer_{depth}"]
        assert train_stage(running) == f"layer_{depth}"
        assert running.evaluate(running.dataset.train)[f"layer_{depth}"] < 0.7 * before


# --- the network as far as it has grown ---------------------------------------------------------------------------------


def test_a_shallow_network_is_the_outermost_layers() -> None:
    model = build(greedy().plan, 0)
    images = scaled(dataset().train.images[:5], CPU)
    for depth, size in ((1, 10), (2, 8), (3, 6)):
        network = Shallow(model, depth)
        code = network.encode(images).mean
        assert code.shape == (5, size)
        torch.testing.assert_close(network.layer[0](network.below(images)), code)
        assert torch.equal(network.decode(code), network.reconstruct(images))
    assert torch.equal(Shallow(model, 3).reconstruct(images), model.reconstruct(images))


@pytest.mark.parametrize(
    ("base", "values"), [("convolutional", {}), ("vae", {}), (None, {"code__kind": "gaussian", "architecture__hidden": ()})]
)
def test_other_networks_have_no_layers_that_mirror_each_other(base: str | None, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Only a dense network with a vector code"):
        Shallow(build(config(base, **values).plan, 0), 1)


@pytest.mark.parametrize("depth", [0, 4, -1])
def test_a_depth_that_is_not_there_is_refused(depth: int) -> None:
    with pytest.raises(ValueError, match=f"has the depths 1 to 3, not {depth}"):
        Shallow(build(greedy().plan, 0), depth)


def test_the_reconstruction_is_measured_in_every_stage_of_the_network_as_it_has_grown() -> None:
    running = trainer(greedy())
    images = scaled(running.dataset.validation.images, CPU)
    for depth in (1, 2, 3, 3, 3, 3):
        train_stage(running)
        answer = Shallow(running.model, depth).reconstruct(images)
        expected = functional.binary_cross_entropy(answer, images, reduction="sum") / len(images)
        measured = running.evaluate(running.dataset.validation)["reconstruction"]
        assert measured == pytest.approx(expected.item(), rel=1e-5)


# --- labels -------------------------------------------------------------------------------------------------------------


def test_a_classifier_learns_to_name_the_images() -> None:
    run = config(
        schedule__classifier_epochs=15, epochs=15, code__size=12, optimizer__learning_rate=0.02, architecture__hidden=(16,)
    )
    running = trainer(run)
    validation = running.dataset.validation
    untrained = accuracy(running.model, validation)
    assert untrained == pytest.approx(0.1), "before the first step all classes are equally likely, and the first is named"
    train_stage(running)
    assert accuracy(running.model, validation) == untrained
    for name in ("softmax", "labels"):
        assert train_stage(running) == name
        named = accuracy(running.model, validation)
        assert named > 0.8
        assert running.evaluate(validation)["accuracy"] == pytest.approx(named)


def test_its_loss_is_the_cross_entropy_of_the_true_class() -> None:
    running = trainer(greedy())
    for _ in range(5):
        train_stage(running)
    data, model = running.dataset.validation, running.model
    assert model.classifier is not None
    scores = model.classifier(model.encode(scaled(data.images, CPU)).mean)
    logarithms = torch.log_softmax(scores, dim=1)[torch.arange(len(data)), data.labels]
    measured = running.evaluate(data)
    assert measured["softmax"] == measured["loss"] == pytest.approx(-logarithms.mean().item(), rel=1e-5)


def test_a_gaussian_code_and_convolutions_can_have_a_classifier() -> None:
    for base in ("vae", "convolutional"):
        running = trainer(config(base, architecture__hidden=(8,), schedule__classifier_epochs=1))
        for _ in running.run():
            pass
        assert running.stage.name == "labels"


# --- stop here, go on there ---------------------------------------------------------------------------------------------

RESUMED: dict[str, dict[str, Any]] = {
    "adam, noisy": {"corruption__kind": "gaussian", "optimizer__schedule": "one-cycle", "objective__sparsity": "kl"},
    "momentum, tied": {"optimizer__kind": "sgd", "optimizer__learning_rate": 1e-3, "architecture__tied": True},
    "lbfgs": {"optimizer__kind": "lbfgs", "schedule__layer_epochs": 3, "epochs": 3, "schedule__classifier_epochs": 3},
}


@cache
def uninterrupted(name: str) -> Trainer:
    running = trainer(greedy(**RESUMED[name]))
    for _ in running.run():
        pass
    return running


@pytest.mark.parametrize("name", RESUMED)
def test_a_run_of_stages_can_be_stopped_after_every_step_bit_for_bit(name: str, tmp_path: Path) -> None:
    run, path = greedy(**RESUMED[name]), tmp_path / "resume.safetensors"
    whole = uninterrupted(name)
    running = trainer(run)
    save_state(path, *running.state())
    for step in range(1, run.total_steps + 1):
        running = trainer(run)
        running.load_state(*load_state(path))
        assert next(running.run()) == step
        save_state(path, *running.state())
    assert same_weights(running.model, whole.model)
    ours, theirs = running.state(), whole.state()
    assert ours[1] == theirs[1]
    assert all(torch.equal(value, theirs[0][key]) for key, value in ours[0].items())
    assert running.read_losses() == whole.read_losses()
    assert list(running.run()) == []


@pytest.mark.parametrize("stop", [2, 3, 4, 9, 12, 15, 18])
def test_stopped_once_anywhere_it_ends_the_same(stop: int) -> None:
    """Also in the middle, at the first and at the last step of a stage."""
    name = "adam, noisy"
    before, after = trainer(greedy(**RESUMED[name])), trainer(greedy(**RESUMED[name]))
    for step in before.run():
        if step == stop:
            break
    after.load_state(*before.state())
    assert after.stage == before.stage
    for _ in after.run():
        pass
    assert same_weights(after.model, uninterrupted(name).model)
