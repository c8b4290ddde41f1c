"""The README shows the figures that were measured, and no others."""

from __future__ import annotations

import json
from pathlib import Path

from bench import readme

RESULTS = Path(readme.__file__).parent / "results.json"


def test_readme__table__is_that_of_the_results_file() -> None:
    assert readme.table(json.loads(RESULTS.read_text())) in readme.README.read_text()
