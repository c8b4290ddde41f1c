"""`sda analytics`, `sda privacy` and `sda experiment`: what people see of private rounds."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from sda.privacy.plan import Committee, Plan
from sda.privacy.query import Query
from tests.cli.shell import Shell

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
QUERY = """
title: Lamps
events: [lamp]
values: [minutes]
privacy: {epsilon: 1, delta: 1e-6}
metrics:
  - {metric: count, name: who}
  - {metric: mean, name: how long, value: minutes, range: [0, 60]}
"""
SMALL = "--seats 4 --threshold 1 --packing 1 --silent 1"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "query.yaml").write_text(QUERY)
    (tmp_path / "data.csv").write_text("lamp,minutes\n" + "1,30\n,\n" * 20)
    return tmp_path


# ---------------------------------------------------------------------- sda analytics


def test_quote__says_error_price_and_promise_before_anything_is_paid(sda: Shell, files: Path) -> None:
    made = sda.json(f"analytics quote {files}/query.yaml --seats 26 --threshold 8 --packing 10 --silent 3")
    assert made["overhead"] == pytest.approx((23 / 15) ** 0.5)
    assert made["expected"][0]["half"] == pytest.approx(1.96 * made["sd_expected"], rel=1e-3)
    assert made["query_word"].startswith("0x01")
    said = sda(f"analytics quote {files}/query.yaml")
    assert "at most t = 3 of the 8 clerks are corrupt" in " ".join(said.split())
    assert "s = 1" in said


def test_run__a_small_round__gives_table_json_csv_and_chart(sda: Shell, files: Path) -> None:
    line = f"analytics run {files}/query.yaml --data {files}/data.csv {SMALL}"
    found = sda.json(f"{line} --csv {files}/sums.csv --chart {files}/sums.svg")
    assert found["exact"] is True
    assert (found["count"], found["dealers"], found["epsilon"]) == (40, 4, pytest.approx(1, rel=1e-6))
    assert found["spent"] == pytest.approx(1, rel=1e-6)
    who = found["metrics"][0]["estimates"][0]
    assert who["low"] <= who["value"] <= who["high"] or not 0 <= who["value"] <= 40
    rows = list(csv.DictReader((files / "sums.csv").open()))
    assert [row["metric"] for row in rows] == ["who", "how long", "how long"]
    assert float(rows[0]["value"]) == pytest.approx(who["value"])
    assert "<svg" in (files / "sums.svg").read_text()


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (("epsilon: 1", "epsilon: 0"), "", "privacy.epsilon = 0.0: must be above 0"),
        (("epsilon: 1", "epsilon: -2"), "", "privacy.epsilon = -2.0: must be above 0"),
        (("1e-6", "1"), "", "privacy.delta = 1.0: must be in [2^-50, 1)"),
        (("1e-6", "0"), "", "privacy.delta = 0.0: must be in [2^-50, 1)"),
        (("[0, 60]", "[60, 0]"), "", "metrics[1].range = [60.0, 0.0]: must be [low, high] with low < high"),
        (("metric: count", "metric: histogram, value: minutes, bins: [5, 1]"), "", "metrics[0].bins[0] = [5.0, 1.0]"),
        (
            ("metric: count", "metric: histogram, value: minutes, bins: [[0, 5], [4, 6]]"),
            "",
            "metrics[0].bins[1] = [4.0, 6.0]: must be from 5 on: bins must not overlap",
        ),
        (("metric: count", "metric: count, events: [lmap]"), "", "metrics[0].events[0] = 'lmap': must be declared"),
        (("minutes]", "hours]"), "", "metrics[1].value = 'minutes': must be declared by the query: one of hours"),
        (
            ("metric: count", "metric: quantiles, value: minutes, range: [0, 60], leaves: 1024"),
            "",
            "metrics = '2048 coordinates': must be at most 756 coordinates in a round with k = 1; 'who' alone",
        ),
        (("1", "1"), "--silent 5", "silent = 5: must be in [0, n - t - 1 = 2]"),
        (("1", "1"), "--chart sums.jpg", "chart = 'sums.jpg': must be a name that ends in .svg"),
        (("lamp]", "light]"), "", "line 2: unknown name 'lamp': the query declares light, minutes"),
    ],
)
def test_run__bad_input__is_one_clear_error_and_nothing_is_started(
    sda: Shell, files: Path, change: tuple[str, str], options: str, message: str
) -> None:
    (files / "query.yaml").write_text(QUERY.replace(*change))
    line = f"analytics run {files}/query.yaml --data {files}/data.csv {SMALL} {options}"
    assert sda.refuses(line).startswith(message)


def test_run__values_out_of_range__are_clipped_counted_dropped_or_refused_as_the_query_says(
    sda: Shell, files: Path
) -> None:
    (files / "data.csv").write_text("lamp,minutes\n1,61\n")
    (files / "query.yaml").write_text(QUERY.replace("[0, 60]}", "[0, 60], outside: refuse}"))
    line = f"analytics run {files}/query.yaml --data {files}/data.csv {SMALL}"
    assert "contributors = 1: must be in [2, 20000]" in sda.refuses(line)
    (files / "data.csv").write_text("lamp,minutes\n1,61\n1,5\n")
    assert "value 'minutes': must be in [0, 60]" in sda.refuses(line)


def test_run__no_such_files__are_named(sda: Shell, files: Path) -> None:
    assert "none.yaml" in sda.refuses(f"analytics run {files}/none.yaml --data {files}/data.csv")
    assert "none.csv: cannot be read" in sda.refuses(f"analytics run {files}/query.yaml --data {files}/none.csv")


def test_example__in_the_documentation__is_a_query_that_fits_a_round() -> None:
    query = Query.load(EXAMPLES / "day.yaml")
    assert Plan.make(query, Committee(8, 3, 3, 1), 1000).parameters.row_length <= 64


# ---------------------------------------------------------------------- sda privacy


def test_ledger__empty__shows_the_default_budget(sda: Shell) -> None:
    shown = sda.json("privacy ledger --key alice")
    assert (shown["spent_epsilon"], shown["left_epsilon"], shown["rounds"]) == (0, 10, [])
    assert "ε = 0 of 10 at δ = 1e-05" in sda("privacy ledger --key alice")


def test_budget__set__is_kept_and_bad_ones_are_refused(sda: Shell) -> None:
    sda("privacy budget --key alice --epsilon 2 --delta 1e-6")
    assert sda.json("privacy ledger --key alice")["budget"] == {"epsilon": 2, "delta": 1e-6}
    assert sda.refuses("privacy budget --key alice --epsilon 0").startswith("epsilon = 0.0: must be in (0, 50]")
    assert sda.refuses("privacy budget --key alice --epsilon 1 --delta 1").startswith("delta = 1.0")
    assert "no such key file" in sda.refuses("privacy ledger --key nobody")


@pytest.fixture
def asked(sda: Shell, files: Path) -> int:
    """A round of the query that collects, with four contributions and everybody's noise."""
    committee = "--seats 5 --threshold 2 --packing 2 --silent 1"
    opened = sda.json(f"analytics open {files}/query.yaml --contributors 50 --minimum 3 {committee} --no-draw")
    assert "at most t = 2 of the 5 clerks are corrupt" in " ".join(opened["guarantee"].split())
    round_id = int(opened["round"])
    sda.mine(3)
    assert sda.json(f"round draw {round_id}")["outcome"] == "drawn"
    for name in ("alice", "bob", "carol"):
        sent = sda.json(f"{answer(files, round_id)} --key {name}")
        assert 0 < sent["spent_epsilon"] < 1
    for number in range(1, 9):
        sda(f"clerk run --key clerk-{number}")
    return round_id


