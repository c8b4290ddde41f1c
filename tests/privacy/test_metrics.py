"""Each metric beside plain computation: sensitivities hold and are attained, sums decode, intervals cover."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.errors import EncodingError
from sda.privacy.metrics import registry
from sda.privacy.metrics.intervals import ratio_interval
from sda.privacy.metrics.metric import Metric, Point, Spread
from tests.privacy.queries import EVENTS, METRICS, metric, people, query

SILENT = Spread(0.0, 0.95, 1.96)

points = st.builds(
    lambda events, value: events | value,
    st.dictionaries(st.sampled_from(EVENTS), st.integers(0, 20).map(float)),
    st.one_of(st.just({}), st.floats(-1000, 1000).map(lambda value: {"seconds": value})),
)

EXTREMES: list[Point] = [
    {},
    *({"seconds": value} for value in (-400.0, -300.0, 0.0, 5.0, 61.0, 100.0, 300.0, 599.0, 600.0, 601.0)),
    dict.fromkeys(EVENTS, 20.0),
    {"on": 20.0, "off": 20.0},
    {"timer": 20.0, "music": 20.0},
    {"news": 20.0},
    {"on": 20.0},
]


def in_ranges(asked: Metric, point: Point) -> np.ndarray:
    return np.array(asked.encode(point)) / asked.steps


def norms(change: np.ndarray) -> tuple[float, float, float]:
    size = np.abs(change)
    return float((size > 0).sum()), float(size.sum()), float(np.linalg.norm(size))


def test_registry__finds_every_metric_by_its_kind() -> None:
    assert set(registry()) == {
        "count",
        "frequency",
        "histogram",
        "mean",
        "quantiles",
        "ratio",
        "sum",
        "top",
        "variance",
    }


@pytest.mark.parametrize("name", METRICS)
@given(before=points, after=points)
def test_sensitivity__of_any_replacement__is_not_exceeded(name: str, before: Point, after: Point) -> None:
    asked = metric(name)
    s = asked.sensitivity
    found = norms(in_ranges(asked, after) - in_ranges(asked, before))
    assert found[0] <= s.l0
    assert all(norm <= allowed + 1e-12 for norm, allowed in zip(found[1:], (s.l1, s.l2), strict=True))


@pytest.mark.parametrize("name", METRICS)
def test_sensitivity__is_attained_by_somebody(name: str) -> None:
    asked = metric(name)
    pairs = [norms(in_ranges(asked, b) - in_ranges(asked, a)) for a in EXTREMES for b in EXTREMES]
    s = asked.sensitivity
    assert tuple(map(max, zip(*pairs, strict=True))) == pytest.approx((s.l0, s.l1, s.l2))


@pytest.mark.parametrize("name", METRICS)
def test_decode__without_noise__is_the_plain_figure(name: str) -> None:
    asked, data = metric(name), people(500)
    sums = np.sum([in_ranges(asked, point) for point in data], axis=0)
    found, truth = asked.decode(list(sums), len(data), SILENT), asked.truth(data)
    assert len(found) == len(truth)
    for estimate, true in zip(found, truth, strict=True):
        assert estimate.low - 1e-6 <= true <= estimate.high + 1e-6, estimate.label
        if estimate.unit in ("contributors", "times", "ratio"):
            assert estimate.value == pytest.approx(true)


@pytest.mark.parametrize("name", METRICS)
def test_decode__nobody_measured__says_that_nothing_can_be_told(name: str) -> None:
    asked = metric(name)
    sums = np.sum([in_ranges(asked, {}) for _ in range(50)], axis=0)
    for estimate in asked.decode(list(sums), 50, Spread(2.0, 0.95, 1.96)):
        assert estimate.low <= estimate.high
        assert math.isnan(estimate.value) or estimate.low <= estimate.value <= estimate.high or estimate.value == 0


# The largest of noisy counts is no estimate of the largest count; `top` has a test of its own.
@pytest.mark.parametrize("name", [name for name in METRICS if name != "top"])
def test_decode__with_noise__intervals_hold_the_truth_as_often_as_they_say(name: str) -> None:
    """95% intervals hold fewer than 356 of 400 figures with a chance of 1e-6 (binomial)."""
    asked, data = metric(name), people(2000)
    sums, truth = np.sum([in_ranges(asked, point) for point in data], axis=0), asked.truth(data)
    spread = Spread(12.0, 0.95, NormalDist().inv_cdf(0.975))
    rng = np.random.default_rng(5)
    noisy = (list(sums + rng.normal(0, spread.sd, len(sums))) for _ in range(400))
    found = [asked.decode(each, len(data), spread)[0] for each in noisy]
    assert sum(each.low <= truth[0] <= each.high for each in found) >= 356


def test_top__interval_of_each_event_shown__holds_that_events_count() -> None:
    asked, data = metric("top"), people(2000)
    sums = np.sum([in_ranges(asked, point) for point in data], axis=0)
    by_event = dict(zip(EVENTS, sums, strict=True))
    shown = asked.decode(list(sums), len(data), Spread(1.0, 0.95, 1.96))
    assert [each.label for each in shown] == sorted(EVENTS, key=lambda event: -by_event[event])[:3]
    assert all(each.low <= by_event[each.label] <= each.high for each in shown)


def test_per_user__keeps_what_occurred_most_often() -> None:
    asked = metric("count of two a user")
    assert asked.encode({"on": 1.0, "timer": 5.0, "news": 3.0}) == [0, 0, 1, 0, 1]
    assert asked.encode({"on": 1.0, "off": 1.0, "news": 1.0}) == [1, 1, 0, 0, 0]


def test_frequency__more_than_most__is_clipped() -> None:
    assert metric("frequency").encode({"on": 3.0, "off": 99.0}) == [3, 10, 0, 0, 0]


def test_outside__refuse__names_the_field_and_never_the_value() -> None:
    asked = query({"metric": "mean", "value": "seconds", "range": [0, 600], "outside": "refuse"}).metrics[0]
    with pytest.raises(EncodingError, match=r"'seconds': must be in \[0, 600\]") as caught:
        asked.encode({"seconds": 777.0})
    assert "777" not in str(caught.value)


@pytest.mark.parametrize("times", [-1.0, 1.5])
def test_events__occurrences_that_are_no_count__are_refused(times: float) -> None:
    with pytest.raises(EncodingError, match="must be an integer, 0 or more"):
        metric("count").encode({"on": times})


def test_histogram__edges__belong_to_the_bin_above_and_the_last_to_the_last() -> None:
    asked = metric("histogram")
    assert [asked.encode({"seconds": v}).index(1) for v in (0.0, 10.0, 59.9, 60.0, 600.0, -5.0, 900.0)] == [
        0,
        1,
        1,
        2,
        2,
        0,
        2,
    ]
    gap = metric("histogram with outside")
    assert [gap.encode({"seconds": v}).index(1) for v in (5.0, 10.0, 60.0, 100.0, 101.0)] == [0, 2, 1, 1, 2]


def test_tree__is_nearer_than_the_histogram_for_many_leaves() -> None:
    """The reason to have it: least squares over a tree of 1,024 leaves against one count a leaf, same ε."""
    leaves = {"value": "seconds", "range": [0, 600], "leaves": 1024}
    data = people(3000)
    rng, errors = np.random.default_rng(3), {}
    for method in ("tree", "histogram"):
        asked = query({"metric": "quantiles", **leaves, "method": method}).metrics[0]
        sums, sd = np.sum([in_ranges(asked, point) for point in data], axis=0), 10 * asked.sensitivity.l2
        noisy = [list(sums + rng.normal(0, sd, len(sums))) for _ in range(20)]
        found = [asked.decode(each, len(data), Spread(sd, 0.95, 1.96))[0].value for each in noisy]
        errors[method] = float(np.std(np.array(found) - asked.truth(data)[0]))
    assert errors["tree"] < errors["histogram"]


def test_ratio_interval__small_denominator__is_unbounded() -> None:
    assert ratio_interval(5, 1, 2, 2) == (-math.inf, math.inf)
    low, high = ratio_interval(50, 100, 2, 2)
    assert low < 0.5 < high
    # The ends solve the quadratic that defines them.
    for end in (low, high):
        assert (50 - end * 100) ** 2 == pytest.approx(4 + end**2 * 4)
