"""What is compared gives the right sum, and the page shows what was measured. Flower, MPyC and Prio3 are checked by
`make side-by-side`, which sets them up: each adds up a few vectors before it is measured."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bench.side_by_side import ours, page, run, sealed_boxes
from bench.side_by_side.report import Meter, Report, System
from bench.side_by_side.sealed_boxes import PRIME, Packed

RESULTS = Path(run.__file__).parents[1] / "results.json"
HERE = (*ours.SYSTEMS, *sealed_boxes.SYSTEMS)


@pytest.mark.parametrize("system", HERE, ids=lambda system: system.slug)
def test_system__few_contributors__adds_up_and_counts(system: System) -> None:
    report = run.checked_run(system, run.make_vectors(5, 12))
    for load in report.first.values():
        assert load.up + load.down > 0
        assert load.cpu_ms > 0


def test_ours__second_round__sends_and_reads_less() -> None:
    (system,) = ours.SYSTEMS
    report = run.checked_run(system, run.make_vectors(5, 12))
    assert report.later["contributor"].up < report.first["contributor"].up
    assert report.later["clerk"].down < report.first["clerk"].down


@pytest.mark.parametrize("seats", [range(18), range(8, 26)])
def test_packed__any_rows__give_the_values_back(seats: range) -> None:
    packed, values = Packed(26, 8, 10, 33), np.arange(33, dtype=np.int64) * 65_000_000 % PRIME
    shares = packed.share(values)
    assert packed.reconstruct(seats, shares[list(seats)]).tolist() == values.tolist()


def test_packed__shares__are_values_of_a_polynomial_of_degree_below_r() -> None:
    packed = Packed(6, 2, 2, 2)
    shares = [int(share) for share in packed.share(np.array([3, 4]))[:, 0]]
    # The fourth difference of a cubic is zero.
    assert all(
        sum(c * shares[i + j] for j, c in enumerate((1, -4, 6, -4, 1))) % PRIME == 0 for i in range(len(shares) - 4)
    )


def test_checked_run__wrong_sum__is_refused() -> None:
    (system,) = ours.SYSTEMS
    liar = replace(system, run=lambda vectors: Report([0] * len(vectors[0]), {}, {}))
    with pytest.raises(RuntimeError, match="ours: the sum is wrong"):
        run.checked_run(liar, run.make_vectors(9, 9))


def test_missing__what_is_not_installed__is_named() -> None:
    (system,) = ours.SYSTEMS
    assert run.missing([system, replace(system, needs=("json", "no_such_module"))]) == ["no_such_module"]


def test_meter__nested_work__is_charged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(time, "process_time", lambda: clock.now)
    meter = Meter()
    with meter.working("clerk"):
        clock.now += 1
        with meter.working("relay"):
            clock.now += 2
        clock.now += 4
    clock.now += 8
    loads = meter.loads(clerk=5, relay=1)
    assert (loads["clerk"].cpu_ms, loads["relay"].cpu_ms) == (1000, 2000)


def test_page__text__is_that_of_the_results_file() -> None:
    assert page.PAGE.read_text() == page.render(json.loads(RESULTS.read_text()))
