"""Data in files: what the query declares, and nothing else; errors name line and field, never a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from sda.errors import EncodingError
from sda.privacy.metrics.metric import Known
from sda.privacy.plan import Plan
from sda.privacy.points import load_points
from tests.privacy.queries import COMMITTEE, METRICS, query

KNOWN = Known(("on", "off"), ("seconds",))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_points__csv_and_json_lines__hold_the_same(tmp_path: Path) -> None:
    csv = write(tmp_path, "data.csv", "\ufeffon,seconds,off\n3,,\n,-1.5,0\n\n,,\n")
    lines = write(tmp_path, "data.jsonl", '{"on": 3}\n\n{"seconds": "-1.5", "off": 0}\n{}\n')
    assert load_points(csv, KNOWN) == load_points(lines, KNOWN) == [{"on": 3.0}, {"seconds": -1.5, "off": 0.0}, {}]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "on,of\n1,7777\n", "line 2: unknown name 'of': the query declares on, off, seconds"),
        ("a.csv", "on\n7777.5\n", "line 2, 'on': how often it occurred must be an integer, 0 or more"),
        ("a.csv", "on\n-7777\n", "line 2, 'on': how often"),
        ("a.csv", "on\n1e300\n", "line 2, 'on': how often"),
        ("a.csv", "on\n1\nmany7777\n", "line 3, 'on': must be a finite number"),
        ("a.csv", "seconds\nnan\n", "line 2, 'seconds': must be a finite number"),
        ("a.csv", "seconds\n1e999\n", "line 2, 'seconds': must be a finite number"),
        ("a.csv", "on,on\n1,2\n", "line 1: a name stands twice"),
        ("a.csv", "on,off\n1\n", "line 2: has 1 cells, the header has 2"),
        ("a.csv", "", "is empty"),
        ("a.csv", "on,off\n", "is empty"),
        ("a.jsonl", "", "is empty"),
        ("a.jsonl", '{"on": 1}\n{"on": 7777', "line 2: is no JSON object"),
        ("a.jsonl", "[7777]", "line 1: must be an object"),
        ("a.jsonl", '{"on": true}', None),
        ("a.jsonl", '{"on": [7777]}', "line 1, 'on': must be a finite number"),
        ("a.jsonl", '{"on": 1' + "0" * 400 + "}", "line 1, 'on': must be a finite number"),
        ("a.jsonl", "[" * 100_000, "line 1: is no JSON object"),
        ("a.csv", "\0on\n1\n", "line 2: unknown name|cannot be read"),
    ],
)
def test_points__that_the_query_does_not_allow__are_refused(
    tmp_path: Path, name: str, text: str, message: str | None
) -> None:
    path = write(tmp_path, name, text)
    if message is None:
        assert load_points(path, KNOWN) == [{"on": 1.0}]
        return
    with pytest.raises(EncodingError, match=message) as caught:
        load_points(path, KNOWN)
    assert "7777" not in str(caught.value)


def test_points__file_that_cannot_be_read__is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("none.csv", "binary.csv"):
        with pytest.raises(EncodingError, match=f"{name}: cannot be read"):
            load_points(tmp_path / name, KNOWN)


@pytest.mark.parametrize("point", [{"onn": 1.0}, {"on": 0.5}, {"seconds": float("nan")}])
def test_plan__encodes__nothing_that_the_query_does_not_declare(point: dict[str, float]) -> None:
    with pytest.raises(EncodingError, match="data point"):
        Plan.make(query(METRICS["count"], METRICS["mean"]), COMMITTEE, 1000).encode(point)