def answer(files: Path, round_id: int) -> str:
    (files / "mine.json").write_text('{"lamp": 1, "minutes": 30}\n')
    minima = "--min-seats 5 --min-threshold 2 --min-contributors 3"
    return f"analytics contribute {round_id} {files}/query.yaml --data {files}/mine.json {minima}"


def test_private_round__from_query_to_results__by_commands(sda: Shell, files: Path, asked: int) -> None:
    closed = sda.json(f"analytics close {asked} {files}/query.yaml")
    assert (closed["count"], closed["dealers"]) == (3, 5)
    for _ in range(2):
        sda.wait_until(sda.json(f"round status {asked}")["deadlines"]["complaint_end"])
        for number in range(1, 9):
            sda(f"clerk run --key clerk-{number}")
    found = sda.json(f"analytics results {asked} {files}/query.yaml --csv {files}/sums.csv")
    assert (found["count"], found["dealers"], found["title"]) == (3, 5, "Lamps")
    (who,) = found["metrics"][0]["estimates"]
    assert 0 <= who["low"] <= who["high"] <= 3
    assert "who" in (files / "sums.csv").read_text()
    assert "3 contributors, noise of 5 clerks" in sda(f"analytics results {asked} {files}/query.yaml")


def test_private_round__another_query__is_refused_before_anything_is_sent(sda: Shell, files: Path, asked: int) -> None:
    line = f"{answer(files, asked)} --key dave"
    (files / "query.yaml").write_text(QUERY.replace("[0, 60]", "[0, 61]"))
    assert "query" in sda.refuses(line)
    assert "query" in sda.refuses(f"analytics close {asked} {files}/query.yaml")
    (files / "query.yaml").write_text(QUERY)
    (files / "mine.json").write_text('{"lamp": 1}\n{"lamp": 1}\n')
    assert "2 lines, must be one" in sda.refuses(line)
    sda("privacy budget --key dave --epsilon 0.01")
    answer(files, asked)
    assert "budget" in sda.refuses(line)
    assert sda.json("privacy ledger --key dave")["rounds"] == []
    assert sda.json(f"analytics close {asked} {files}/query.yaml")["count"] == 3


