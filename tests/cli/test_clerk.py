"""`sda clerk`, `sda balance` and `sda collect`: staking, leaving, being paid."""

from __future__ import annotations

import os

import pytest

from sda.agents.lock import served_by_us
from sda.chain.addresses import from_text
from sda.chain.devnet import set_ether
from sda.chain.settings import DEVNET, TOKEN
from tests.cli.shell import REFUSED, Shell
from tests.cli.steps import collecting

STAKE = DEVNET.registry.minimum_stake // TOKEN


def _files_of(sda: Shell, name: str) -> set[str]:
    return {path.name for path in (sda.home / "keys" / name).iterdir()}


def test_register__stakes_and_makes_an_epoch_key(sda: Shell) -> None:
    made = sda.json("clerk register --key alice --stake 250.5")
    assert made.keys() == {"clerk_id", "stake_units", "transaction"}
    assert (made["clerk_id"], made["stake_units"]) == (9, 250_500_000_000_000_000_000)
    assert made["transaction"].startswith("0x")
    assert "epoch-0.json" in _files_of(sda, "alice")
    assert sda.json("balance alice")["token_units"] == 10_000 * TOKEN - 250_500_000_000_000_000_000 - TOKEN


def test_register__text__says_id_and_stake(sda: Shell) -> None:
    assert sda("clerk register --key alice --stake 250.5") == "alice is clerk 9 with 250.5 tokens at stake\n"


def test_register__below_the_minimum__is_refused(sda: Shell) -> None:
    message = sda.refuses("clerk register --key alice --stake 99.9")
    assert message == f"StakeTooSmall(stake={999 * TOKEN // 10}, minimum={STAKE * TOKEN})"
    assert sda.json("clerk register --key alice --stake 100")["clerk_id"] == 9


def test_register__second_time__is_refused(sda: Shell) -> None:
    before = sda.files()
    assert sda.refuses("clerk register --key clerk-1 --stake 100").startswith("AlreadyRegistered(account=0x")
    assert sda.files() == before


def test_register__without_ether__is_refused(sda: Shell) -> None:
    assert "balance=0" in sda.refuses("clerk register --key poor --stake 100")


def test_register__more_than_it_has__is_refused(sda: Shell) -> None:
    message = sda.refuses("clerk register --key alice --stake 10000")
    assert message.startswith("ERC20InsufficientBalance(")
    assert f"balance={10_000 * TOKEN}, needed={10_001 * TOKEN})" in message


@pytest.mark.parametrize(
    "amount",
    ["-1", "ten", "nan", "inf", "1e60", "1e999999", "1e-999999999", "0.0000000000000000001", f"1.{'0' * 40}1", "''"],
)
def test_amount__not_one_of_token_units__is_wrong_usage(sda: Shell, amount: str) -> None:
    said = sda.misuse(f"clerk register --key alice --stake={amount}")
    assert "--stake" in said
    assert "18 decimals" in said or "such as 100 or 2.5" in said
    assert "epoch-0.json" not in _files_of(sda, "alice")


def test_stake__adds_to_it(sda: Shell) -> None:
    added = sda.json("clerk stake --key clerk-1 --amount 50")
    assert added.keys() == {"clerk_id", "stake_units", "transaction"}
    assert added["stake_units"] == 150 * TOKEN
    assert sda("clerk stake --key clerk-1 --amount 0.5") == "clerk 1 now has 150.5 tokens at stake\n"


def test_stake__nothing__is_refused(sda: Shell) -> None:
    assert sda.refuses("clerk stake --key clerk-1 --amount 0") == "ZeroAmount()"


def test_stake__not_registered__is_refused(sda: Shell) -> None:
    assert sda.refuses("clerk stake --key alice --amount 1").startswith("NotRegistered(account=0x")


def test_status__shows_stake_weight_seats_and_keys(sda: Shell) -> None:
    status = sda.json("clerk status --key clerk-2")
    assert status.keys() == {
        *("clerk_id", "operator", "stake", "weight", "key_epoch", "withdrawable_at", "seats", "leaked"),
        *(
            "share_of_weight",
            "credited_units",
            "epoch",
            "ether_wei",
            "ether_needed_wei",
            "short_of",
            "rounds",
            "daemon",
        ),
    }
    assert status["operator"] == sda.json("balance clerk-2")["address"].lower()
    assert (status["stake"], status["seats"], status["leaked"]) == (150 * TOKEN, 0, False)
    assert 0 < status["share_of_weight"] < 1
    assert (status["short_of"], status["rounds"], status["daemon"]) == ([], [], None)
    assert "150 tokens" in sda("clerk status --key clerk-2")


@pytest.mark.parametrize("command", ["status", "run"])
def test_status_and_run__not_registered__are_refused(sda: Shell, command: str) -> None:
    assert "is not registered as a clerk" in sda.refuses(f"clerk {command} --key alice")


def test_status__with_a_seat__shows_the_round(sda: Shell) -> None:
    collecting(sda)
    seat = sda.json("round status 0")["seats"][0]["clerk_id"]
    (shown,) = sda.json(f"clerk status --key clerk-{seat}")["rounds"]
    assert (shown["round_id"], shown["seat"], shown["state"], shown["owes"]) == (0, 0, "collecting", True)
    assert "owes its row" in sda(f"clerk status --key clerk-{seat}")


def test_run__short_of_ether__fails_before_it_cannot_pay(sda: Shell) -> None:
    address = sda.json("balance clerk-1")["address"]
    set_ether(sda.chain, [from_text(address)], 10**15)
    (deed,) = sda.json("clerk run --key clerk-1", code=REFUSED)["deeds"]
    assert (deed["action"], deed["failed"]) == ("ether short", True)
    assert sda.json("clerk status --key clerk-1")["short_of"] == ["ether short"]


