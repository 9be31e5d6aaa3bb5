"""The weights that a network must have: names and shapes worked out from its plan, as torch would call them, without torch."""

from __future__ import annotations

from aecore.exchange.refused import RefusedError
from aecore.exchange.tensor_file import TensorFile, check_finite
from aecore.layers import Conv2d, ConvTranspose2d, Dense, Layer, Plan, Shape


def expected_weights(plan: Plan) -> dict[str, Shape]:
    """The shape of every tensor of :class:`aecore.model.Autoencoder` by its name."""
    final = max(index for index, layer in enumerate(plan.decoder) if layer.parameters)
    shapes: dict[str, Shape] = {}
    for part, layers in (("encoder", plan.encoder), ("decoder", plan.decoder)):
        for index, layer in enumerate(layers):
            # A layer with something after it is a pair in torch's module.
            is_pair = _has_more(layer) and not (part == "decoder" and index == final)
            prefix = f"{part}.{index}.0" if is_pair else f"{part}.{index}"
            shapes |= {f"{prefix}.{name}": shape for name, shape in _shapes(layer).items()}
    if plan.classes:
        shapes |= {"classifier.weight": (plan.classes, plan.code_size), "classifier.bias": (plan.classes,)}
    return shapes


def check_weights(found: TensorFile, plan: Plan, file: str) -> None:
    """Refuse weights that are not those of a network: by name, shape, kind, or because they are no numbers."""
    expected = expected_weights(plan)
    missing, unknown = sorted(set(expected) - set(found.tensors)), sorted(set(found.tensors) - set(expected))
    if missing or unknown:
        what = f"“{missing[0]}” is missing" if missing else f"“{unknown[0][:40]}” is none of its weights"
        raise RefusedError(f"{file} is of another network than the configuration says: {what}.")
    for name, shape in expected.items():
        array = found.tensors[name]
        if array.shape != shape:
            raise RefusedError(
                f"{file} is of another network than the configuration says: “{name}” is {_by(array.shape)} and must be "
                f"{_by(shape)}."
            )
        if array.dtype.kind != "f":
            raise RefusedError(f"{file}: the weights “{name}” must be numbers of 32 or 16 bits with a point.")
    for name, array in found.tensors.items():
        check_finite(array, name, file)


def _has_more(layer: Layer) -> bool:
    return getattr(layer, "activation", "linear") != "linear" or getattr(layer, "top_k", None) is not None


def _shapes(layer: Layer) -> dict[str, Shape]:
    match layer:
        case Dense(tied=None):
            return {"weight": (layer.outputs, layer.inputs), "bias": (layer.outputs,)}
        case Dense():
            return {"bias": (layer.outputs,)}
        case Conv2d():
            return {"weight": (layer.shape[0], layer.channels, *layer.kernel), "bias": (layer.shape[0],)}
        case ConvTranspose2d():
            return {"weight": (layer.channels, layer.shape[0], *layer.kernel), "bias": (layer.shape[0],)}
        case _:
            return {}


def _by(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "a single number"
