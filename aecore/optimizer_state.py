"""An optimizer's state as tensors and words, and back: safetensors holds nothing else.

Adam's and SGD's state is tensors by weight. That of L-BFGS is one dictionary of tensors, numbers and lists of both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

Words = dict[str, str]


def pack(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], str]:
    """Tensors by name, and as JSON what is no tensor: :func:`unpack` undoes it exactly."""
    tensors: dict[str, Tensor] = {}
    words: dict[str, Any] = {}

    def put(name: str, value: object) -> Any:
        """What stands for a value in the JSON: a tensor is told apart by its name in a dictionary of its own."""
        if isinstance(value, Tensor):
            tensors[name] = value.detach().clone()
            return {"tensor": name}
        if isinstance(value, list):
            return [put(f"{name}.{index}", each) for index, each in enumerate(value)]
        if value is None or isinstance(value, int | float):
            return value  # JSON keeps every digit of a float
        raise TypeError(f"{name} is a {type(value).__name__}, which is not known here.")

    for index, entries in optimizer.state_dict()["state"].items():
        words[str(index)] = {key: put(f"{index}.{key}", value) for key, value in entries.items()}
    return tensors, json.dumps(words)


def unpack(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], words: str) -> None:
    """Put back what :func:`pack` took from an optimizer of the same kind and weights."""

    def get(value: Any) -> Any:
        if isinstance(value, dict):
            return tensors[value["tensor"]].clone()
        return [get(each) for each in value] if isinstance(value, list) else value

    state = optimizer.state_dict()
    state["state"] = {
        int(index): {key: get(value) for key, value in entries.items()} for index, entries in json.loads(words).items()
    }
    optimizer.load_state_dict(state)


@contextmanager
def undone_if_cut_short(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Within it one step is made; if that raises, the weights and the optimizer's memory are as they were before.

    For L-BFGS, whose search along a line leaves the weights where it last looked.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    before = [weight.detach().clone() for weight in weights]
    # What is in its lists (the history, many times the weights) is never written to; the lists and the rest are.
    memory = {
        weight: {
            key: list(value) if isinstance(value, list) else value.clone() if isinstance(value, Tensor) else value
            for key, value in entries.items()
        }
        for weight, entries in optimizer.state.items()
    }
    try:
        yield
    except BaseException:
        with torch.no_grad():
            for weight, value in zip(weights, before, strict=True):
                weight.copy_(value)
        optimizer.state.clear()
        optimizer.state.update(memory)
        raise


def words_of(tensors: Mapping[str, Tensor]) -> str:
    """The JSON that belongs to a state whose every value is a tensor called `weight.key`: runs saved so before there was one."""
    words: dict[str, dict[str, Any]] = {}
    for name in tensors:
        index, key = name.split(".", 1)
        words.setdefault(index, {})[key] = {"tensor": name}
    return json.dumps(words)
