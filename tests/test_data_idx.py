"""IDX files: what is written is read, and every kind of damage is noticed."""

from __future__ import annotations

import gzip
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from aecore.data.idx import IdxError, gunzip, parse_idx

Array = npt.NDArray[Any]


def idx(values: Array) -> bytes:
    """The IDX file of an array of unsigned bytes."""
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + values.astype(np.uint8).tobytes()


ANY_ARRAY = arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6))


@given(ANY_ARRAY)
def test_round_trip(values: Array) -> None:
    np.testing.assert_array_equal(parse_idx(idx(values)), values)
    np.testing.assert_array_equal(parse_idx(gunzip(gzip.compress(idx(values)))), values)


@given(ANY_ARRAY, st.data())
def test_a_file_cut_anywhere_is_noticed(values: Array, data: st.DataObject) -> None:
    whole = idx(values)
    with pytest.raises(IdxError):
        parse_idx(whole[: data.draw(st.integers(0, len(whole) - 1))])
    packed = gzip.compress(whole)
    with pytest.raises(IdxError, match="damaged"):
        gunzip(packed[: data.draw(st.integers(1, len(packed) - 1))])


@given(st.binary(max_size=200))
def test_no_bytes_cause_any_other_error(content: bytes) -> None:
    for read in (parse_idx, gunzip):
        with suppress(IdxError):
            read(content)


def test_bytes_too_many_are_noticed() -> None:
    with pytest.raises(IdxError, match="promises 3 values and holds 4"):
        parse_idx(idx(np.arange(3)) + b"x")


def test_other_types_are_named() -> None:
    with pytest.raises(IdxError, match="type 13"):
        parse_idx(bytes([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0]))


def test_a_web_page_is_no_idx_file() -> None:
    with pytest.raises(IdxError, match="no IDX file"):
        parse_idx(b"<html>not here</html>")


def test_a_flipped_byte_in_a_compressed_file_is_noticed() -> None:
    packed = bytearray(gzip.compress(idx(np.arange(200))))
    packed[-6] ^= 1  # in the checksum
    with pytest.raises(IdxError, match="damaged"):
        gunzip(bytes(packed))


def test_an_enormous_header_is_compared_not_allocated() -> None:
    with pytest.raises(IdxError, match="promises"):
        parse_idx(bytes([0, 0, 8, 3]) + b"\xff" * 12 + b"abc")
