"""What is in a file that somebody means harm with, or that is damaged: each part is checked, and refused with a sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as save_arrays

from aecore.exchange.json_text import parsed
from aecore.exchange.records import read_stages
from aecore.exchange.refused import RefusedError
from aecore.exchange.tensor_file import tensor_file
from aecore.runs import Run
from tests import tiny
from tests.exchange_files import apart, raw_tensors, refused, together, trained, whole, with_json, with_tensors, without

Files = dict[str, bytes]
WEIGHT = "encoder.1.0.weight"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("trained") / "run")


@pytest.fixture(scope="module")
def files(run: Run) -> Files:
    return apart(whole(run))


_BROKEN: dict[str, tuple[Callable[[Files], Files], str]] = {
    "unknown setting": (lambda f: with_json(f, "config.json", colour=3), "no setting called “colour”"),
    "newer settings": (lambda f: with_json(f, "config.json", format=99), "of a newer app"),
    "too large a network": (
        lambda f: with_json(f, "config.json", architecture={"hidden": [4096, 4096, 4096]}),
        "are allowed here",
    ),
    "no number": (lambda f: f | {"config.json": f["config.json"].replace(b'"seed": 0', b'"seed": NaN')}, "cannot be read"),
    "a name twice": (lambda f: f | {"config.json": b'{"epochs": 2, "epochs": 3}'}, "cannot be read"),
    "no JSON": (lambda f: f | {"status.json": b"\xff\xfe"}, "cannot be read"),
    "no group": (lambda f: f | {"about.json": b"[]"}, "a group of names and values"),
    "digits": (lambda f: f | {"about.json": b'{"created": ' + b"9" * 5000 + b"}"}, "cannot be read"),
    "an owner": (lambda f: with_json(f, "about.json", owner="somebody else"), "something called “owner”"),
    "a long name": (lambda f: with_json(f, "about.json", name="x" * 501), "at most 500 letters"),
    "a name that is none": (lambda f: with_json(f, "about.json", name=["x"]), "must be a text"),
    "active": (lambda f: with_json(f, "status.json", state="running"), "finished or stopped"),
    "a step beyond": (lambda f: with_json(f, "status.json", step=7), "whole number from 0 to 6"),
    "a step before": (lambda f: with_json(f, "status.json", step=5), "finished, at step 5 of 6"),
    "other steps": (lambda f: with_json(f, "status.json", steps=7), "speaks of 7 steps"),
    "true": (lambda f: with_json(f, "status.json", step=True), "whole number"),
    "an unknown number": (lambda f: with_json(f, "status.json", test={"<b>": 1}), "does not know"),
    "a test that is none": (lambda f: with_json(f, "status.json", test={"mse": "0.1"}), "must be a number"),
    "far too large": (
        lambda f: f | {"status.json": f["status.json"].replace(b'"mse": ', b'"mse": 1e999, "bce2": ')},
        "cannot be",
    ),
    "hopeless": (lambda f: with_json(f, "status.json", hopeless=False), "something called “hopeless”"),
    "stages": (lambda f: f | {"stages.json": b'[{"name": "layer_1", "step": 3, "test": {}}]'}, "does not have"),
    "an endless column": (lambda f: f | {"metrics.csv": b"step," * 100 + b"\n"}, "must begin with the columns"),
    "an unknown column": (lambda f: f | {"metrics.csv": _curves(b",=cmd()", b"")}, "which no such run has"),
    "a cell": (lambda f: f | {"metrics.csv": _curves(b"", b"1,1,x,1\n")}, "row 1 is not a row of 4 numbers"),
    "backwards": (lambda f: f | {"metrics.csv": _curves(b"", b"2,1,1,1\n1,1,1,1\n")}, "row 2 is of step 1"),
    "beyond": (lambda f: f | {"metrics.csv": _curves(b"", b"7,1,1,1\n")}, "row 1 is of step 7"),
    "NaN weights": (lambda f: _weights(f, np.full((12, 784), np.nan, np.float32)), "NaN or infinity"),
    "infinite weights": (lambda f: _weights(f, np.full((12, 784), np.inf, np.float16)), "NaN or infinity"),
    "wrong shape": (lambda f: _weights(f, np.zeros((784, 12), np.float32)), "is 784×12 and must be 12×784"),
    "whole numbers": (lambda f: _weights(f, np.zeros((12, 784), np.int64)), "32 or 16 bits"),
    "doubles": (lambda f: _weights(f, np.zeros((12, 784))), "numbers of the kind F64"),
    "a weight missing": (lambda f: _weights(f, None), "is missing"),
    "a weight more": (lambda f: with_tensors(f, "model.safetensors", more=np.zeros(1, np.float32)), "none of its weights"),
    "a snapshot's shape": (
        lambda f: f | {"weights/00000001.safetensors": save_arrays({WEIGHT: np.zeros(1, np.float16)})},
        "is missing",
    ),
    "a snapshot beyond": (lambda f: f | {"weights/00000007.safetensors": f["model.safetensors"]}, "does not have"),
    "a frame without gallery": (lambda f: without(f, "frames/gallery.safetensors"), "no frames/gallery"),
    "a frame's shape": (lambda f: _frame(f, reconstructions=np.zeros((20, 1, 28, 29), np.uint8)), "must be 20×1×28×28"),
    "a frame's kind": (lambda f: _frame(f, reconstructions=np.zeros((20, 1, 28, 28), np.float32)), "must be 20×1×28×28"),
    "a frame's positions": (lambda f: _frame(f, positions=np.full((300, 2), np.nan, np.float32)), "NaN or infinity"),
    "a frame's step": (lambda f: _frame(f, step=np.array([3], np.int64)), "is of step 3"),
    "a frame's filters": (lambda f: _frame(f, filters=np.zeros((13, 1, 28, 28), np.uint8)), "13 units of the first layer"),
    "a frame of more": (lambda f: _frame(f, more=np.zeros(1, np.uint8)), "and nothing else"),
    "a frame beyond": (lambda f: f | {"frames/00000099.safetensors": f["frames/00000000.safetensors"]}, "which it cannot be"),
    "a gallery of none": (lambda f: _gallery(f, originals=np.zeros((0, 1, 28, 28), np.uint8)), "without any numbers"),
    "a gallery's classes": (lambda f: _gallery(f, labels=np.full(20, 11, np.uint8)), "classes that these data do not have"),
    "a gallery's kind": (lambda f: _gallery(f, positions_are_pca=np.array([3], np.uint8)), "must be 0 or 1"),
    "a gallery too long": (lambda f: _gallery(f, point_labels=np.zeros(3000, np.uint8)), "at most 2,000 codes"),
    "an atlas's shape": (lambda f: _atlas(f, images=np.zeros((500, 3, 28, 28), np.uint8)), "must be 500×1×28×28"),
    "an atlas's classes": (lambda f: _atlas(f, labels=np.full(500, -2, np.int64)), "classes that these data do not have"),
    "an atlas's factors": (lambda f: _atlas(f, factors=np.zeros((500, 3), np.int64)), "must be 500×0"),
    "an atlas too long": (lambda f: _atlas(f, images=np.zeros((501, 1, 28, 28), np.uint8)), "1 to 500 pictures"),
}


def _curves(columns: bytes, rows: bytes) -> bytes:
    return b"step,epoch,seconds,learning_rate" + columns + b"\n" + rows


def _weights(files: Files, array: np.ndarray | None) -> Files:
    return with_tensors(files, "model.safetensors", **{WEIGHT.replace(".", "__"): array})


def _frame(files: Files, **arrays: np.ndarray) -> Files:
    return with_tensors(files, "frames/00000000.safetensors", **arrays)


def _gallery(files: Files, **arrays: np.ndarray) -> Files:
    return with_tensors(files, "frames/gallery.safetensors", **arrays)


def _atlas(files: Files, **arrays: np.ndarray) -> Files:
    return with_tensors(files, "atlas.safetensors", **arrays)


@pytest.mark.parametrize("which", _BROKEN)
def test_every_part_is_checked(files: Files, tmp_path: Path, which: str) -> None:
    change, sentence = _BROKEN[which]
    refused(together(change(files)), sentence, tmp_path)


_FLOAT = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x80\x04\x95pickle", "neither a zip of a run nor a safetensors file"),
        (b"hello, this is text", "neither a zip of a run nor a safetensors file"),
        ((1 << 21).to_bytes(8, "little") + b"{" + bytes(1 << 21), "neither a zip|too large"),
        (raw_tensors({"a": _FLOAT}), "declares a tensor of 8 bytes that are not in it"),
        (raw_tensors({"a": _FLOAT | {"data_offsets": [0, 9]}}, bytes(9)), "that are not in it"),
        (raw_tensors({"a": _FLOAT | {"data_offsets": [8, 0]}}, bytes(8)), "that are not in it"),
        (raw_tensors({"a": _FLOAT | {"data_offsets": [-8, 0]}}, bytes(8)), "not as safetensors has it"),
        (raw_tensors({"a": _FLOAT | {"shape": [True, 2]}}, bytes(8)), "not as safetensors has it"),
        (raw_tensors({"a": _FLOAT | {"shape": [1.0, 2]}}, bytes(8)), "not as safetensors has it"),
        (raw_tensors({"a": _FLOAT | {"shape": [2**40, 2**40]}}, bytes(8)), "not as safetensors has it"),
        (raw_tensors({"a": _FLOAT | {"shape": [2**39] * 8}}, bytes(8)), "that are not in it"),
        (raw_tensors({"a": _FLOAT | {"more": 1}}, bytes(8)), "does not know"),
        (raw_tensors({"a": _FLOAT, "b": _FLOAT}, bytes(8)), "overlap"),
        (raw_tensors({"a": _FLOAT, "b": _FLOAT | {"data_offsets": [16, 24]}}, bytes(24)), "leave gaps"),
        (raw_tensors({"a": _FLOAT}, bytes(16)), "its header speaks of 8"),
        (raw_tensors({"a": []}, bytes(8)), "not as safetensors has it"),
        (raw_tensors({f"{index}": _FLOAT for index in range(300)}, bytes(8)), "300 tensors"),
        (raw_tensors({"__metadata__": {"config": 3}}), "must be texts"),
        (raw_tensors({"__metadata__": {"config": "{}"}}), "“decoder.0.bias” is missing|is missing"),
        (raw_tensors({"__metadata__": {"config": "[" * 900}}), "nested too deeply"),
        (raw_tensors({"a": _FLOAT}, bytes(8)), r"choose the run's config\.json"),
    ],
)
def test_a_safetensors_file_is_checked_before_it_is_believed(content: bytes, sentence: str, tmp_path: Path) -> None:
    refused(content, sentence, tmp_path)


def test_one_configuration_is_enough(run: Run, files: Files, tmp_path: Path) -> None:
    config = run.config.to_json()
    refused(together(files), "leave the other one out", tmp_path, config.encode())
    shutil.rmtree(tmp_path / "outer")
    refused(raw_tensors({"__metadata__": {"config": config}}), "leave the other one out", tmp_path, config.encode())


@pytest.mark.parametrize("tail", ["", "\\"], ids=["quotes", "backslash"])
def test_a_text_that_never_ends_is_refused_without_trying_each_of_its_quotes(tail: str) -> None:
    # Each doubling of its length would take four times as long: 512 kB of it, hours.
    with pytest.raises(RefusedError):
        parsed(('{"' + '\\"' * 250_000 + tail).encode(), "config.json", 1 << 20)


def test_stages_with_something_behind_the_list_are_refused() -> None:
    with pytest.raises(RefusedError, match="secret"):
        read_stages(b'[], "secret": "<b>"', tiny.config())


def test_a_tensor_without_numbers_is_refused_whatever_its_other_dimensions() -> None:
    header = b'{"a": {"dtype": "F32", "shape": [549755813888, 549755813888, 0], "data_offsets": [0, 0]}}'
    with pytest.raises(RefusedError, match="without any numbers"):
        tensor_file(len(header).to_bytes(8, "little") + header, "model.safetensors")
