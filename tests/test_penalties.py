"""Sparsity, contraction and top-k against sums by hand, autograd's Jacobian and finite differences."""

from __future__ import annotations

import itertools
import math
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from aecore.config_sections import CodeActivation
from aecore.model import TopK, build
from aecore.objective import code_penalties, terms
from aecore.penalties import contraction, l1, sparse_kl
from tests.tiny import config

ACTIVATIONS = get_args(CodeActivation)


def images(count: int) -> Tensor:
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(0))


# --- sparsity -----------------------------------------------------------------------------------------------------------


def kl(target: float, mean: float) -> float:
    return target * math.log(target / mean) + (1 - target) * math.log((1 - target) / (1 - mean))


def test_the_kl_sparsity_averages_over_the_batch_first_and_for_each_unit() -> None:
    activations = torch.tensor([[0.1, 0.9], [0.5, 0.3], [0.3, 0.6]])
    expected = kl(0.2, 0.3) + kl(0.2, 0.6)
    assert sparse_kl(activations, 0.2, "sigmoid").item() == pytest.approx(expected, rel=1e-5)
    of_each = sum(kl(0.2, value) for row in activations.tolist() for value in row) / 3
    over_units = 2 * kl(0.2, 0.45)
    assert expected != pytest.approx(of_each, rel=0.05)
    assert expected != pytest.approx(over_units, rel=0.05)


def test_the_kl_sparsity_by_numbers() -> None:
    # 0.05·ln(0.05/0.2) + 0.95·ln(0.95/0.8) = −0.0693147 + 0.1632572
    assert sparse_kl(torch.full((4, 1), 0.2), 0.05, "sigmoid").item() == pytest.approx(0.0939425, abs=1e-6)


def test_the_kl_sparsity_is_zero_where_each_unit_is_on_target_however_its_pictures_differ() -> None:
    activations = torch.tensor([[0.0, 0.2, 0.1], [0.2, 0.0, 0.1]])
    assert sparse_kl(activations, 0.1, "sigmoid").item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_pieces_of_a_batch_have_its_penalty_and_together_its_gradient(activation: str) -> None:
    activations = torch.rand(7, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    penalty = sparse_kl(activations, 0.1, activation)
    (expected,) = torch.autograd.grad(penalty, activations)
    whole = activations.detach().mean(dim=0)
    total = torch.zeros_like(activations)
    for piece in (slice(0, 4), slice(4, 7)):
        of_piece = sparse_kl(activations[piece], 0.1, activation, whole)
        assert of_piece.item() == pytest.approx(penalty.item(), rel=1e-5)
        share = (piece.stop - piece.start) / 7
        total += torch.autograd.grad(share * of_piece, activations)[0]
    torch.testing.assert_close(total, expected)


def test_tanh_is_taken_as_a_share_of_its_range() -> None:
    shares = torch.tensor([[0.1, 0.9], [0.5, 0.3]])
    assert sparse_kl(2 * shares - 1, 0.2, "tanh").item() == pytest.approx(sparse_kl(shares, 0.2, "sigmoid").item(), rel=1e-5)


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name not in ("sigmoid", "tanh")])
def test_an_activation_without_a_range_has_no_kl_sparsity(activation: str) -> None:
    with pytest.raises(ValueError, match=f"“{activation}” is no share of a range"):
        sparse_kl(torch.zeros(2, 2), 0.1, activation)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_kl_sparsity_and_its_gradient_are_finite_at_the_ends(value: float) -> None:
    raw = torch.full((3, 2), 200.0 if value else -200.0, requires_grad=True)
    activations = torch.sigmoid(raw)
    assert (activations == value).all()
    penalty = sparse_kl(activations, 0.05, "sigmoid")
    penalty.backward()  # type: ignore[no-untyped-call]
    assert math.isfinite(penalty.item())
    assert penalty.item() > 0.4
    assert raw.grad is not None
    assert raw.grad.isfinite().all()


def test_l1_is_summed_over_the_code_and_averaged_over_pictures() -> None:
    assert l1(torch.tensor([[1.0, -2.0, 0.0], [0.5, 0.0, -0.5]])).item() == pytest.approx((3 + 1) / 2)


# --- contraction --------------------------------------------------------------------------------------------------------


def layer(inputs: int, outputs: int, activation: str, seed: int, top_k: int | None = None) -> nn.Module:
    """A layer as the model makes it, in double precision, with weights of all signs and biases."""
    run = config(architecture__hidden=(inputs,), code__size=outputs, code__activation=activation, code__top_k=top_k)
    made = build(run.plan, seed).encoder[-1].double()
    generator = torch.Generator().manual_seed(seed)
    for weight in made.parameters():
        weight.data = torch.randn(weight.shape, generator=generator, dtype=torch.float64) / math.sqrt(inputs)
    return made


def frobenius(layers: list[nn.Module], inputs: Tensor) -> float:
    """The squared norm of autograd's Jacobian, averaged over the batch."""
    network = nn.Sequential(*layers)
    each = [
        float(torch.autograd.functional.jacobian(lambda x: network(x[None])[0], one).square().sum())  # type: ignore[no-untyped-call]
        for one in inputs
    ]
    return sum(each) / len(each)


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)