def test_run__while_another_process_serves_it__is_refused(sda: Shell) -> None:
    with served_by_us(sda.home / "keys" / "clerk-1"):
        message = sda.refuses("clerk run --key clerk-1")
        assert message == f"clerk-1: is served by process {os.getpid()} already; stop that one first"
        assert message == sda.refuses("clerk run --key clerk-1 --daemon")
        assert sda.json("clerk status --key clerk-1")["daemon"]["pid"] == os.getpid()
        assert f"process {os.getpid()}" in sda("clerk status --key clerk-1")
        sda("clerk run --key clerk-2")
    sda("clerk run --key clerk-1")


def test_run__nothing_to_do__says_so(sda: Shell) -> None:
    assert sda("clerk run --key clerk-1") == "nothing is due\n"
    assert sda.json("clerk run --key clerk-1") == {"deeds": []}


def test_run__late_in_an_epoch__registers_the_next_key(sda: Shell) -> None:
    length = DEVNET.registry.epoch_length
    sda.wait_until(sda.chain.now() + length // 2 + 3600)
    (deed,) = sda.json("clerk run --key clerk-1")["deeds"]
    assert deed == {"action": "key registered", "round_id": None, "detail": "epoch 1", "failed": False}
    assert sda.json("clerk run --key clerk-1")["deeds"] == []
    assert sda.json("clerk status --key clerk-1")["key_epoch"] == 1


def test_unbond_and_withdraw__after_the_wait__returns_the_stake(sda: Shell) -> None:
    left = sda.json("clerk unbond --key clerk-1")
    assert left.keys() == {"clerk_id", "withdrawable_at", "seats"}
    assert sda.json("clerk status --key clerk-1")["weight"] == 0
    sda.wait_until(left["withdrawable_at"])
    to = sda.json("balance poor")["address"]
    taken = sda.json(f"clerk withdraw --key clerk-1 --to {to}")
    assert taken.keys() == {"units", "to", "transaction"}
    assert (taken["units"], taken["to"]) == (100 * TOKEN, to)
    assert sda.json("balance poor")["token_units"] == 100 * TOKEN


def test_unbond_and_withdraw__text(sda: Shell) -> None:
    assert "clerk 1 can withdraw from 20" in sda("clerk unbond --key clerk-1")
    sda.wait_until(sda.json("clerk status --key clerk-1")["withdrawable_at"])
    address = sda.json("balance clerk-1")["address"]
    assert sda("clerk withdraw --key clerk-1") == f"100 tokens sent to {address}\n"


def test_withdraw__too_early__is_refused_and_says_when(sda: Shell) -> None:
    moment = sda.json("clerk unbond --key clerk-1")["withdrawable_at"]
    assert sda.refuses("clerk withdraw --key clerk-1").startswith(f"TooEarly(availableAt={moment}, current=")


def test_withdraw__not_unbonding__is_refused(sda: Shell) -> None:
    assert sda.refuses("clerk withdraw --key clerk-1") == "NotUnbonding(clerkId=1)"


def test_withdraw__twice__is_refused(sda: Shell) -> None:
    sda.wait_until(sda.json("clerk unbond --key clerk-1")["withdrawable_at"])
    sda("clerk withdraw --key clerk-1")
    sda.refuses("clerk withdraw --key clerk-1")


def test_withdraw__with_a_seat__is_refused(sda: Shell) -> None:
    collecting(sda)
    seat = sda.json("round status 0")["seats"][0]["clerk_id"]
    sda.wait_until(sda.json(f"clerk unbond --key clerk-{seat}")["withdrawable_at"])
    assert sda.refuses(f"clerk withdraw --key clerk-{seat}") == f"StillLocked(clerkId={seat}, seats=1)"


@pytest.mark.parametrize("address", ["0x12", "clerk-2", "0x" + "0" * 40, "0xAe0faaE459b9a749e2054169cfbff380ad63df7a"])
def test_address__not_one__is_wrong_usage(sda: Shell, address: str) -> None:
    assert "--to" in sda.misuse(f"clerk withdraw --key clerk-1 --to {address}")


def test_unbond__twice__is_refused(sda: Shell) -> None:
    sda("clerk unbond --key clerk-1")
    assert sda.refuses("clerk unbond --key clerk-1") == "IsUnbonding(clerkId=1)"


# ---------------------------------------------------------------------- accounts


def test_balance__by_name_and_by_address__is_the_same(sda: Shell) -> None:
    balance = sda.json("balance dave")
    assert balance.keys() == {"address", "ether_wei", "token_units", "credited_units", "bonds_units"}
    assert balance == sda.but(password="").json(f"balance {balance['address']}")
    assert (balance["ether_wei"], balance["token_units"]) == (100 * 10**18, 10_000 * TOKEN)
    assert "10,000" in sda("balance dave")


def test_balance__mistyped_address__is_refused(sda: Shell) -> None:
    assert "40 hexadecimal digits" in sda.refuses("balance 0x1234")


def test_collect__credit__is_paid_once(sda: Shell) -> None:
    sda("round open --profile test --minimum 3 --no-draw")
    sda.mine(3)
    sda("round draw 0 --key clerk-1")
    before = sda.json("balance clerk-1")
    assert before["credited_units"] == DEVNET.rounds.draw_bounty
    taken = sda.json("collect --key clerk-1")
    assert taken.keys() == {"units", "to", "transaction"}
    assert (taken["units"], taken["to"]) == (before["credited_units"], before["address"])
    assert sda.json("balance clerk-1")["token_units"] == before["token_units"] + taken["units"]
    assert sda.refuses("collect --key clerk-1").startswith("NothingToWithdraw(account=0x")
