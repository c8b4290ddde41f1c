"""`sda round open`, `draw`, `status` and `abandon`: what can be asked, and what it costs."""

from __future__ import annotations

import pytest

from sda.chain.settings import DEVNET, TOKEN
from tests.cli.shell import REFUSED, Shell
from tests.cli.steps import OPEN, collecting


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--n 99", "n = 99: must be an integer in [2, 64] (seats)"),
        ("--t 4 --k 2", "t + k = 6: must be at most n = 5: the rows that complete a round"),
        ("--t 0", "t = 0: must be an integer in [1, 64] (privacy threshold)"),
        ("--bits 65", "bits = 65: must be an integer in [1, 64] (of a coordinate)"),
        ("--length 0", "length = 0: must be an integer in [1, 4294967295] (coordinates of a vector)"),
        ("--length 99999", "chunk_length = "),
        ("--maximum 1", "maximum = 1: must be an integer in [2, 4294967295] (contributors)"),
        ("--offset 256", "offset = 256: must be an integer in [0, 255] (below 2^bits)"),
        ("--minimum 1001", "InvalidTerm(field=minimum, value=1001, lowest=2, highest=1000)"),
        ("--collect-window 1", "InvalidTerm(field=collectWindow, value=1, lowest=2, highest=86400)"),
        ("--claim-window 86401", "InvalidTerm(field=claimWindow, value=86401, lowest=2, highest=86400)"),
        ("--n 9", "CommitteeExceedsPool(n=9, pool=8)"),
        ("--flat-fee 1000", "PaymentsExceedBonds("),
        ("--flat-fee 0", "InvalidTerm(field=flatFee, value=0, lowest=1000000000000000, highest="),
        ("--reward 100", "PaymentsExceedBonds("),
        ("--max-payment 1", f"EscrowTooSmall(offered={TOKEN}, required="),
    ],
)
def test_open__terms_out_of_range__are_refused_by_name(sda: Shell, options: str, message: str) -> None:
    assert sda.refuses(f"{OPEN} {options}").startswith(message)
    assert "no round was requested yet" in sda.refuses("round status 0")


@pytest.mark.parametrize("options", ["--minimum -1", "--minimum 4294967296", "--row-window 1.5", "--profile huge"])
def test_open__no_such_value__is_wrong_usage(sda: Shell, options: str) -> None:
    assert options.split()[0] in sda.misuse(f"{OPEN} {options}")


def test_open__text__says_what_is_promised(sda: Shell) -> None:
    said = sda(OPEN)
    assert "5 seats; any 4 rows complete it; with up to 2 corrupt clerks" in said


def test_status__of_each_part__has_its_fields(sda: Shell) -> None:
    sda(OPEN)
    assert sda.json("round status 0")["seats"] == []
    sda.mine(3)
    sda("round draw 0")
    status = sda.json("round status 0")
    assert status.keys() == {"round", "state", "facts", "deadlines", "seats", "rewards"}
    assert (status["round"], status["state"], len(status["seats"])) == (0, "collecting", 5)
    assert status["facts"]["developer"] == sda.json("balance developer")["address"].lower()
    assert status["deadlines"].keys() == {"collect_end", "complaint_end", "row_end", "claim_end"}
    assert status["seats"][0].keys() == {"seat", "clerk_id", "answered", "resolved"}
    assert status["rewards"].keys() == {"each", "claimed", "waiting"}


@pytest.mark.parametrize(
    "line",
    [
        *("round status 0", "round draw 0", "round snapshot 0", "round reveal 0", "round finalise 0"),
        *("round abandon 0", "audit 0", "claim 0 --key alice", "contribute 0 --key alice --vector -"),
    ],
)
def test_round_that_does_not_exist__is_refused(sda: Shell, line: str) -> None:
    for number in (0, 7, 2**64 - 1):
        message = sda.refuses(line.replace("0", str(number)), typed="1,2,3")
        assert str(number) in message


def test_round_that_does_not_exist__is_told_which_there_are(sda: Shell) -> None:
    sda(OPEN)
    assert sda.refuses("round status 1") == "round 1: there is none; rounds are 0 to 0"
    assert sda.refuses(f"round draw {2**64 - 1}").endswith("there is none; rounds are 0 to 0")


@pytest.mark.parametrize("number", ["-1", "one", str(2**64)])
def test_round__no_number_of_one__is_wrong_usage(sda: Shell, number: str) -> None:
    assert "ROUND" in sda.misuse(f"round status -- {number}")


def test_draw__twice__is_refused(sda: Shell) -> None:
    collecting(sda)
    assert sda.refuses("round draw 0") == "WrongState(roundId=0, state=collecting)"


def test_draw__no_clerk_has_a_key_for_the_epoch__is_said_and_refunded(sda: Shell) -> None:
    sda.wait_until(sda.chain.now() + DEVNET.registry.epoch_length)
    sda(OPEN)
    sda.mine(3)
    before = sda.json("balance developer")["credited_units"]
    answer = sda.json("round draw 0", code=REFUSED)
    assert answer == {"round": 0, "outcome": "tries_exhausted"}
    assert sda.json("balance developer")["credited_units"] > before


def test_draw__too_late__is_refused_and_the_money_comes_back(sda: Shell) -> None:
    sda(OPEN)
    sda.mine(300)
    assert sda.refuses("round draw 0") == "WrongState(roundId=0, state=missed)"
    before = sda.json("balance developer")["credited_units"]
    sda("round finalise 0")
    assert sda.json("balance developer")["credited_units"] > before


def test_draw__rounds_before_it__are_drawn_too(sda: Shell) -> None:
    sda(OPEN)
    sda(OPEN)
    sda.mine(3)
    sda("round draw 1 --key clerk-1")
    assert [sda.json(f"round status {number}")["state"] for number in (0, 1)] == ["collecting", "collecting"]


def test_abandon__before_the_snapshot__costs_fees_and_a_burn(sda: Shell) -> None:
    collecting(sda)
    assert sda.json("round abandon 0").keys() == {"round", "transaction"}
    assert sda.json("round status 0")["state"] == "abandoned"
    assert sda.refuses("round abandon 0") == "WrongState(roundId=0, state=abandoned)"


def test_abandon__somebody_elses__is_refused(sda: Shell) -> None:
    collecting(sda)
    assert sda.refuses("round abandon 0 --key alice").startswith("NotDeveloper(roundId=0, caller=0x")


@pytest.mark.parametrize("name", ["ray", "processes:0", "dask:"])
def test_snapshot__no_such_executor__is_refused(sda: Shell, name: str) -> None:
    message = sda.refuses(f"round snapshot 0 --executor {name}")
    assert message.startswith(f"executor = '{name}': must be serial, processes, processes:COUNT, dask://HOST:PORT")


def test_snapshot__nobody_at_the_scheduler__is_told(sda: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sda.engine._CONNECT_SECONDS", 1)
    collecting(sda)
    message = sda.refuses("round snapshot 0 --executor dask://127.0.0.1:1")
    assert message.startswith("tcp://127.0.0.1:1: no Dask scheduler answers there")