@pytest.mark.parametrize("top_k", [None, 2])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_contraction_is_the_jacobian_s_squared_frobenius_norm(activation: str, depth: int, top_k: int | None) -> None:
    sizes = [7, 6, 5, 4][: depth + 1]
    layers = [
        layer(before, after, activation, seed, top_k if seed == depth - 1 else None)
        for seed, (before, after) in enumerate(itertools.pairwise(sizes))
    ]
    inputs = numbers(5, 7)
    expected = frobenius(layers, inputs)
    assert expected > 1e-5
    assert contraction(layers, inputs).item() == pytest.approx(expected, rel=1e-9)
    with torch.no_grad():  # as in a validation
        assert contraction(layers, inputs).item() == pytest.approx(expected, rel=1e-9)


def test_of_one_layer_of_sigmoids_it_is_rifai_s_closed_form() -> None:
    one, inputs = layer(7, 4, "sigmoid", 0), numbers(5, 7)
    assert isinstance(one, nn.Sequential)
    weight = one[0].weight
    assert isinstance(weight, Tensor)
    h = one(inputs)
    expected = ((h * (1 - h)).square() @ weight.square().sum(dim=1)).mean()
    assert contraction([one], inputs).item() == pytest.approx(expected.item(), rel=1e-9)


@pytest.mark.parametrize("activation", ["linear", "tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_gradient_of_the_contraction_is_that_of_finite_differences(activation: str, depth: int) -> None:
    layers = [layer(5, 4, activation, 0), layer(4, 3, activation, 1)][:depth]
    inputs = numbers(3, 5)
    for weight in (weight for each in layers for weight in each.parameters()):
        (slope,) = torch.autograd.grad(contraction(layers, inputs), weight, allow_unused=True)
        flat, step = weight.data.view(-1), 1e-5
        for index in range(len(flat)):
            kept = flat[index].item()
            flat[index] = kept + step
            above = contraction(layers, inputs).item()
            flat[index] = kept - step
            below = contraction(layers, inputs).item()
            flat[index] = kept
            found = 0.0 if slope is None else slope.reshape(-1)[index].item()
            assert found == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-8)


def test_the_contraction_leaves_the_inputs_without_gradients() -> None:
    inputs = numbers(3, 5).requires_grad_()
    contraction([layer(5, 4, "sigmoid", 0)], inputs).backward()  # type: ignore[no-untyped-call]
    assert inputs.grad is None


# --- in the objective ---------------------------------------------------------------------------------------------------


def test_the_penalties_of_a_run_are_weighed_as_it_says() -> None:
    run = config(
        architecture__hidden=(9,),
        code__activation="tanh",
        objective__sparsity="kl",
        objective__sparsity_target=0.2,
        objective__sparsity_weight=3.0,
        objective__contractive=0.7,
    )
    model, pictures = build(run.plan, 0), images(6)
    parts = terms(model, pictures, model(pictures), pictures, run.objective, progress=0.0, data_size=6)
    code = model.encode(pictures).mean
    sparsity = sparse_kl(code, 0.2, "tanh").item()
    jacobian = frobenius([model.encoder], pictures)
    assert parts["sparsity"].item() == pytest.approx(sparsity, rel=1e-5)
    assert parts["contraction"].item() == pytest.approx(jacobian, rel=1e-4)
    expected = parts["reconstruction"].item() + 3 * sparsity + 0.7 * jacobian
    assert parts["loss"].item() == pytest.approx(expected, rel=1e-5)


def test_a_code_without_penalties_costs_nothing() -> None:
    parts, weighted = code_penalties(torch.ones(2, 3), "linear", [], torch.ones(2, 4), config().objective)
    assert parts == {}
    assert weighted.item() == 0


# --- top-k --------------------------------------------------------------------------------------------------------------

rows = st.integers(1, 12).flatmap(
    lambda width: st.tuples(
        st.integers(1, width),
        st.lists(st.lists(st.integers(-3, 3), min_size=width, max_size=width), min_size=1, max_size=5),
    )
)


@settings(max_examples=200)
@given(rows)
def test_exactly_k_are_kept_the_largest_also_with_ties_and_only_they_get_a_gradient(case: tuple[int, list[list[int]]]) -> None:
    count, values = case
    given_numbers = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    kept = TopK(count)(given_numbers)
    (gradient,) = torch.autograd.grad(kept.sum(), given_numbers)
    chosen = gradient == 1
    assert ((gradient == 0) | chosen).all()
    assert (chosen.sum(dim=1) == count).all()
    assert torch.equal(kept, torch.where(chosen, given_numbers, 0.0))
    for row, which in zip(given_numbers, chosen, strict=True):
        if count < len(row):
            assert row[which].min() >= row[~which].max()


def test_a_k_sparse_code_has_k_numbers_and_the_reconstruction_uses_no_others() -> None:
    run = config(code__size=20, code__top_k=3, code__activation="sigmoid")
    model, pictures = build(run.plan, 0), images(6)
    code = model.encode(pictures).mean
    assert (code != 0).sum(dim=1).tolist() == [3] * 6
    assert torch.equal(model(pictures).code, code)
    torch.testing.assert_close(model.reconstruct(pictures), model.decode(code))