def test_ledger__after_a_private_round__is_audited_against_the_chain(sda: Shell, files: Path, asked: int) -> None:
    query, round_id = Query.load(files / "query.yaml"), asked
    sda(f"analytics close {asked} {files}/query.yaml")
    for name in ("alice", "developer"):
        shown = sda.json(f"privacy ledger --key {name} --audit")
        (entry,) = shown["rounds"]
        assert (entry["round"], entry["status"], entry["counts"]) == (round_id, "reserved", True)
        assert Query.from_yaml(entry["query"]) == query
        assert shown["audit"] == [{"round": round_id, "ok": True, "found": "as on chain (disputing)"}]
        assert 0 < shown["spent_epsilon"] < 1
    assert "Lamps" in sda("privacy ledger --key alice --audit")

    address = sda.json("balance developer")["address"]
    told = sda.json(f"privacy rounds {address} --delta 1e-4")
    assert told["epsilon"] == pytest.approx(1, rel=1e-6)
    assert told["rounds"] == [
        {"round": round_id, "state": "disputing", "epsilon": 1, "delta": pytest.approx(1e-6), "released": True}
    ]
    assert "ε = 1, δ = 1e-06 (gaussian)" in sda(f"privacy rounds {address}")
    assert sda.json(f"privacy rounds {address} --delta 1e-9")["epsilon"] is None


# ---------------------------------------------------------------------- sda experiment


def test_experiment__small__writes_figures_and_data(sda: Shell, tmp_path: Path) -> None:
    found = sda.json(f"experiment rappor-vs-clerks --out {tmp_path}/out --repetitions 200")
    assert json.loads((tmp_path / "out" / "figures" / "experiment.json").read_text()) == found
    assert len(list((tmp_path / "out" / "figures").glob("*.svg"))) == 3
    assert all(each["equal"] > 1000 for each in found["comparisons"])


def test_experiment__audit__finds_what_it_should(sda: Shell) -> None:
    found = sda.json("experiment audit --runs 60000 --failure 1e-9")
    assert found["ok"] is True
    assert [each["convicts"] for each in found["findings"]] == [False, True, False, True]
    assert "--runs" in sda.misuse("experiment audit --runs 10")
