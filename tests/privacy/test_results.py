"""Results as JSON, CSV and a picture."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest

from sda.errors import ParameterError
from sda.privacy.chart import MAXIMUM_BARS, require_form, save_chart
from sda.privacy.metrics.metric import Estimate
from sda.privacy.results import Result, Results

COUNTS = Result(
    "who, what",
    "count",
    (Estimate('on "x"', -3.25, 0.0, 5.5, "contributors"), Estimate("off", 12.0, 4.0, 20.0, "contributors")),
)
UNKNOWN = Result("rate", "ratio", (Estimate("a / b", math.nan, 0.0, math.inf, "ratio"),))
MANY = Result("many", "count", tuple(Estimate(f"e{i}", i, i - 1, i + 1, "contributors") for i in range(100)))


def results(*metrics: Result) -> Results:
    return Results("Day", 100, 8, 0.95, 1.0, 1e-6, metrics)


def test_json__what_cannot_be_told__is_null() -> None:
    data = json.loads(json.dumps(results(COUNTS, UNKNOWN).as_dict(), allow_nan=False))
    assert data["count"] == 100
    assert data["metrics"][0]["estimates"][0]["value"] == -3.25
    assert data["metrics"][1]["estimates"][0] == {
        "label": "a / b",
        "value": None,
        "low": 0.0,
        "high": None,
        "unit": "ratio",
    }


def test_csv__reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(results(COUNTS, UNKNOWN).to_csv())))
    assert [(row["metric"], row["label"], row["value"], row["high"]) for row in rows] == [
        ("who, what", 'on "x"', "-3.25", "5.5"),
        ("who, what", "off", "12", "20"),
        ("rate", "a / b", "", ""),
    ]


def test_chart__same_results__same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        save_chart(results(COUNTS, UNKNOWN), tmp_path / name)
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn == (tmp_path / "b.svg").read_text()
    assert "<svg" in drawn
    assert "nan" not in drawn.lower().split("<style")[0]


def test_chart__more_bars_than_fit__leaves_some_out(tmp_path: Path) -> None:
    save_chart(results(MANY), tmp_path / "few.png")
    assert (tmp_path / "few.png").read_bytes().startswith(b"\x89PNG")
    save_chart(results(MANY), tmp_path / "few.svg")
    assert f"{MAXIMUM_BARS} of 100 figures" in (tmp_path / "few.svg").read_text()


def test_chart__of_nothing_that_can_be_told__is_still_a_picture(tmp_path: Path) -> None:
    save_chart(results(UNKNOWN), tmp_path / "none.svg")
    assert "<svg" in (tmp_path / "none.svg").read_text()


def test_chart__unknown_form__is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"chart = .*: must be a name that ends in .svg, .png, .pdf"):
        require_form(tmp_path / "chart.jpg")
