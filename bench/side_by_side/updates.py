"""`python -m bench.side_by_side.updates`: updates of a model of 36,864 parameters, ours beside Flower's SecAgg+.

Both sum the vectors of 50 contributors, in one run on one machine, and both have to get the sum right. Needs what
`make side-by-side` sets up; takes some minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bench.result import Result, merge, show
from bench.side_by_side import ours, secagg
from bench.side_by_side.report import Load, Report, Vectors
from bench.side_by_side.run import checked_run, make_vectors
from sda.learning.updates import bits_for_slot
from sda.params import Parameters

COMMAND = "python -m bench.side_by_side.updates"
COHORT, LENGTH, SLOT_BITS = 50, 36_864, 16
SEATS, THRESHOLD, PACKING = 26, 8, 15
"""Three seats may be silent, as in the committee of docs/experiment.md."""
MORE_SILENT = 10
"""Packing of the committee for 250,000 contributors, where eight seats may be."""
CHUNKS = (16, 32, 64)
PLAIN = 2 * LENGTH
"""Bytes of an update as 16-bit integers."""


def parameters(chunk: int = 64, packing: int = PACKING) -> Parameters:
    """Of the rounds."""
    bits = bits_for_slot(SLOT_BITS, COHORT, SEATS)
    return Parameters(SEATS, THRESHOLD, packing, LENGTH, bits, COHORT, 1 << (bits - 1), chunk=chunk).balanced()


def measure() -> Iterator[Result]:
    """Our figures, then Flower's."""
    vectors = make_vectors(COHORT, LENGTH)
    theirs_system = secagg.SYSTEMS[0]
    reports = {chunk: _ours(parameters(chunk), vectors) for chunk in CHUNKS}
    for chunk, report in reports.items():
        where = _where(parameters(chunk))
        yield _result(f"updates_contributor_ms_chunk_{chunk}", _ms(report.later["contributor"]), "ms", where, "")
        yield _result(f"updates_clerk_ms_chunk_{chunk}", _each(report.later["clerk"]), "ms", where, "")
    more_silent = _ours(parameters(packing=MORE_SILENT), vectors)
    checked_run(theirs_system, make_vectors(12, 5))  # compiles what is compiled on use
    theirs = checked_run(theirs_system, vectors).first
    first, later = reports[max(CHUNKS)].first, reports[max(CHUNKS)].later
    beside = f"Flower SecAgg+ ({theirs_system.setting})"
    where = _where(parameters())
    flower = theirs["contributor"]
    yield _result(
        "updates_contributor_ms",
        _ms(first["contributor"]),
        "ms",
        f"first meeting of the committee; {where}; {beside}: {_ms(flower):,} ms in four steps",
        "≤ 600, and faster than SecAgg+",
    )
    yield _result("updates_contributor_later_ms", _ms(later["contributor"]), "ms", where, "")
    yield _result(
        "updates_contributor_ms_eight_silent",
        _ms(more_silent.first["contributor"]),
        "ms",
        f"first meeting of the committee; {_where(parameters(packing=MORE_SILENT))}; {beside}: {_ms(flower):,} ms",
        "",
    )
    yield _result(
        "updates_contributor_bytes_ratio",
        round(later["contributor"].up / PLAIN, 2),
        "times",
        f"{round(later['contributor'].up):,} bytes up, as 16-bit integers {PLAIN:,}; {beside}:"
        f" {round(flower.up):,} up, {round(flower.down):,} down without the model",
        "≤ 4",
    )
    yield _result(
        "updates_clerk_ms_per_contributor",
        _each(later["clerk"]),
        "ms",
        f"keys known; first meeting {_each(first['clerk'])} ms; {where}",
        "≤ 1.5",
    )
    yield _result(
        "updates_developer_ms",
        _ms(later["developer"]),
        "ms",
        f"tree, unmasking, all rows checked for {COHORT} updates; {where}; {beside}, its server:"
        f" {_ms(theirs['developer']):,} ms",
        "faster than SecAgg+",
    )


def _ms(load: Load) -> float:
    return round(load.cpu_ms, 1)


def _each(load: Load) -> float:
    return round(load.cpu_ms / COHORT, 2)


def _ours(given: Parameters, vectors: Vectors) -> Report:
    system = replace(ours.SYSTEMS[0], run=partial(ours.run, parameters=given))
    checked_run(system, make_vectors(2, LENGTH))  # loads what is loaded on use
    return checked_run(system, vectors)


def _where(p: Parameters) -> str:
    return (
        f"{LENGTH:,} parameters of {SLOT_BITS} bits in the sum, n={p.n}, t={p.t}, k={p.k}, cohort {COHORT},"
        f" {p.chunks} chunks of {p.chunk_length}; processor time"
    )


def _result(name: str, value: float, unit: str, beside: str, target: str) -> Result:
    return Result(name, value, unit, beside, target, COMMAND)


def main() -> None:
    """Measure, print, write results.json."""
    results = []
    for result in measure():
        show(result)
        results.append(result)
    merge(results)


if __name__ == "__main__":
    main()
