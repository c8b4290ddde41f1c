"""The experiment as a whole: measure, draw, and put the tables into docs/experiment.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sda.errors import ParameterError
from sda.privacy.experiment.bloom import PARAMETERS, measure_bloom, measure_clerks
from sda.privacy.experiment.figures import draw_all
from sda.privacy.experiment.measure import USERS, compare_all
from sda.privacy.experiment.scenarios import COMMITTEE, RARE, scenarios

PAGE, FIGURES, DATA = "experiment.md", "figures", "experiment.json"
REPETITIONS = 50_000
DECODED_EACH = 10_000
"""Repetitions of a sum for one of RAPPOR's decoder, which takes seconds."""
START, END = "<!-- measured -->\n", "<!-- end of measured -->"


def run(folder: Path, seed: int, tell: Callable[[str], None], repetitions: int = REPETITIONS) -> dict[str, Any]:
    """Measure everything and write figures, data and, if it is there, the page's tables.

    Args:
        folder: Gets `figures/`; `experiment.md` in it gets the tables.
        seed: Of the simulated users; noise is fresh.
        tell: Called with a line for people before each step.
        repetitions: Behind every measured error.
    """
    page, decoded = folder / PAGE, max(1, repetitions // DECODED_EACH)
    if page.exists():
        _parts(page)
    tell("users with randomised response, and with noise from the clerks")
    comparisons = compare_all(scenarios(), repetitions, seed)
    tell("RAPPOR with Bloom filters and decoder")
    rappor = measure_bloom(decoded, seed)
    epsilons = {
        f"ε = {PARAMETERS.report_epsilon:.2f} (one report)": PARAMETERS.report_epsilon,
        f"ε = {PARAMETERS.permanent_epsilon:.2f} (all reports)": PARAMETERS.permanent_epsilon,
    }
    clerks = {words: measure_clerks(epsilon, decoded, seed) for words, epsilon in epsilons.items()}
    tell("figures")
    draw_all(comparisons, rappor, clerks, folder / FIGURES)
    data = {
        "comparisons": [asdict(each) for each in comparisons],
        "rappor": [asdict(each) for each in rappor],
        "clerks": {words: asdict(each) for words, each in clerks.items()},
    }
    (folder / FIGURES / DATA).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    if page.exists():
        before, after = _parts(page)
        page.write_text(before + START + tables(data) + END + after)
    return data


def tables(data: Mapping[str, Any]) -> str:
    """The tables of the page, from the data that was measured."""
    return f"{_comparisons(data['comparisons'])}\n{_decoded(data['rappor'], data['clerks'])}"


def _comparisons(found: Sequence[Mapping[str, Any]]) -> str:
    n, h = COMMITTEE.n, COMMITTEE.dealers
    rows = [
        f"| at equal ε (and δ) | event | law | {USERS:,} users, all {n} clerks: error | local users for that | with"
        f" the {h} promised alone | for the population's share |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in found:
        kind = f"{'rare' if each['share'] == RARE else 'common'}, {each['share']:g}"
        title = f"{each['title']} (ε = {each['epsilon']:.3g})"
        rows.append(
            f"| {title} | {kind} | {each['law']:.2f} n² | {each['clerks']['error']:.2e}"
            f" | {_round(each['equal'])} | {_round(each['equal_promised'])} | {_round(each['equal_population'])} |"
        )
    return "\n".join(rows) + "\n"


def _decoded(rappor: Sequence[Mapping[str, Any]], clerks: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        "| 100 strings, one each user, by Zipf's law | users | error of a share | strings found |",
        "| --- | --- | --- | --- |",
    ]
    named = [("RAPPOR, f = 0.5, p = 0.5, q = 0.75, k = 128, h = 2, m = 8, decoded", each) for each in rappor]
    named += [(f"noise from the clerks, {words}", each) for words, each in clerks.items()]
    rows += [f"| {words} | {each['users']:,} | {each['error']:.2e} | {each['found']:.0f} |" for words, each in named]
    return "\n".join(rows) + "\n"


def _round(number: float) -> str:
    """Three digits: more were not measured."""
    return f"{float(f'{number:.3g}'):,.0f}"


def _parts(page: Path) -> tuple[str, str]:
    """What stands before and after the tables."""
    try:
        before, rest = page.read_text().split(START)
        _, after = rest.split(END)
    except ValueError:
        raise ParameterError("page", str(page), f"with {START.strip()} and {END} once each") from None
    return before, after
