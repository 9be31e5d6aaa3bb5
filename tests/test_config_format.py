"""The format of a configuration's file: older ones are read, newer ones refused, and what is written is read again exactly."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.config_format import FORMAT
from aecore.presets import PRESETS

OLD = Path(__file__).parent / "data" / "config-format-1.json"


def test_a_stored_file_of_the_first_format_means_what_it_meant() -> None:
    config = RunConfig.from_json(OLD.read_bytes())
    assert (config.epochs, config.batch_size, config.seed, config.code.size) == (7, 64, 3, 10)
    assert (config.architecture.kind, config.architecture.channels) == ("conv2d", (8, 16))
    # What there was no setting for is as it was then.
    assert config.schedule.kind == "joint"
    assert config.objective.sparsity == "none"
    assert config.architecture.tied is False
    assert config.data.classes is None
    again = RunConfig.from_json(config.to_json())
    assert again == config
    assert json.loads(config.to_json())["format"] == FORMAT


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_what_is_written_is_read_again_exactly(name: str) -> None:
    config = PRESETS[name].config
    assert RunConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("given", "words"),
    [(FORMAT + 1, "update the app"), (0, "whole number"), ("2", "whole number"), (True, "whole number"), (2.0, "whole number")],
    ids=str,
)
def test_other_formats_are_refused_with_a_sentence(given: object, words: str) -> None:
    values = json.loads(RunConfig().to_json()) | {"format": given}
    with pytest.raises(ConfigError, match=words):
        RunConfig.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "[]", "3", '"word"', "null", "{", '{"epochs": NaN}', '{"format": 2, "wheels": 4}'], ids=str)
def test_what_is_no_configuration_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_json(text)
    assert caught.value.problems


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_json_breaks_it(value: object) -> None:
    with suppress(ConfigError):
        RunConfig.from_json(json.dumps(value))
