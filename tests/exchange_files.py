"""What the tests of taking away and bringing back share: a small trained run, and its zip taken apart and put together again."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from aecore.config import RunConfig
from aecore.exchange.keeping import keep_in
from aecore.exchange.reading import read_run
from aecore.exchange.refused import RefusedError
from aecore.exchange.taking import zip_pieces
from aecore.recording import Recorder
from aecore.runs import About, Run
from tests import tiny

NAME = "Ein Lauf, größer/kleiner 7"


def trained(folder: Path, config: RunConfig | None = None) -> Run:
    """A run on the digits that came with the app, of two epochs of 40 pictures, with frames, snapshots and an atlas."""
    run = Run.create(config or tiny.config("vae", architecture__hidden=(12,)), folder, owner="somebody", name=NAME)
    assert Recorder(run).record().state == "finished"
    run.write_about(About("somebody", 1_700_000_000.0, NAME, "A note.\nOf two lines."))
    return run


def whole(run: Run) -> bytes:
    """The zip of a run."""
    return b"".join(zip_pieces(run))


def apart(content: bytes) -> dict[str, bytes]:
    """The files in a zip by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def together(
    files: Mapping[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda entry: None, /, **manifest: Any
) -> bytes:
    """A zip of these files with a manifest that fits them. change: what is done to each entry; manifest: values in its place."""
    others = {name: data for name, data in files.items() if name != "run.json"}
    listed = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in others.items()}
    said = {"app": "Autoencoder Lab", "format": 1, "files": listed} | manifest
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {**others, "run.json": json.dumps(said).encode()}.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            change(entry)
            archive.writestr(entry, data)
    return buffer.getvalue()


def with_json(files: Mapping[str, bytes], name: str, /, **values: Any) -> dict[str, bytes]:
    """The files with other values in one of JSON."""
    return {**files, name: json.dumps(json.loads(files[name]) | values).encode()}


def with_tensors(files: Mapping[str, bytes], name: str, /, **arrays: npt.NDArray[Any] | None) -> dict[str, bytes]:
    """The files with other tensors in one of safetensors (“__” for a point in their names); None leaves one out."""
    changed: dict[str, Any] = load_arrays(files[name])
    for key, array in arrays.items():
        changed[key.replace("__", ".")] = array
    kept = {key: np.ascontiguousarray(array) for key, array in changed.items() if array is not None}
    return {**files, name: save_arrays(kept)}


def without(files: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    """The files without one."""
    return {key: data for key, data in files.items() if key != name}


def raw_tensors(header: Mapping[str, Any], data: bytes = b"") -> bytes:
    """A safetensors file with any header."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def refused(content: bytes, sentence: str, tmp_path: Path, config: bytes | None = None) -> None:
    """The file is refused with this sentence, and there is nothing new anywhere around the folder it was to become."""
    place = tmp_path / "outer" / "inner"
    place.mkdir(parents=True)
    with pytest.raises(RefusedError, match=sentence) as raised:
        keep_in(read_run(content, "their.zip", config), "their.zip", place / "back")
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith((".", "?"))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inner", "outer"]
