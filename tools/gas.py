"""The gas table docs/gas.md, from what `forge test` just measured (tests/contracts/*Gas.t.sol).

`python tools/gas.py` fails if the table says anything else; `python tools/gas.py --write` rewrites it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MEASURED = [ROOT / ".build" / name for name in ("gas.json", "gas-disputes.json", "gas-wide.json")]
TABLE = ROOT / "docs" / "gas.md"

STEPS = {
    "register": "register a clerk, with key and stake",
    "request": "request a round, with its payment",
    "draw": "draw the committee, pay the bounty",
    "snapshot": "snapshot: root, n points checked",
    "row": "a row, the dearest of all seats",
    "close": "settle the round, everybody's fee credited",
    "claim": "claim one reward of 250,000",
    "draw_64": "draw, n = 64",
    "snapshot_64": "snapshot, n = 64",
    "row_m64": "a row, m = 64",
    "complaint": "complaint of a bad share, a seat below R",
    "complaint_late": "complaint of a bad share, the last seat",
    "bad_node": "a node that is not its children's sum",
    "bad_signature": "a leaf that nobody signed",
    "settle": "settle one exclusion",
    "complaint_64_m64": "complaint, last seat, n = 64, m = 64",
    "bad_node_64": "a node that is not its children's sum, n = 64",
    "settle_64": "settle one exclusion, n = 64, m = 64",
    "snapshot_wide": "snapshot of a wide round",
    "row_wide": "the root of a wide row, the dearest of all seats",
    "doubt": "doubt a chunk of it, with the bond",
    "open_chunk": "open a chunk, m = 64, a seat below R",
    "open_chunk_late": "open a chunk, m = 64, the last seat",
    "open_chunk_excluded": "open a chunk, m = 64, a seat below R, with an excluded leaf",
    "open_chunk_late_excluded": "open a chunk, m = 64, the last seat, with an excluded leaf",
    "close_wide": "settle a wide round",
}
HEAD = """# Gas of each step

Whole transactions, calldata included, with a committee of n = 26 (R = 18, m = 3) among 1,000 clerks and 250,000
contributors unless a line says otherwise. A wide round's steps are measured with 100,000 parameters of 16 bits (23
chunks); with 1,000 or 10,000 they cost the same. `make gas` measures and rewrites this table; `make test` fails if a
step costs more than its limit, or anything else than stands here.

| step | gas | limit |
| --- | ---: | ---: |
"""


def table(measured: dict[str, int]) -> str:
    """The file's text."""
    lines = (f"| {words} | {measured[name]:,} | {measured[name + '_limit']:,} |\n" for name, words in STEPS.items())
    return HEAD + "".join(lines)


def main(arguments: list[str]) -> str | None:
    """Check or write; an error's text, or None."""
    wanted = table({name: gas for file in MEASURED for name, gas in json.loads(file.read_text()).items()})
    if arguments == ["--write"]:
        TABLE.write_text(wanted)
    elif TABLE.read_text() != wanted:
        return f"docs/gas.md is not what was measured; run make gas\n\n{wanted}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
