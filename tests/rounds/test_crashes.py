"""Processes that end at the worst moment: run again, they do what is left and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NoReturn

import pytest

from sda.answers import SecondAnswerError
from sda.chain.devnet import Devnet
from sda.errors import ProofError, RelayError
from sda.outbox import AlreadyContributedError
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast, killed


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path)
    yield cast
    cast.relay.close()


def test_clerk__killed_before_its_row_is_sent__sends_the_same_row(cast: Cast) -> None:
    round_id = cast.open()
    total = cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    cast.past_complaints()
    victim = cast.committee(round_id)[0]
    with killed(victim.rounds, "submit_row", "before"):
        victim.run_once()
    written = victim._book.find(cast.rounds.view(round_id).round_hash, 0)
    assert written is not None
    again = cast.restarted(victim)
    assert [deed.action for deed in again.run_once()] == ["row sent"]
    assert cast.rounds.rows(round_id)[0] == written[1]
    cast.run_all()
    assert cast.developer.reveal(round_id) == total


def test_clerk__killed_after_its_row_was_sent__sends_nothing_more(cast: Cast) -> None:
    round_id = cast.open()
    cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    cast.past_complaints()
    victim = cast.committee(round_id)[0]
    with killed(victim.rounds, "submit_row", "after"):
        victim.run_once()
    assert cast.restarted(victim).run_once() == []


def test_clerk__killed_while_it_registers__keeps_the_key_it_proved(cast: Cast) -> None:
    newcomer = cast.clerk("newcomer", new=True)
    with killed(newcomer.registry, "register", "after"):
        newcomer.register(100 * 10**18)
    again = cast.restarted(newcomer)
    epoch = cast.registry.epoch_now()
    assert cast.registry.key_hash(again.clerk_id, epoch) == again.keys.key(epoch).public.hash
    assert again.run_once() == []


def test_clerk__that_kept_its_row__needs_the_relay_no_more(cast: Cast) -> None:
    round_id = cast.open()
    total = cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    assert {deed.action for deed in cast.run_all()} == {"job checked"}
    cast.past_complaints()
    for agent in cast.committee(round_id):
        agent.relay = _SilentRelay()  # type: ignore[assignment]
    cast.run_all()
    assert cast.developer.reveal(round_id) == total


def test_clerk__whose_files_are_withheld__says_so_in_time(cast: Cast) -> None:
    round_id = cast.open()
    cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    victim = cast.committee(round_id)[2]
    relay, victim.relay = victim.relay, _SilentRelay()  # type: ignore[assignment]
    (deed,) = victim.run_once()
    assert deed.failed
    assert "withheld" in deed.detail
    cast.node.increase_time(make_terms().complaint_window * 3 // 4)
    (deed,) = victim.run_once()
    assert (deed.failed, "declared no data" in deed.detail) == (False, True)
    victim.relay = relay
    cast.past_complaints()
    assert victim.run_once() == []


def test_clerk__asked_for_a_second_set__refuses(cast: Cast) -> None:
    """The chain is reorganised after the row was sent, and the developer closes another set."""
    round_id = cast.open()
    cast.contribute(round_id, 3)
    before = cast.devnet.chain.request("evm_snapshot")
    cast.developer.snapshot(round_id)
    cast.past_complaints()
    victim = cast.committee(round_id)[0]
    victim.run_once()
    assert cast.devnet.chain.request("evm_revert", before)
    cast.home.joinpath("relay.sqlite").rename(cast.home / "first.sqlite")
    cast.relay.close()
    cast.relay = cast.open_relay()
    cast.developer = cast.new_developer()
    cast.contribute(round_id, 3)
    cast.developer.snapshot(round_id)
    cast.past_complaints()
    (deed,) = cast.restarted(victim).run_once()
    assert deed.failed
    assert deed.detail.startswith(SecondAnswerError.__name__)
    assert cast.rounds.rows(round_id) == {}


@pytest.mark.parametrize("step", ["publish", "snapshot"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_developer__killed_around_its_snapshot__closes_the_same_set(
    cast: Cast, step: str, moment: Literal["before", "after"]
) -> None:
    round_id = cast.open()
    total = cast.contribute(round_id)
    owner = cast.relay if step == "publish" else cast.rounds
    with killed(owner, step, moment):
        cast.developer.snapshot(round_id)
    again = cast.new_developer()
    if (step, moment) == ("snapshot", "after"):
        with pytest.raises(ProofError, match="is disputing, takes no snapshot"):
            again.snapshot(round_id)
    else:
        again.snapshot(round_id)
    cast.past_complaints()
    cast.run_all()
    assert again.reveal(round_id) == total


def test_contributor__killed_before_it_knows__sends_the_same_bytes(cast: Cast) -> None:
    round_id, vector = cast.open(), [1] * make_terms().length
    agent = cast.contributor("alice")
    with killed(cast.relay, "submit", "after"):
        agent.contribute(round_id, vector)
    (stored,) = cast.relay.contributions(cast.rounds.view(round_id).round_hash)
    again = cast.contributor("alice")
    contribution, _ = again.contribute(round_id, vector)
    assert contribution.encode() == stored
    assert list(cast.relay.contributions(cast.rounds.view(round_id).round_hash)) == [stored]
    with pytest.raises(AlreadyContributedError):
        again.contribute(round_id, [0] * make_terms().length)


class _SilentRelay:
    """Withholds everything."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def refuse(*_: object) -> NoReturn:
            raise RelayError(f"{name}: withheld")

        return refuse
