"""Between snapshot and settlement: `sda clerk run`, `sda round reveal` and `finalise`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.shell import REFUSED, Shell
from tests.cli.steps import MINIMA, deadlines, disputing, seated


@pytest.fixture(scope="module")
def stage(town: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A round whose collection is closed; complaints are possible."""
    with town.branch(tmp_path_factory.mktemp("disputing")) as sda:
        yield disputing(sda)


def test_snapshot__twice__is_refused(sda: Shell) -> None:
    assert sda.refuses("round snapshot 0") == "round 0: is disputing, takes no snapshot"


def test_contribute__after_the_snapshot__is_refused(sda: Shell) -> None:
    message = sda.refuses(f"contribute 0 --key dave --vector - {MINIMA}", typed="[1,2,3,4,5,6,7]")
    assert message == "round 0: takes no contributions (disputing)"


def test_abandon__after_the_snapshot__is_refused(sda: Shell) -> None:
    assert sda.refuses("round abandon 0") == "WrongState(roundId=0, state=disputing)"


def test_reveal__too_few_rows__is_refused(sda: Shell) -> None:
    assert sda.refuses("round reveal 0") == "round 0: has 0 accepted rows, must have 4"


def test_run__again__does_nothing_twice(sda: Shell) -> None:
    (first, *_) = seated(sda)
    for _ in range(2):
        (deed,) = sda.json(f"clerk run --key {first}")["deeds"]
        assert (deed["action"], deed["round_id"], deed["failed"]) == ("job checked", 0, False)
    sda.wait_until(deadlines(sda)["complaint_end"])
    (deed,) = sda.json(f"clerk run --key {first}")["deeds"]
    assert deed["action"] == "row sent"
    assert sda.json(f"clerk run --key {first}")["deeds"] == []


def test_run__relay_lost__declares_no_data_in_time_and_fails(sda: Shell) -> None:
    (first, *_) = seated(sda)
    for file in sda.home.glob("relay.sqlite*"):
        file.unlink()
    (deed,) = sda.json(f"clerk run --key {first}", code=REFUSED)["deeds"]
    assert (deed["action"], deed["failed"]) == ("job checked", True)
    sda.wait_until(deadlines(sda)["complaint_end"] - 100)
    (deed,) = sda.json(f"clerk run --key {first}")["deeds"]
    assert "declared no data" in deed["detail"]


def test_run__damaged_answers__is_refused(sda: Shell) -> None:
    (first, *_) = seated(sda)
    (sda.home / "keys" / first / "answers.sqlite").write_text("this is not what was written here " * 50)
    assert sda.refuses(f"clerk run --key {first}") == "a file cannot be used: file is not a database"


def test_run__progress_file_cut_off_by_a_crash__still_serves(sda: Shell) -> None:
    (first, *_) = seated(sda)
    sda(f"clerk run --key {first}")
    for file in (sda.home / "keys" / first).glob("progress-*.json"):
        file.write_text("")
    assert "job checked" in sda(f"clerk run --key {first}")


def test_finalise__too_early__is_refused_and_says_when(sda: Shell) -> None:
    due = deadlines(sda)["row_end"]
    assert sda.refuses("round finalise 0") == f"NotDue(roundId=0, state=disputing, dueAt={due})"


def test_finalise__silent_clerks__fail_the_round(sda: Shell) -> None:
    sda.wait_until(deadlines(sda)["row_end"])
    assert sda.json("round finalise 0 --key clerk-1")["action"] == "failed, settled"
    assert sda.json("round status 0")["state"] == "failed"
    assert sda.refuses("claim 0 --key alice") == "NoPot(roundId=0)"


def test_claim__before_it_is_settled__is_refused(sda: Shell) -> None:
    assert sda.refuses("claim 0 --key alice") == "NoPot(roundId=0)"
