"""Charts and heat maps of a sweep hold the numbers that they are given, in shapes and colours that can be told apart."""

from __future__ import annotations

import dataclasses
import re

import pytest
from plotly.colors import sample_colorscale, unlabel_rgb

from aecore.disentangle_figures import MARKERS, heat_map, metric_chart
from aecore.sweep_config import Arm
from aecore.sweep_html import GLYPHS
from aecore.sweep_table import COLUMNS, table_of
from tests.measured_sweep import measured, results

MIG = next(column for column in COLUMNS if column.name == "mig")
KL = next(column for column in COLUMNS if column.name == "kl")
ONE, FOUR = Arm("kl", 1.0), Arm("kl", 4.0)


def test_seeds_means_and_whiskers() -> None:
    made = results({ONE: (0.1, 0.3), FOUR: (0.5, 0.5)})
    figure = metric_chart(table_of(made.runs).rows, MIG, made.colours)
    seeds, means = figure.data
    assert list(seeds.x) == [1, 1, 4, 4]
    assert list(seeds.y) == [0.1, 0.3, 0.5, 0.5]
    assert list(seeds.customdata)[1] == "β-VAE, β = 1, seed 1"
    assert (list(means.x), list(means.y)) == ([1, 4], [0.2, 0.5])
    assert list(means.error_y.array) == list(means.error_y.arrayminus) == [pytest.approx(0.1414, abs=1e-4), 0]
    assert list(means.marker.color) == [made.colours[ONE], made.colours[FOUR]]
    assert figure.layout.title.text == "MIG"
    assert figure.layout.xaxis.type == "log"
    assert list(figure.layout.xaxis.ticktext) == ["1", "4"]
    assert figure.layout.yaxis.rangemode == "tozero"
    assert not figure.layout.showlegend
    assert metric_chart(table_of(made.runs).rows, KL, made.colours).layout.yaxis.rangemode == "normal"


def test_a_single_seed_has_its_own_interval() -> None:
    made = results({ONE: (0.1,), FOUR: (0.5,)})
    seeds, means = metric_chart(table_of(made.runs).rows, MIG, made.colours).data
    assert len(seeds.x) == 0
    assert list(means.error_y.array) == pytest.approx([0.01, 0.01])
    assert "0.100 (0.090 to 0.110)" in means.customdata[0]


def test_objectives_differ_in_shape_and_colour_and_capacity_has_its_own_axis() -> None:
    arms = [ONE, FOUR, *(Arm("total-correlation", value) for value in (1.0, 4.0)), *(Arm("capacity", v) for v in (0.0, 10.0))]
    made = results({arm: (0.1 * place, 0.1 * place + 0.01) for place, arm in enumerate(arms)})
    figure = metric_chart(table_of(made.runs).rows, MIG, made.colours)
    lines = figure.data[1::2]
    assert [line.name for line in lines] == ["β-VAE", "β-TCVAE", "Capacity"]
    assert [line.marker.symbol for line in lines] == list(MARKERS.values())
    assert len({line.line.color for line in lines}) == 3
    assert [line.xaxis for line in lines] == ["x", "x", "x2"]
    assert figure.layout.showlegend
    first, second = figure.layout.xaxis, figure.layout.xaxis2
    assert first.domain[1] < second.domain[0]
    assert (second.type, second.title.text, list(second.tickvals)) == ("linear", "C (nats)", [0, 10])
    # At the same β the two stand beside each other, with the tick between them.
    assert lines[0].x[0] < first.tickvals[0] < lines[1].x[0]


def test_beta_zero_has_a_place_on_the_logarithmic_axis() -> None:
    made = results({Arm("kl", 0.0): (0.1, 0.2), FOUR: (0.5, 0.5)})
    axis = metric_chart(table_of(made.runs).rows, MIG, made.colours).layout.xaxis
    assert list(axis.ticktext) == ["0", "4"]
    assert list(axis.tickvals) == [1, 4]


def test_what_is_not_measured_is_not_drawn() -> None:
    made = results({ONE: (0.1, 0.2), FOUR: (0.5, None)})
    assert list(metric_chart(table_of(made.runs).rows, MIG, made.colours).data[1].x) == [1]


def test_the_heat_map_in_the_order_of_kl() -> None:
    run = dataclasses.replace(measured(ONE, 0, 0.3), kl=(1.0, 5.0, 0.004, 0.06))
    figure = heat_map(run, "#123456")
    cells, texts = figure.data
    assert list(cells.y) == ["z2  5.0 nats", "z1  1.0 nats", "z4  0.1 nats", "z3 collapsed"]
    assert list(cells.x) == ["scale", "x", "y"]
    assert [list(row) for row in cells.z] == [[0.05, 0.01, 0.5], [0.6, 0.8, 0.05], [0, 0, 0], [0.04, 0.01, 0.01]]
    assert (cells.zmin, cells.zmax) == (0, 1)
    assert [text for text in texts.text if "<b>" in text] == ["<b>50</b>", "<b>60</b>", "<b>80</b>"]
    assert "#123456" in figure.layout.title.text
    assert GLYPHS["kl"] in figure.layout.title.text


def test_values_can_be_read_on_their_cells() -> None:
    shares = [place / 40 for place in range(41)]
    run = measured(ONE, 0, 0.3)
    assert run.numbers is not None
    rows = tuple((share, share, share) for share in shares[:16])
    for some in (rows, tuple((share,) * 3 for share in shares[16:32]), tuple((share,) * 3 for share in shares[32:])):
        made = dataclasses.replace(run.numbers, mutual_information=some, entropies=(1.0, 1.0, 1.0))
        figure = heat_map(dataclasses.replace(run, numbers=made, kl=()), "#123456")
        shown = [share for row in some for share in row]
        for share, colour in zip(shown, figure.data[1].textfont.color, strict=True):
            assert _contrast(share, colour) >= 4.5


def _contrast(share: float, colour: str) -> float:
    """WCAG 2.1: of a text's colour, black or white, to the cell behind it."""
    parts = [part / 255 for part in unlabel_rgb(sample_colorscale("Cividis", [share])[0])]
    linear: list[float] = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    behind = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    text = {"#000000": 0.0, "#ffffff": 1.0}[colour]
    return (max(behind, text) + 0.05) / (min(behind, text) + 0.05)


def test_a_large_code_shows_its_most_used_numbers() -> None:
    run = measured(ONE, 0, 0.3)
    assert run.numbers is not None
    many = dataclasses.replace(run.numbers, mutual_information=((0.1, 0.2, 0.3),) * 40)
    figure = heat_map(dataclasses.replace(run, numbers=many, kl=tuple(float(place) for place in range(40))), "#123456")
    assert len(figure.data[0].y) == 16
    assert re.match("z40 ", figure.data[0].y[0])


def test_without_mutual_information_there_is_no_heat_map() -> None:
    with pytest.raises(ValueError, match="measure MIG first"):
        heat_map(measured(ONE, 0, None), "#123456")
