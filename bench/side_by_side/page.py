"""docs/side-by-side.md, from the figures in bench/results.json and what each system says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.side_by_side.report import System
from bench.side_by_side.run import PREFIX, SYSTEMS

PAGE = Path(__file__).parents[2] / "docs" / "side-by-side.md"
Figures = Mapping[str, Mapping[str, Any]]

HEAD = """# Side by side

{contributors:,} contributors, {scene}. `make side-by-side` sets up what the others need, in
places of their own, runs everything again (about a quarter of an hour) and rewrites this page.

Every system is its authors' own code, except the sealed boxes: a small baseline of ours, after the system of 2017. All
add up the same vectors, and every sum is checked. Bytes are counted where something is really serialised, CPU is
processor time of the process, all threads, for one party on average. "Later" is another round among the same parties,
or, for Prio3, a report after the first from a warm engine; where there is one line, nothing is remembered.
"""
NAMES = {
    "contributor": "A contributor",
    "clerk": "A clerk",
    "developer": "The developer",
    "relay": "The relay",
}
NOTES = {
    "contributor": "What one contributor sends and reads, and computes.",
    "clerk": "Clerk, party, aggregator: whoever helps to add up. In SecAgg+ the contributors do that themselves.",
    "developer": "Developer, server, collector: whoever gets the sum. In MPyC the clerks do.",
    "relay": "Whoever only stores and serves. Ours checks every contribution before it takes it.",
}


def render(results: Sequence[Mapping[str, Any]]) -> str:
    """The page's text."""
    by_name = {entry["name"]: entry for entry in results}
    scene = by_name[f"{PREFIX}_contributors"]
    parts = [HEAD.format(contributors=scene["value"], scene=scene["compared_with"])]
    parts += [_role(by_name, role) for role in NAMES]
    parts += [_gas(by_name), _tolerance(), _not_counted()]
    return "\n".join(parts)


def write(results: Sequence[Mapping[str, Any]]) -> None:
    """Rewrite the page, if there is anything to compare yet."""
    if any(entry["name"].startswith(PREFIX) for entry in results):
        PAGE.write_text(render(results))


def _role(by_name: Figures, role: str) -> str:
    lines = [f"## {NAMES[role]}", "", NOTES[role], ""]
    lines += ["| system | with | | sends | reads | CPU |", "| --- | --- | --- | ---: | ---: | ---: |"]
    for system in SYSTEMS:
        lines += _lines(by_name, system, role)
    return "\n".join(lines) + "\n"


def _lines(by_name: Figures, system: System, role: str) -> Iterator[str]:
    stem = f"{PREFIX}_{system.slug}_{role}"
    has_later = f"{stem}_cpu_later" in by_name
    for suffix, label in (("", "first" if has_later else ""), ("_later", "later")):
        if f"{stem}_cpu{suffix}" in by_name:
            up, down, cpu = (by_name[f"{stem}_{what}{suffix}"]["value"] for what in ("up", "down", "cpu"))
            setting = system.setting.split(":")[0]
            yield f"| {system.title} | {setting} | {label} | {_bytes(up)} | {_bytes(down)} | {_time(cpu)} |"


def _bytes(count: int) -> str:
    """Three figures."""
    if count < 10_000:
        return f"{count:,} B"
    return f"{count / 1e6:.3g} MB" if count >= 1_000_000 else f"{count / 1e3:.3g} kB"


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3g} s" if milliseconds >= 1000 else f"{milliseconds:.3g} ms"


def _gas(by_name: Figures) -> str:
    gas = {name: by_name[f"{PREFIX}_ours_gas_{name}"]["value"] for name in ("round", "claim")}
    return (
        "## Gas\n\nOnly ours has a chain: nobody else's clerks are drawn, paid, checked or slashed. A round without "
        f"dispute costs {gas['round']:,} gas at\nmost, whatever N is: request, draw, snapshot, a row of every seat, "
        f"settlement ([gas.md](gas.md)). A contributor that\nwants its reward claims it for {gas['claim']:,} gas.\n"
    )


def _tolerance() -> str:
    lines = ["## What each tolerates", ""]
    lines += ["| system | with | round trips | may be silent | may lie | who learns what |", "| --- " * 6 + "|"]
    for system in SYSTEMS:
        cells = (system.title, system.setting, system.round_trips, system.silent, system.lying, system.learns)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _not_counted() -> str:
    notes = {system.title: system.not_counted for system in SYSTEMS}
    lines = ["## What is played or left out", ""]
    lines += [f"- **{title}.** {note}" for title, note in notes.items()]
    return "\n".join(lines) + "\n"
