"""The bench of whole rounds: people that are the same in every run, facts that survive, a page of what was found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.result import FILE
from bench.scale import people, report
from bench.scale.crowd import _busy
from bench.scale.place import Facts

FACTS = {
    "contributors": {"contribution_ms": 3.96, "contribution_bytes": 1779, "sent_per_second": 158.7},
    "collecting": {"seconds": 10.0, "peak_mb": 100.0, "peak_child_mb": 50.0, "width": 2, "count": 1000},
    "growing": {"seconds": 2.0, "peak_mb": 90.0, "peak_child_mb": 40.0},
    "checks 7": {"cpu_seconds": 3.0, "bytes_down": 200_000, "peak_mb": 80.0},
    "checks 9": {"cpu_seconds": 5.0, "bytes_down": 200_064, "peak_mb": 81.0},
    "again 7": {"load_seconds": 0.1, "answer_seconds": 0.2, "bytes_down": 5000, "peak_mb": 70.0},
    "again 9": {"load_seconds": 0.1, "answer_seconds": 0.4, "bytes_down": 5064, "peak_mb": 70.0},
    "gas": {"draw": 1.0, "snapshot": 2.0, "row": 3.0, "close": 4.0, "claim": 5.0},
    "relay": {"words": "a file", "disk_bytes": 3_000_000},
}


def test_people__are_the_same_again_and_nobody_elses() -> None:
    first = people.identity(3)
    assert first.account.address == people.identity(3).account.address
    assert first.key(1, bytes(20)).scalar == people.identity(3).key(1, bytes(20)).scalar
    assert len({people.identity(i).account.address for i in range(50)}) == 50
    assert people.nonce(3, bytes(32)) != people.nonce(3, bytes(31) + b"\1")


def test_people__their_vectors_add_up() -> None:
    vectors = [people.vector(index, 100) for index in range(200)]
    assert set(np.unique(vectors)) == {0, 1}
    assert people.plain_sum(200, 100) == np.sum(vectors, axis=0).tolist()
    assert sum(people.plain_sum(200, 100)[:20]) < sum(people.plain_sum(200, 100)[-20:])


def test_facts__are_found_once(tmp_path: Path) -> None:
    found = Facts(tmp_path / "facts.json").once("answer", lambda: 42)
    assert found == Facts(tmp_path / "facts.json").once("answer", lambda: pytest.fail("asked again")) == 42


def test_busy__pauses_do_not_count() -> None:
    assert _busy([(0.0, 2.0), (1.0, 3.0), (10.0, 11.0)]) == 4.0


def test_figures__from_facts() -> None:
    found = {each.name: each.value for each in report.results(1000, FACTS)}
    assert found["developer_peak_mb_at_1000"] == 200.0
    assert found["collect_per_second_at_1000"] == 100.0
    assert found["clerk_first_cpu_seconds_at_1000"] == 4.0
    assert (found["clerk_job_bytes_at_1000"], found["clerk_late_job_bytes_at_1000"]) == (5000, 5064)
    assert (found["clerk_first_peak_mb_at_1000"], found["clerk_peak_mb_at_1000"]) == (81.0, 70.0)
    assert len(found) == len(report.LINES)


def test_figure__shows_every_run(tmp_path: Path) -> None:
    entries = [vars(each) for size in (1000, 10_000) for each in report.results(size, FACTS)]
    report.draw(entries, tmp_path / "scale.svg")
    again = tmp_path / "again.svg"
    report.draw(entries, again)
    assert (tmp_path / "scale.svg").read_bytes() == again.read_bytes()
    assert "| 1,000 | 10,000 |" in report.page(entries)


def test_page__is_that_of_the_results_file() -> None:
    entries = json.loads(FILE.read_text())
    page = report.PAGE.read_text()
    for line in page.splitlines():
        if line.startswith("|"):
            assert line in report.page(entries)
