"""The coverage table docs/coverage.md, from what `forge coverage` just measured.

`python tools/coverage.py` fails if the table says anything else, if Foundry's tests reach less than 95% of a contract's
lines or branches, or if something that they do not reach has no reason in `UNREACHED`; with `--write` it rewrites the
table.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
MEASURED = ROOT / ".build" / "lcov.info"
TABLE = ROOT / "docs" / "coverage.md"
LIMIT = 95  # per cent

# Path and source line that no test reaches: why.
UNREACHED = {
    ("contracts/Sortition.sol", "mstore(0x00, value)"): "chance below 2^-224: 2^256 mod a total below 2^32",
    ("contracts/Sortition.sol", "value := keccak256(0x00, 0x20)"): "the same",
}
HEAD = """# What the contracts' tests reach

Lines and branches of each contract and library that Foundry's unit and fuzz tests run through. `make coverage` measures
them. It fails if a file falls under 95%, if something that no test reaches has no reason below, or if this table says
anything else. The random rounds, the gas measurements and the whole rounds on Anvil do not count here.

| contract | lines | | branches | |
| --- | ---: | ---: | ---: | ---: |
"""


@dataclass
class Reached:
    """How often tests ran each line and each branch of a file; keys name the line first."""

    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    branches: dict[tuple[str, ...], int] = field(default_factory=dict)

    def missing(self) -> list[int]:
        """Numbers of the lines that no test ran, or of which it left out some branch."""
        return sorted({int(key[0]) for counts in (self.lines, self.branches) for key in counts if not counts[key]})

    def least(self) -> float:
        """Per cent of the lines or of the branches, whichever is less."""
        return min(percent(self.lines), percent(self.branches))

    def row(self, name: str) -> str:
        """Of the table."""
        cells = (
            f"{sum(map(bool, counts.values())):,} / {len(counts):,} | {percent(counts):.1f}%"
            for counts in (self.lines, self.branches)
        )
        return f"| {name} | {' | '.join(cells)} |\n"


def percent(counts: dict[tuple[str, ...], int]) -> float:
    """Of what there is, how much was reached."""
    return 100 * sum(map(bool, counts.values())) / len(counts) if counts else 100.0


def parse(report: str) -> dict[str, Reached]:
    """Path → what was reached, of an LCOV report."""
    files: dict[str, Reached] = {}
    path = ""
    for record in report.splitlines():
        kind, _, rest = record.partition(":")
        key = tuple(rest.split(","))
        if kind == "SF":
            path = rest
            files[path] = Reached()
        elif kind == "DA":
            files[path].lines[key[:1]] = int(key[1])
        elif kind == "BRDA":
            files[path].branches[key[:3]] = int(key[3].replace("-", "0"))
    return files


def table(files: dict[str, Reached]) -> str:
    """The file's text."""
    every = Reached()
    for path, reached in files.items():
        every.lines.update({(path, *key): count for key, count in reached.lines.items()})
        every.branches.update({(path, *key): count for key, count in reached.branches.items()})
    rows = [reached.row(path) for path, reached in sorted(files.items())] + [every.row("**all**")]
    notes = [f"- {path}, `{code}`: {reason}\n" for (path, code), reason in UNREACHED.items()]
    return HEAD + "".join(rows) + "\nNot reached:\n\n" + "".join(notes)


def faults(files: dict[str, Reached]) -> list[str]:
    """Files under the limit, lines without a reason, reasons without a line."""
    missing = {
        (path, (ROOT / path).read_text().splitlines()[number - 1].strip())
        for path, reached in files.items()
        for number in reached.missing()
    }
    low = [
        f"{path}: {reached.least():.1f}% is under {LIMIT}%"
        for path, reached in files.items()
        if reached.least() < LIMIT
    ]
    unexplained = [f"{path}: no test reaches `{code}`, or a branch of it" for path, code in missing - UNREACHED.keys()]
    stale = [f"{path}: a test does reach `{code}`" for path, code in UNREACHED.keys() - missing]
    return low + unexplained + stale


def main(arguments: list[str]) -> str | None:
    """Check or write; an error's text, or None."""
    files = parse(MEASURED.read_text())
    wanted, wrong = table(files), faults(files)
    if arguments == ["--write"]:
        TABLE.write_text(wanted)
    elif TABLE.read_text() != wanted:
        wrong.append("docs/coverage.md is not what was measured; run python tools/coverage.py --write")
    return "\n".join(wrong) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
