"""Data of contributors in files: JSON Lines or CSV, one contributor a line, names as the query declares them."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sda.errors import EncodingError
from sda.privacy.metrics.metric import Known, Point

MAXIMUM_TIMES = 2**53


def load_points(path: Path, known: Known) -> list[Point]:
    """Every contributor's data.

    Args:
        path: `.csv`: a header of names, then numbers, an empty cell where there is nothing. Otherwise one JSON object a
            line, such as {"LightOn": 3, "seconds": 12.5}.
        known: Names that it may hold.

    Raises:
        EncodingError: Cannot be read, or holds what the query does not allow. Names the line and field, never the
            value.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _csv_rows(file) if path.suffix == ".csv" else _json_rows(file)
            points = [check_point(row, known, f"line {number}") for number, row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EncodingError(f"data {path}: cannot be read") from error
    if not points:
        raise EncodingError(f"data {path}: is empty")
    return points


def check_point(row: object, known: Known, where: str) -> Point:
    """One contributor's data, every name declared and every number finite.

    Raises:
        EncodingError: It is not.
    """
    if not isinstance(row, Mapping):
        raise EncodingError(f"{where}: must be an object of names and numbers")
    point: dict[str, float] = {}
    for name, value in row.items():
        if name not in known.events and name not in known.values:
            names = ", ".join((*known.events, *known.values)) or "(none)"
            raise EncodingError(f"{where}: unknown name {name!r}: the query declares {names}")
        number = _number(value, f"{where}, {name!r}")
        if name in known.events and not (number.is_integer() and 0 <= number <= MAXIMUM_TIMES):
            raise EncodingError(f"{where}, {name!r}: how often it occurred must be an integer, 0 or more")
        point[name] = number
    return point


def _number(value: object, where: str) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise EncodingError(f"{where}: must be a finite number")
    return number


def _json_rows(file: Any) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                raise EncodingError(f"line {number}: is no JSON object") from None


def _csv_rows(file: Any) -> Iterator[tuple[int, object]]:
    reader = csv.reader(file)
    header = next(reader, [])
    if len(set(header)) < len(header):
        raise EncodingError("line 1: a name stands twice")
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise EncodingError(f"line {reader.line_num}: has {len(row)} cells, the header has {len(header)}")
        yield reader.line_num, {name: cell for name, cell in zip(header, row, strict=True) if cell.strip()}
