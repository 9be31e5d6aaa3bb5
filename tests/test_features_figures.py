"""The figures of the Features page hold the numbers that they are given, under names and looks that can be told apart."""

from __future__ import annotations

import math

import pytest

from aecore.bottleneck_results import Bottleneck, BottleneckPoint
from aecore.features_figures import accuracy_lines, compression_lines, confusion_map, copying_lines, error_lines
from aecore.probe_results import Probe, ProbePoint, Spread

POINTS = (
    BottleneckPoint("pca", 2, 0.05, 13.0, 2.0, 0.09),
    BottleneckPoint("linear", 2, 0.0501, 12.9, 2.0, 0.09),
    BottleneckPoint("autoencoder", 2, 0.04, 14.0, 2.0, 0.1),
    BottleneckPoint("pca", 32, 0.016, 18.0, 32.0, 0.07),
    BottleneckPoint("linear", 32, 0.0161, 17.9, 32.0, 0.07),
    BottleneckPoint("autoencoder", 32, 0.006, 22.0, 32.0, 0.11),
    BottleneckPoint("autoencoder", 1024, 0.001, 30.0, 1024.0, 0.002),
    BottleneckPoint("sparse", 1024, 0.004, 24.0, 90.0, 0.08),
)
STUDY = Bottleneck("digits", 3, 0, 4000, 500, 784, POINTS, (2, 32, 1024))


def spread(*values: float) -> Spread:
    return Spread.of(values)


PROBE = Probe(
    data="digits",
    step=9,
    classes=(3, 5),
    code_size=4,
    draws=2,
    test_images=8,
    points=(
        ProbePoint(10, spread(0.6, 0.8), spread(0.5, 0.5), spread(0.4, 0.6)),
        ProbePoint(0, spread(0.9), spread(0.85), spread(0.8)),
    ),
    confusion={"features": [[4, 0], [1, 3]], "pixels": [[3, 1], [2, 2]], "pca": [[2, 2], [2, 2]]},
    seconds=1.0,
    train_images=800,
    case="all",
    weights="abc",
)


def test_errors_stand_at_their_code_sizes_on_logarithmic_axes() -> None:
    figure = error_lines(STUDY)
    lines = {line.name: line for line in figure.data}
    assert set(lines) == {"PCA", "Linear autoencoder", "Autoencoder", "Sparse autoencoder"}
    assert list(lines["Autoencoder"].x) == [2, 32, None, 1024], "from 256 on it is another network: its line begins anew"
    assert list(lines["Autoencoder"].y) == [0.04, 0.006, None, 0.001]
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert len({(line.line.color, line.marker.symbol, line.line.dash) for line in figure.data}) == len(lines)
    (mark,) = figure.layout.shapes
    assert (mark.x0, mark.x1) == (784, 784)
    assert figure.layout.annotations[0].x == pytest.approx(math.log10(784))


def test_the_chart_of_copying_has_the_errors_on_shuffled_pictures() -> None:
    lines = {line.name: list(line.y) for line in copying_lines(STUDY).data}
    assert lines["Sparse autoencoder"] == [0.08]
    assert lines["Autoencoder"] == [0.1, 0.11, None, 0.002]


def test_compression_is_by_bytes_not_by_numbers() -> None:
    lines = {line.name: line for line in compression_lines(STUDY).data}
    assert list(lines["Sparse autoencoder"].x) == [90.0]
    assert list(lines["Sparse autoencoder"].y) == [24.0]
    assert list(lines["Sparse autoencoder"].customdata) == [1024]


def test_a_chart_that_grows_keeps_its_place() -> None:
    first = error_lines(Bottleneck("digits", 3, 0, 4000, 500, 784, POINTS[:1], (2, 32, 1024)))
    assert first.layout.xaxis.range == error_lines(STUDY).layout.xaxis.range
    assert list(first.layout.xaxis.tickvals) == [2, 32, 1024]
    assert [line.name for line in first.data] == ["PCA"]


def test_accuracies_in_percent_with_their_spread_and_all_labels_at_the_end() -> None:
    figure = accuracy_lines(PROBE)
    lines = {line.name: line for line in figure.data}
    assert list(lines["Features"].y) == pytest.approx([70, 90])
    assert list(lines["Features"].error_y.array) == pytest.approx([100 * 0.2 / math.sqrt(2), 0])
    assert list(figure.layout.xaxis.tickvals) == [10, 800]
    assert list(figure.layout.xaxis.ticktext) == ["10", "all 800"]
    xs = [tuple(line.x) for line in figure.data]
    assert len(set(xs)) == 3, "whiskers beside each other"


def test_a_confusion_matrix_has_rows_of_the_true_class() -> None:
    figure = confusion_map(PROBE, "features", {3: "three", 5: "five"})
    cells, texts = figure.data
    assert list(cells.x) == list(cells.y) == ["three", "five"]
    assert [list(row) for row in cells.z] == [[1, 0], [math.sqrt(1 / 4), math.sqrt(3 / 4)]]
    assert list(zip(texts.x, texts.y, texts.text, strict=True)) == [
        ("three", "three", "4"),
        ("three", "five", "1"),
        ("five", "five", "3"),
    ], "no text where there is nothing"
    assert cells.customdata[1][0] == "five taken for three: 1 of 4"
    assert figure.layout.yaxis.autorange == "reversed"
    with pytest.raises(KeyError):
        confusion_map(PROBE, "codes", {3: "three", 5: "five"})
