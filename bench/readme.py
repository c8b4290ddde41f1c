"""The table of figures in README.md, between its two markers, as bench/results.json has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "README.md"
START, END = "<!-- figures -->\n", "<!-- end of figures -->"


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """One row a figure, but for those that have pages of their own: whole runs by size, and the comparison."""
    rows = ["| figure | value | target | beside | command |", "| --- | --- | --- | --- | --- |"]
    rows += [
        f"| `{entry['name']}` | {entry['value']:,} {entry['unit']} | {entry['target']} | {entry['compared_with']}"
        f" | `{entry['command']}` |"
        for entry in results
        if "_at_" not in entry["name"] and not entry["name"].startswith("side_by_side_")
    ]
    return "\n".join(rows) + "\n"


def write(results: Sequence[Mapping[str, Any]]) -> None:
    """Replace the table."""
    before, rest = README.read_text().split(START)
    _, after = rest.split(END)
    README.write_text(before + START + table(results) + END + after)
