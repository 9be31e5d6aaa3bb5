"""A configuration goes in and out without loss, and what cannot be is refused with a sentence, never with another error."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from aecore.config import RunConfig, bounds, choices
from aecore.config_errors import MOST_PROBLEMS, ConfigError
from aecore.config_rules import MAX_PARAMETERS
from aecore.data.catalogue import CARDS
from aecore.data.shape_grid import LEAST_PICTURES
from aecore.data.shapes import FACTOR_SIZES
from tests.tiny import settings

NAMES = sorted(RunConfig.settings())
USUAL = RunConfig.parse({})

factor_steps = st.tuples(*(st.integers(1, size) for size in FACTOR_SIZES)).filter(
    lambda steps: math.prod(steps) >= LEAST_PICTURES
)


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    """Every setting drawn from its whole range, as far as the settings go together."""

    def numbers(name: str) -> st.SearchStrategy[float]:
        low, high = bounds(name)
        return st.floats(low, high)

    def any_of(name: str) -> Any:
        return draw(st.sampled_from(choices(name)))

    data = any_of("data.name")
    conv = draw(st.booleans())
    gaussian = draw(st.booleans())
    greedy = not conv and not gaussian and draw(st.booleans())
    is_sequence = CARDS[data].is_sequence
    loss = draw(st.sampled_from(["mse", "mae"])) if is_sequence else any_of("objective.reconstruction")
    plain = ["none", "gaussian", "masking"]
    size = draw(st.integers(1, 100))
    steps = draw(st.none() | factor_steps) if data == "shapes" else None
    classes = draw(st.none() | st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True)) if steps is None else None
    sparsity = "none" if gaussian else any_of("objective.sparsity")
    activations = st.sampled_from(["sigmoid", "tanh"] if sparsity == "kl" else choices("architecture.activation"))
    optimizer = any_of("optimizer.kind")
    drawn = settings(
        data__name=data,
        data__resolution=draw(st.sampled_from({"shapes": [None, 64, 32]}.get(data, [None] if is_sequence else [None, 28]))),
        data__factor_steps=steps,
        data__classes=classes,
        data__train_images=draw(st.none() | st.integers(10, 1_000_000)),
        architecture__kind=("conv1d" if is_sequence else "conv2d") if conv else "dense",
        architecture__hidden=draw(st.lists(st.integers(1, 150), max_size=8)),
        architecture__channels=draw(st.lists(st.integers(1, 32), min_size=1, max_size=4)),
        architecture__kernel_size=any_of("architecture.kernel_size"),
        architecture__activation=draw(activations),
        architecture__tied=not conv and draw(st.booleans()),
        architecture__output="sigmoid" if loss == "bce" else any_of("architecture.output"),
        code__kind="gaussian" if gaussian else "vector",
        code__size=size,
        code__activation="linear" if gaussian else draw(activations),
        code__top_k=None if gaussian else draw(st.none() | st.integers(1, size)),
        corruption__kind=draw(st.sampled_from(plain)) if greedy or is_sequence else any_of("corruption.kind"),
        corruption__level=draw(numbers("corruption.level")),
        objective__reconstruction=loss,
        objective__divergence=any_of("objective.divergence") if gaussian else "kl",
        objective__beta=draw(numbers("objective.beta")),
        objective__capacity=draw(numbers("objective.capacity")),
        objective__gamma=draw(numbers("objective.gamma")),
        objective__capacity_rise=draw(st.floats(0, 1, exclude_min=True)),
        objective__weight_decay=draw(numbers("objective.weight_decay")),
        objective__sparsity=sparsity,
        objective__sparsity_target=draw(st.floats(0, 1, exclude_min=True, exclude_max=True)),
        objective__sparsity_weight=draw(numbers("objective.sparsity_weight")),
        objective__contractive=0.0 if conv or gaussian else draw(numbers("objective.contractive")),
        schedule__kind="greedy" if greedy else "joint",
        schedule__layer_epochs=draw(st.integers(1, 500)),
        schedule__classifier_epochs=draw(st.integers(0, 500)),
        optimizer__kind=optimizer,
        optimizer__learning_rate=draw(st.floats(0, 10, exclude_min=True)),
        optimizer__schedule="constant" if optimizer == "lbfgs" else any_of("optimizer.schedule"),
        optimizer__momentum=draw(st.floats(0, 1, exclude_max=True)),
        optimizer__decoupled_decay=draw(numbers("optimizer.decoupled_decay")),
        epochs=draw(st.integers(1, 500)),
        batch_size=draw(st.integers(1, 4096)),
        seed=draw(st.integers(0, 2**31 - 1)),
    )
    try:
        return USUAL.with_settings(drawn)
    except ConfigError as error:
        if "the memory allows" in str(error) or "use a batch size of" in str(error).lower():
            reject()  # a batch that is too large (or too small) for this network is no configuration
        raise


@given(configs())
def test_json_keeps_everything(config: RunConfig) -> None:
    assert RunConfig.from_json(config.to_json()) == config
    assert RunConfig.from_json(config.to_json().encode()) == config


@given(configs())
def test_a_url_s_query_keeps_everything(config: RunConfig) -> None:
    query = config.to_query()
    assert all(isinstance(value, str) for value in query.values())
    assert RunConfig.from_query(query) == config


@given(configs())
def test_settings_by_dotted_name_keep_everything(config: RunConfig) -> None:
    flat = config.flat()
    assert sorted(flat) == NAMES
    assert USUAL.with_settings(flat) == config


@given(configs(), configs())
def test_the_differences_turn_one_into_the_other(one: RunConfig, other: RunConfig) -> None:
    differences = one.differences(other)
    assert all(mine != theirs for mine, theirs in differences.values())
    assert one.with_settings({name: theirs for name, (_, theirs) in differences.items()}) == other


def test_differences_name_both_values() -> None:
    other = USUAL.with_settings({"code.size": 2, "epochs": 3})
    assert USUAL.differences(other) == {"code.size": (32, 2), "epochs": (20, 3)}
    assert USUAL.differences(USUAL) == {}


def test_a_query_says_only_what_is_unusual() -> None:
    assert USUAL.to_query() == {}
    run = USUAL.with_settings(settings(architecture__hidden=(512, 256), architecture__tied=True, optimizer__learning_rate=1e-7))
    assert run.to_query() == {"architecture.hidden": "512-256", "architecture.tied": "true", "optimizer.learning_rate": "1e-07"}


def test_a_query_may_hold_what_is_no_setting() -> None:
    assert RunConfig.from_query({"utm_source": "mail", "run": "abc", "code.size": "7"}).code.size == 7


# --- every setting is described and bounded -----------------------------------------------------------------------------


def test_every_setting_says_what_it_is() -> None:
    assert sorted(USUAL.flat()) == NAMES
    for name, field in RunConfig.settings().items():
        assert field.title, name
        assert field.description, name


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("data.train_images", 10, 1_000_000),
        ("code.size", 1, 4096),
        ("corruption.level", 0, 1),
        ("objective.beta", 0, 1000),
        ("objective.weight_decay", 0, 10),
        ("objective.sparsity_weight", 0, 1000),
        ("objective.contractive", 0, 1000),
        ("schedule.layer_epochs", 1, 500),
        ("schedule.classifier_epochs", 0, 500),
        ("optimizer.decoupled_decay", 0, 1),
        ("epochs", 1, 500),
        ("batch_size", 1, 4096),
    ],
)
def test_the_bounds_are_inside_and_what_lies_beyond_is_refused(name: str, low: float, high: float) -> None:
    assert bounds(name) == (low, high)
    for inside in (low, high):
        assert USUAL.with_settings({name: inside}).flat()[name] == inside
    title = RunConfig.settings()[name].title
    for outside, rule in ((low - 1, f"at least {low}"), (high + 1, f"at most {high}")):
        (problem,) = problems(partial(USUAL.with_settings, {name: outside}))
        assert re.fullmatch(re.escape(f"{title} ({name}) must be {rule}") + rf"(\.0)?; you gave {outside}\.", problem)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("optimizer.learning_rate", 0, "must be more than 0"),
        ("optimizer.learning_rate", 10.5, "must be at most 10"),
        ("optimizer.momentum", 1, "must be less than 1"),
        ("objective.sparsity_target", 0, "must be more than 0"),
        ("objective.sparsity_target", 1, "must be less than 1"),
        ("objective.sparsity", "l2", "must be one of 'none', 'kl' or 'l1'"),
        ("code.top_k", 0, "must be at least 1"),
        ("code.top_k", 4097, "must be at most 4096"),
        ("data.classes", "cat", "must be a whole number"),
        ("schedule.kind", "backwards", "must be one of 'joint' or 'greedy'"),
        ("seed", -1, "must be at least 0"),
        ("seed", 2**31, "must be less than 2147483648"),
        ("architecture.hidden", "1-" * 9, "can have at most 8 entries"),
        ("architecture.hidden", "0", "must be at least 1"),
        ("architecture.hidden", [4097], "must be at most 4096"),
        ("architecture.channels", "", "needs at least 1 entry"),
        ("architecture.channels", "257", "must be at most 256"),
        ("architecture.kernel_size", "6", "must be one of 3, 4, 5, 7 or 9"),
        ("architecture.activation", "mish", "must be one of 'relu', "),
        ("architecture.tied", "maybe", "must be true or false"),
        ("architecture.hidden", "many", "must be a whole number"),
        ("epochs", "2.5", "must be a whole number"),
        ("objective.beta", "1e999", "must be an ordinary number"),
        ("objective.beta", "NaN", "must be an ordinary number"),
        ("data.name", 5, "must be a word"),
        ("data.name", "", "There is no data set called"),
        ("data.name", "minst", "Did you mean 'mnist'?"),
        ("data.resolution", "64", "comes in 28 pixels, not in 64"),
    ],
)
def test_what_is_out_of_bounds_is_refused(name: str, value: object, rule: str) -> None:
    (problem,) = problems(lambda: USUAL.with_settings({name: value}))
    assert rule in problem


def test_a_network_that_is_too_large_is_refused_with_its_size() -> None:
    with pytest.raises(ConfigError, match="This network has 40,059,672 parameters; 20,000,000 are allowed"):
        USUAL.with_settings({"architecture.hidden": "4096-4096", "code.size": 8})
    largest = USUAL.with_settings({"architecture.hidden": "4096-1600", "code.size": 8})
    assert 0.9 * MAX_PARAMETERS < largest.plan.parameters <= MAX_PARAMETERS


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (settings(architecture__output="linear"), "Binary cross-entropy needs reconstructed pixels between 0 and 1"),
        (settings(code__kind="gaussian", code__activation="relu"), "A Gaussian code has no activation of its own"),
        (settings(architecture__kind="conv2d", architecture__tied=True), "Tied weights are for dense layers"),
        (settings(architecture__kind="conv2d", architecture__channels=(1,) * 9), "can have at most 8 entries"),
        (settings(data__name="shapes", data__resolution=28), "comes in 64 or 32 pixels, not in 28"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(values: dict[str, Any], sentence: str) -> None:
    (problem,) = problems(lambda: USUAL.with_settings(values))
    assert sentence in problem


def test_a_gaussian_s_linear_output_needs_the_squared_error() -> None:
    assert USUAL.with_settings(settings(architecture__output="linear", objective__reconstruction="mse"))


@pytest.mark.parametrize(
    ("given", "meant"),
    [("cod.size", "code.size"), ("optimizer.learning_rte", "optimizer.learning_rate"), ("model.hidden", "architecture.hidden")],
)
def test_a_name_that_does_not_exist_gets_the_nearest(given: str, meant: str) -> None:
    assert problems(lambda: USUAL.with_settings({given: 1})) == [f"There is no setting called “{given}”. Did you mean “{meant}”?"]


def test_a_wrong_name_inside_a_section_gets_the_nearest_too() -> None:
    assert problems(lambda: RunConfig.parse({"code": {"sise": 2}})) == [
        "There is no setting called “code.sise”. Did you mean “code.size”?"
    ]


def test_every_problem_has_its_own_sentence() -> None:
    assert len(problems(lambda: USUAL.with_settings({"epochs": 0, "code.size": "x", "corruption.level": 2}))) == 3


@pytest.mark.parametrize("text", ["512-256", "512,256", "512 256", "[512, 256]", "(512, 256)", "512x256", "512; 256"])
def test_sizes_may_be_written_in_many_ways(text: str) -> None:
    assert USUAL.with_settings({"architecture.hidden": text}).architecture.hidden == (512, 256)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("architecture.kernel_size", "5", 5),
        ("data.train_images", "all", None),
        ("data.train_images", " 256 ", 256),
        ("architecture.tied", "true", True),
        ("architecture.hidden", "", ()),
        ("corruption.kind", "dropout", "masking"),
        ("data.resolution", "None", None),
        ("data.resolution", "28", 28),
        ("architecture.kernel_size", "4", 4),
        ("data.factor_steps", "None", None),
    ],
)
def test_text_becomes_the_value_that_it_says(name: str, text: str, value: object) -> None:
    assert USUAL.with_settings({name: text}).flat()[name] == value


def test_steps_count_the_last_smaller_batch() -> None:
    run = USUAL.with_settings({"data.train_images": 33, "batch_size": 16, "epochs": 4})
    assert (run.train_size, run.steps_per_epoch, run.total_steps) == (33, 3, 12)
    assert USUAL.with_settings({"data.train_images": 10**6}).train_size == 4_000


# --- whatever comes from outside ----------------------------------------------------------------------------------------

HOSTILE = [
    *(
        "",
        " ",
        "\0",
        "-",
        "--",
        "[]",
        "NaN",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "-1e999",
        "1e-999",
        "0x10",
        "1_000",
        "٣",
        "５",
        "true",
    ),
    *("9" * 5000, "-" * 5000, "1-" * 5000, "a" * 5000, "💥", "\N{RIGHT-TO-LEFT OVERRIDE}", "../../etc/passwd", "<script>", "%00"),
    *("None", "null", "{}", "28", "64", "4096", "4097", "2147483648", "1e3", "5.0", "-0.0"),
]

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), "\ud800"])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8) | st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=8,
)
section_names = st.sampled_from(["data", "architecture", "code", "corruption", "objective", "optimizer", "epochs", "seed", "x"])
inner_names = st.sampled_from(sorted({name.rpartition(".")[2] for name in NAMES})) | st.text(max_size=8)
nested = st.dictionaries(section_names, junk | st.dictionaries(inner_names, junk, max_size=4), max_size=4)


def problems(make: Callable[[], RunConfig]) -> list[str]:
    """The sentences with which it is refused."""
    with pytest.raises(ConfigError) as caught:
        make()
    return caught.value.problems


def valid_or_refused(make: Callable[[], RunConfig]) -> None:
    """Either a configuration that can be written and read again, or sentences: nothing else may come out."""
    try:
        config = make()
    except ConfigError as error:
        sentences = error.problems
    else:
        assert RunConfig.from_query(config.to_query()) == config
        return
    assert sentences
    assert all(sentence.strip()[-1] in ".?" for sentence in sentences)
    assert all(len(sentence) < 6000 for sentence in sentences)


@given(
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=10), st.sampled_from(HOSTILE) | st.text(max_size=30), max_size=6)
)
def test_no_query_string_breaks_it(query: dict[str, str]) -> None:
    valid_or_refused(lambda: RunConfig.from_query(query))


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=10), junk, max_size=5))
def test_no_setting_breaks_it(values: dict[str, Any]) -> None:
    valid_or_refused(lambda: USUAL.with_settings(values))


@given(nested)
def test_no_nested_values_break_it(values: dict[str, Any]) -> None:
    valid_or_refused(lambda: RunConfig.parse(values))


@given(nested)
def test_no_json_object_breaks_it(values: dict[str, Any]) -> None:
    valid_or_refused(lambda: RunConfig.from_json(json.dumps(values)))


@pytest.mark.parametrize("name", ["epochs", "seed", "code.size", "objective.beta", "architecture.hidden", "data.name"])
def test_a_number_too_long_to_be_written_is_refused_like_any_other(name: str) -> None:
    # Python itself raises ValueError when a whole number of more than 4,300 digits is to be shown.
    given = (10**5000,) if name == "architecture.hidden" else 10**5000
    (problem,) = problems(lambda: USUAL.with_settings({name: given}))
    assert problem.startswith(RunConfig.settings()[name].title)
    valid_or_refused(lambda: RunConfig.from_json('{"epochs": 1' + "0" * 5000 + "}"))


@given(
    st.text()
    | st.binary()
    | st.sampled_from(["", "null", "[]", "[" * 100_000, '{"data":' * 1000, "\ud800", b"\xff\xfe", "1e999"])
)
def test_no_text_breaks_it(text: str | bytes) -> None:
    valid_or_refused(lambda: RunConfig.from_json(text))


def test_thousands_of_mistakes_are_told_in_a_few_sentences() -> None:
    assert len(problems(lambda: USUAL.with_settings({"architecture.hidden": "a-" * 20_000}))) == MOST_PROBLEMS
    (problem,) = problems(lambda: USUAL.with_settings({"data.name": "mnist" * 20_000}))
    assert len(problem) < 120


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"data.factor_steps": "3-6-40-32-32"}, "leave data.factor_steps empty"),
        ({"data.name": "shapes", "data.factor_steps": "1-1-1-1-1"}, "Let more factors vary"),
        ({"objective.divergence": "capacity"}, "needs a Gaussian code"),
        ({"objective.divergence": "total-correlation", "code.kind": "gaussian", "batch_size": 1}, "batch size of 2"),
        (
            {"objective.divergence": "total-correlation", "code.kind": "gaussian", "batch_size": 2000, "code.size": 100},
            "batch size of 1,224 at most",
        ),
        (
            {"architecture.kind": "conv2d", "architecture.kernel_size": 4, "architecture.full_size_channels": 8},
            "have no middle",
        ),
        (
            {"architecture.kind": "conv2d", "architecture.kernel_size": 4, "architecture.channels": "4-4-4-4-4"},
            "use 4 at most",
        ),
    ],
)
def test_what_does_not_fit_the_regulariser_the_factors_or_the_filters_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        USUAL.with_settings(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"data.classes": "5-12"}, "The classes of Digits are 0 to 9: name some of them in data.classes, each once, e.g. 0-1."),
        ({"code.kind": "gaussian", "code.top_k": 3}, "leave code.top_k empty, or set code.kind to vector"),
        ({"code.size": 8, "code.top_k": 9}, "Of 8 numbers no 9 can be kept: set code.top_k to 8 at most."),
        ({"code.kind": "gaussian", "objective.sparsity": "l1"}, "set objective.sparsity to none, or code.kind to vector"),
        ({"objective.sparsity": "kl"}, "set code.activation to sigmoid or tanh, or objective.sparsity to l1"),
        ({"objective.sparsity": "kl", "code.activation": "relu"}, "“relu” has none"),
        (
            {
                "objective.sparsity": "kl",
                "code.activation": "tanh",
                "schedule.kind": "greedy",
                "architecture.hidden": "9",
            },
            "“relu” has none: set architecture.activation to sigmoid or tanh",
        ),
        ({"objective.contractive": 0.1, "architecture.kind": "conv2d"}, "set architecture.kind to dense and code.kind to vector"),
        ({"objective.contractive": 0.1, "code.kind": "gaussian"}, "or objective.contractive to 0"),
        (
            {"objective.contractive": 0.1, "architecture.hidden": "1000", "code.size": 500, "batch_size": 512},
            "what each of 500 code numbers owes to each of 1,000 units: use a batch size of 300 at most",
        ),
        ({"schedule.kind": "greedy", "architecture.kind": "conv2d"}, "set architecture.kind to dense, or schedule.kind to joint"),
        ({"schedule.kind": "greedy", "code.kind": "gaussian"}, "set code.kind to vector, or schedule.kind to joint"),
        ({"schedule.kind": "greedy", "corruption.kind": "mixed"}, "cannot have “mixed” noise: set corruption.kind to gaussian"),
        ({"optimizer.kind": "lbfgs", "optimizer.schedule": "cosine"}, "set optimizer.schedule to constant"),
        (
            {"optimizer.kind": "lbfgs", "architecture.hidden": "3000", "code.size": 500},
            "L-BFGS remembers its last 20 steps: this network's 7,711,284 parameters are too many for that, 5,000,000",
        ),
    ],
)
def test_each_rule_of_sparse_stacked_and_contractive_networks_says_what_to_change(given: dict[str, Any], words: str) -> None:
    (problem,) = problems(lambda: USUAL.with_settings(given))
    assert words in problem
    assert problem.endswith(".")


def test_what_is_nearly_refused_is_allowed() -> None:
    for values in (
        {"objective.sparsity": "kl", "code.activation": "tanh", "architecture.hidden": "9"},  # ReLU below is no code here
        {"objective.sparsity": "kl", "code.activation": "sigmoid", "schedule.kind": "greedy"},
        {"objective.contractive": 0.1, "architecture.hidden": "1000", "code.size": 500, "batch_size": 300},
        {"code.size": 8, "code.top_k": 8},
        {"schedule.classifier_epochs": 3, "architecture.kind": "conv2d"},
        {"schedule.classifier_epochs": 3, "code.kind": "gaussian"},
        {"data.name": "shapes", "data.classes": "2"},
    ):
        assert USUAL.with_settings(values).differences(USUAL).keys() == values.keys()
