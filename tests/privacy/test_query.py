"""What a query may say, what it is told if it says anything else, and what contributors sign of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sda.errors import ParameterError
from sda.privacy.query import Query
from tests.privacy.queries import METRICS, VALUE, query

WHOLE = """
title: Day
events: [on, off]
values: [seconds]
privacy: {epsilon: 1, delta: 1e-6}
metrics:
  - {metric: count, name: who}
  - {metric: mean, name: how long, value: seconds, range: [0, 600]}
"""


def test_query__written_in_another_order_and_style__has_the_same_word() -> None:
    other = """
metrics:
  - {name: who, metric: count, events: ["on", "off"], per_user: 2}
  - {outside: clip, steps: 1000, range: [0.0, 6e2], metric: mean, value: seconds, name: how long}
privacy: {delta: 0.000001, epsilon: 1.0}
events: ["on", "off"]
values: [seconds]
confidence: 0.95
title: Day
"""
    whole = Query.from_yaml(WHOLE.replace("[on, off]", '["on", "off"]'))
    assert Query.from_yaml(other).word == whole.word
    assert Query.from_yaml(whole.canonical) == whole


@pytest.mark.parametrize(("old", "new"), [("600", "601"), ("Day", "Night"), ("epsilon: 1", "epsilon: 1.5")])
def test_query__changed_after_its_round_opened__is_another_one(old: str, new: str) -> None:
    text = WHOLE.replace("[on, off]", '["on", "off"]')
    asked, changed = Query.from_yaml(text), Query.from_yaml(text.replace(old, new))
    asked.require_word(asked.word)
    with pytest.raises(ParameterError, match="the query that was shown"):
        changed.require_word(asked.word)


@pytest.mark.parametrize("name", METRICS)
def test_query__every_metric__is_read_back_from_its_canonical_form(name: str) -> None:
    asked = query(METRICS[name])
    assert Query.from_yaml(asked.canonical) == asked


BAD_PRIVACY: list[tuple[Any, str]] = [
    ({"epsilon": 0}, r"privacy.epsilon = 0.0: must be above 0: in \[1e-06, 50\]"),
    ({"epsilon": -1}, "privacy.epsilon = -1.0"),
    ({"epsilon": 1e-300}, "privacy.epsilon = 1e-300: must be above 0"),
    ({"epsilon": 51}, "privacy.epsilon = 51.0"),
    ({"epsilon": "much"}, "privacy.epsilon = 'much': must be a finite number"),
    ({"epsilon": float("nan")}, "privacy.epsilon = nan: must be a finite number"),
    ({"epsilon": True}, "privacy.epsilon = True: must be a finite number"),
    ({"delta": 1e-6}, "privacy.epsilon = None: must be given"),
    ({"epsilon": 1, "delta": 0}, r"privacy.delta = 0.0: must be in \[2\^-50, 1\), or left out"),
    ({"epsilon": 1, "delta": 1}, "privacy.delta = 1.0"),
    ({"epsilon": 1, "delta": -0.1}, "privacy.delta = -0.1"),
    ({"epsilon": 1, "detla": 0.1}, "privacy.detla = 0.1: must be left out; fields are delta, epsilon"),
    (3, "privacy = 3: must be a mapping"),
]

BAD_METRICS: list[tuple[dict[str, Any], str]] = [
    ({"metric": "median"}, "metrics.0..metric = 'median': must be one of count, frequency, histogram, mean, quantiles"),
    ({"metric": "count", "events": ["onn"]}, r"events\[0\] = 'onn': must be declared by the query: one of on, off"),
    ({"metric": "count", "events": ["on", "on"]}, r"events\[1\] = 'on': must be named once"),
    ({"metric": "count", "events": []}, "a list of at least one name"),
    ({"metric": "count", "per_user": 6}, r"per_user = 6: must be an integer in \[1, 5\]"),
    ({"metric": "count", "peruser": 1}, "peruser = 1: must be left out"),
    ({"metric": "frequency"}, "most = None: must be given"),
    ({"metric": "frequency", "most": 2.5}, "most = 2.5: must be an integer"),
    ({"metric": "frequency", "most": True}, "most = True: must be an integer"),
    (
        {"metric": "mean", "value": "seconds", "range": [600, 0]},
        r"range = \[600.0, 0.0\]: must be \[low, high\] with low < high",
    ),
    ({"metric": "mean", "value": "seconds", "range": [0]}, r"range = \[0.0\]"),
    ({"metric": "mean", "value": "seconds", "range": [0, ".inf"]}, r"range\[1\] = '.inf'"),
    ({"metric": "mean", "value": "minutes", "range": [0, 1]}, "value = 'minutes': must be declared"),
    ({"metric": "mean", **VALUE, "outside": "ignore"}, "outside = 'ignore': must be one of clip, count, drop, refuse"),
    ({"metric": "sum", **VALUE, "steps": 7}, "steps = 7: must be even"),
    (
        {"metric": "histogram", "value": "seconds", "bins": [0, 60, 10]},
        r"bins\[1\] = \[60.0, 10.0\]: must be ascending",
    ),
    ({"metric": "histogram", "value": "seconds", "bins": [0, 0]}, "must be ascending"),
    ({"metric": "histogram", "value": "seconds", "bins": [[0, 10], [5, 20]]}, "from 10 on: bins must not overlap"),
    ({"metric": "histogram", "value": "seconds", "bins": [[20, 30], [0, 10]]}, "must be from 30 on"),
    ({"metric": "histogram", "value": "seconds", "bins": [0]}, "1 to 100000 bins"),
    ({"metric": "histogram", "value": "seconds", "bins": []}, "a list of edges"),
    ({"metric": "histogram", "value": "seconds", "bins": [[0, 1, 2]]}, r"bins\[0\] = \[0, 1, 2\]"),
    ({"metric": "quantiles", **VALUE, "leaves": 12}, "leaves = 12: must be a power of two"),
    ({"metric": "quantiles", **VALUE, "quantiles": [1.0]}, "between 0 and 1, exclusive"),
    ({"metric": "quantiles", **VALUE, "quantiles": []}, "between 0 and 1, exclusive"),
    ({"metric": "ratio", "numerator": "on", "denominator": "on"}, "another event than the numerator"),
    ({"metric": "top", "show": 9}, "show = 9"),
]


@pytest.mark.parametrize(("privacy", "message"), BAD_PRIVACY)
def test_query__impossible_privacy__names_field_value_and_what_is_allowed(privacy: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        query(METRICS["count"], privacy=privacy)


@pytest.mark.parametrize(("metric", "message"), BAD_METRICS)
def test_query__impossible_metric__names_field_value_and_what_is_allowed(metric: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        query(metric)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "well-formed YAML"),
        ("3", "a mapping of fields to values"),
        ("on: 1", "fields whose names are text"),
        ("title: a\ntitle: b", "stands twice"),
        ("a: &x [1]\nb: *x", "alias"),
        ("!!python/object/apply:os.system [ls]", "well-formed YAML"),
        ("title: [", "well-formed YAML"),
        ("events: [on]\nmetrics: [{metric: count}]\nprivacy: {epsilon: 1}", "quote on, off, yes, no"),
        ("events: [a]\nvalues: [a]\nmetrics: [{metric: count}]\nprivacy: {epsilon: 1}", "not an event's name too"),
        ("events: [a]\nmetrics: [{metric: count}, {metric: count}]\nprivacy: {epsilon: 1}", "another name"),
        ("events: [a]\nmetrics: []\nprivacy: {epsilon: 1}", "at least one mapping"),
        ("events: [a]\nmetrics: [{metric: count}]\nprivacy: {epsilon: 1}\nconfidence: 1", "in .0.5, 0.9999"),
        pytest.param("x" * (1 << 20) + "x", "at most 1048576 bytes", id="too long"),
        pytest.param("\0", "well-formed YAML", id="zero"),
    ],
)
def test_query__that_is_none__is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        Query.from_yaml(text)
    assert "\n" not in str(caught.value)


def test_query__file_that_is_not_there__is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="a file that can be read"):
        Query.load(tmp_path / "none.yaml")
