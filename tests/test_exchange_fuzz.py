"""Files with anything changed in them: each is refused by the one error, or is a run that works. Nothing else ever happens."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.checkpoint import load_model
from aecore.exchange.keeping import keep_in
from aecore.exchange.reading import read_run
from aecore.exchange.refused import RefusedError
from aecore.exchange.taking import weights_file
from aecore.frames import read_film
from aecore.runs import Run
from tests import tiny
from tests.exchange_files import apart, together, trained, whole


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Those of a run with little in it, so that most of what is changed matters."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    found = apart(whole(trained(folder, tiny.config(None, code__size=1))))
    kept = [name for name in found if name not in ("frames/live.safetensors", "atlas.safetensors")]
    return {
        name: found[name]
        for name in kept
        if not name.startswith("frames/") or name.endswith(("gallery.safetensors", "6.safetensors"))
    }


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("trained") / "run"
    return b"".join(weights_file(trained(folder, tiny.config(None, code__size=1)))[1])


def refused_or_a_run(content: bytes) -> None:
    """Whatever is in it, the folder around is as it was, or has one run that can be read and used."""
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "inner" / "back"
        try:
            run = keep_in(read_run(content, "their.zip"), "their.zip", target)
        except RefusedError:
            assert not target.exists()
            return
        assert [path.name for path in Path(place).iterdir()] == ["inner"]
        assert [path.name for path in target.parent.iterdir()] == ["back"]
        opened = Run(target)
        assert opened.config == run.config
        assert opened.status.state in ("finished", "stopped")
        weights = load_model(opened).state_dict().values()
        assert all(np.isfinite(value.numpy()).all() for value in weights)
        read_film(opened.frames_folder)


def changed(data: bytes, draw: Any) -> bytes:
    """Bytes with some replaced, taken out, put in or cut off."""
    content = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        some = draw(st.binary(min_size=1, max_size=8))
        match draw(st.sampled_from(["replace", "insert", "remove", "cut"])):
            case "replace":
                content[place : place + len(some)] = some
            case "insert":
                content[place:place] = some
            case "remove":
                del content[place : place + len(some)]
            case _:
                del content[place:]
    return bytes(content)


@given(data=st.data())
@settings(max_examples=60)
def test_bytes_of_the_zip(files: dict[str, bytes], data: st.DataObject) -> None:
    content = together(files)
    if data.draw(st.booleans()):  # most bytes are weights; the directory is what a reader walks through
        start = content.index(b"PK\x01\x02")
        refused_or_a_run(content[:start] + changed(content[start:], data.draw))
    else:
        refused_or_a_run(changed(content, data.draw))


@given(data=st.data())
@settings(max_examples=60)
def test_bytes_of_a_file_in_it(files: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(set(files) - {"run.json"})))
    old = files[name]
    # Headers and texts are at the beginning.
    head = data.draw(st.sampled_from([len(old), min(len(old), 300)]))
    refused_or_a_run(together(files | {name: changed(old[:head], data.draw) + old[head:]}))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
@settings(max_examples=80)
def test_values_of_the_json_in_it(files: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["config.json", "about.json", "status.json"]))
    values = json.loads(files[name])
    where = values
    while (
        isinstance(inner := where[key := data.draw(st.sampled_from(sorted(where)))], dict) and inner and data.draw(st.booleans())
    ):
        where = inner
    match data.draw(st.sampled_from(["other", "gone", "more"])):
        case "other":
            where[key] = data.draw(_VALUES)
        case "gone":
            del where[key]
        case _:
            where[data.draw(st.text(max_size=8))] = data.draw(_VALUES)
    refused_or_a_run(together(files | {name: json.dumps(values).encode(errors="replace")}))


@given(data=st.data())
@settings(max_examples=80)
def test_values_of_a_header(weights: bytes, data: st.DataObject) -> None:
    length = int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8 : 8 + length])
    name = data.draw(st.sampled_from(sorted(header)))
    if data.draw(st.booleans()) and name != "__metadata__":
        key = data.draw(st.sampled_from(sorted(header[name])))
        shapes = st.lists(st.integers(-1, 2**41), max_size=9)
        header[name][key] = data.draw(shapes | st.sampled_from(["F32", "F16", "U8", "I64", "BF16"]) | _VALUES)
    else:
        header[name] = data.draw(_VALUES)
    text = json.dumps(header).encode(errors="replace")
    size = data.draw(st.sampled_from([len(text), len(text) + 1, 0, 2**63, len(weights)]))
    refused_or_a_run(size.to_bytes(8, "little") + text + weights[8 + length :])


@given(data=st.data())
@settings(max_examples=40)
def test_entries_of_the_zip(files: dict[str, bytes], data: st.DataObject) -> None:
    names = sorted(set(files) - {"run.json"})
    chosen, other = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))
    name = data.draw(
        st.text(max_size=12).filter(lambda text: "\x00" not in text) | st.just(f"../{chosen}") | st.just(chosen.upper())
    )
    renamed = {name if each == chosen else each: files[other] if each == chosen else files[each] for each in names}
    attributes, flags = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.integers(0, 2**16 - 1))
    is_strange = data.draw(st.booleans())

    def change(entry: zipfile.ZipInfo) -> None:
        if is_strange and entry.filename == other:
            entry.external_attr, entry.flag_bits = attributes, flags

    refused_or_a_run(together(renamed, change))


@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    refused_or_a_run(content)
    refused_or_a_run(b"PK\x03\x04" + content)
