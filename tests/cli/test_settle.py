"""A settled round: `sda round reveal`, `sda claim`, `sda audit`, and what is left over."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sda.chain.settings import TOKEN
from tests.cli.shell import REFUSED, Shell
from tests.cli.steps import SUMS, deadlines, settled


@pytest.fixture(scope="module")
def stage(town: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A round that is complete and settled."""
    with town.branch(tmp_path_factory.mktemp("settled")) as sda:
        yield settled(sda)


def test_reveal__not_the_developer__is_refused(sda: Shell) -> None:
    assert "the snapshot was not taken from here" in sda.refuses("round reveal 0 --key alice")


def test_reveal__again__is_the_same(sda: Shell) -> None:
    assert sda.json("round reveal 0") == sda.json("round reveal 0") == {"round": 0, "sums": SUMS}


def test_reveal__csv_cannot_be_written__is_refused(sda: Shell) -> None:
    file = sda.home / "none" / "sums.csv"
    assert sda.refuses(f"round reveal 0 --csv {file}") == f"{file}: No such file or directory"


def test_finalise__claims_over__returns_the_rest(sda: Shell) -> None:
    end = deadlines(sda)["claim_end"]
    assert sda.refuses("round finalise 0") == f"ClaimsOpen(roundId=0, endsAt={end})"
    sda("claim 0 --key alice")
    sda.wait_until(end)
    assert sda.refuses("claim 0 --key bob") == f"ClaimsOver(roundId=0, endedAt={end})"
    before = sda.json("balance developer")
    assert sda.json("round finalise 0")["action"] == "unclaimed rewards returned to the developer"
    after = sda.json("balance developer")
    gained = [after[name] - before[name] for name in ("token_units", "credited_units")]
    assert sum(gained) == 2 * TOKEN // 100
    assert sda.refuses("round finalise 0") == "NothingToSweep(roundId=0)"


def test_claim__twice__is_refused(sda: Shell) -> None:
    sda("claim 0 --key alice")
    assert sda.refuses("claim 0 --key alice") == "AlreadyClaimed(roundId=0, index=5)"


def test_claim__sent_nothing__is_refused(sda: Shell) -> None:
    assert sda.refuses("claim 0 --key dave") == "round 0: nothing was sent to it from here"


def test_claim__gas_key__pays_the_gas_and_nothing_else(sda: Shell) -> None:
    before = sda.json("balance bob"), sda.json("balance dave")
    sda("claim 0 --key bob --gas-key dave")
    after = sda.json("balance bob"), sda.json("balance dave")
    assert after[0] == {**before[0], "token_units": before[0]["token_units"] + TOKEN // 100}
    assert after[1]["token_units"] == before[1]["token_units"]
    assert after[1]["ether_wei"] < before[1]["ether_wei"]
    assert "keys/nobody/account.json" in sda.refuses("claim 0 --key alice --gas-key nobody")


def test_audit__settled_round__holds(sda: Shell) -> None:
    assert sda.json("audit 0")["ok"]


def test_audit__relay_has_nothing__fails_with_the_check_named(sda: Shell) -> None:
    for file in sda.home.glob("relay.sqlite*"):
        file.unlink()
    answer = sda.json("audit 0", code=REFUSED)
    assert not answer["ok"]
    assert "not published" in json.dumps(answer["checks"])
    assert "FAILED" in sda.run("audit 0").stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("relay.sqlite", "audit 0"),
        ("keys/alice/outbox.sqlite", "claim 0 --key alice"),
        ("keys/developer/padded-sum-*.json", "round reveal 0"),
        ("deployment.json", "round status 0"),
    ],
)
def test_damaged_file__is_refused(sda: Shell, file: str, line: str) -> None:
    for path in sda.home.glob(file):
        path.write_text("this is not what was written here " * 50)
    sda.refuses(line)
