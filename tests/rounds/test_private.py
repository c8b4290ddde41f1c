"""Private rounds on a real chain: every seat deals noise once, whatever befalls its process, and it is in the sum."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from sda.agents.clerk import ClerkAgent
from sda.chain.devnet import Devnet
from sda.dealt import FILE_NAME, NoiseBook
from sda.errors import ParameterError
from sda.params import TEST
from sda.round import State
from tests.chain.stage import make_private_terms, make_terms
from tests.rounds.attended import attended, wait_until
from tests.rounds.cast import Cast, killed


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path)
    yield cast
    cast.relay.close()


def all_dealt(cast: Cast, round_id: int) -> bool:
    round_hash = cast.rounds.view(round_id).round_hash
    return all(NoiseBook(agent.keys.directory).is_sent(round_hash) for agent in cast.committee(round_id))


def finish(cast: Cast, round_id: int) -> None:
    cast.past_complaints()
    cast.run_all()


def test_private_round__noise_of_every_seat__is_in_the_sum(cast: Cast) -> None:
    round_id = cast.open(make_private_terms())
    total = cast.contribute(round_id)
    deeds = cast.run_all()
    assert [deed.action for deed in deeds] == ["noise dealt"] * TEST.n
    assert cast.run_all() == [], "once each"
    cast.developer.snapshot(round_id)
    finish(cast, round_id)
    assert len(cast.noise) == TEST.n
    assert cast.developer.reveal(round_id) == cast.with_noise(total)


def test_private_round__daemons__deal_and_answer(cast: Cast) -> None:
    with attended(cast):
        round_id = cast.open(make_private_terms())
        total = cast.contribute(round_id)
        wait_until(cast, lambda: all_dealt(cast, round_id), ticking=False)
        cast.developer.snapshot(round_id)
        cast.node.increase_time(make_terms().complaint_window + 1)
        wait_until(cast, lambda: len(cast.rounds.rows(round_id)) == TEST.n)
    assert cast.developer.reveal(round_id) == cast.with_noise(total)


@pytest.mark.parametrize("step", ["message", "mark_sent"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_dealing__deals_the_same_once(cast: Cast, step: str, moment: Literal["before", "after"]) -> None:
    round_id = cast.open(make_private_terms())
    total = cast.contribute(round_id)
    victim = cast.committee(round_id)[0]
    with killed(NoiseBook, step, moment):
        victim.run_once()
    kept = NoiseBook(victim.keys.directory)
    round_hash = cast.rounds.view(round_id).round_hash
    assert kept.is_sent(round_hash) == ((step, moment) == ("mark_sent", "after"))
    cast.clerks[victim.clerk_id] = cast.restarted(victim)
    cast.run_all()
    assert kept.is_sent(round_hash)
    cast.developer.snapshot(round_id)
    finish(cast, round_id)
    assert len(cast.noise) == TEST.n, "nobody drew twice"
    assert cast.developer.reveal(round_id) == cast.with_noise(total)


def test_book_that_is_garbage__no_second_noise__and_rows_all_the_same(cast: Cast) -> None:
    """Whether it has dealt cannot be known: it is one of the silent seats."""
    round_id = cast.open(make_private_terms())
    total = cast.contribute(round_id)
    victim = cast.committee(round_id)[0]
    (victim.keys.directory / FILE_NAME).write_bytes(b"garbage" * 1000)
    (told,) = [deed for deed in cast.run_all() if deed.failed]
    assert "the noise dealt is not on record" in told.detail
    cast.developer.snapshot(round_id)
    finish(cast, round_id)
    assert len(cast.rounds.rows(round_id)) == TEST.n
    assert cast.developer.reveal(round_id) == cast.with_noise(total)


def test_more_silent_than_agreed__no_snapshot_and_the_money_back(cast: Cast) -> None:
    round_id = cast.open(make_private_terms())
    cast.contribute(round_id)
    for agent in cast.committee(round_id)[:2]:
        cast.silent.add(agent.clerk_id)
    cast.run_all()
    with pytest.raises(ParameterError, match="dealers = 3: must be at least n - s = 4"):
        cast.developer.snapshot(round_id)
    late, *_ = cast.committee(round_id)
    assert [deed.action for deed in late.run_once() if not deed.failed] == ["noise dealt"], "the relay is open still"
    cast.node.increase_time(2 * make_terms().collect_window + 3600)
    cast.silent.clear()
    cast.run_all()
    assert cast.rounds.state(round_id) is State.ABANDONED


def test_no_sampler__says_so(devnet: Devnet, tmp_path: Path) -> None:
    cast = Cast(devnet, tmp_path)
    cast.open(make_private_terms())
    agents = [ClerkAgent(cast.contracts, agent.keys, cast.relay) for agent in cast.clerks.values()]
    deeds = [deed for agent in agents for deed in agent.run_once()]
    assert len(deeds) == TEST.n
    assert all(deed.failed and "nothing to draw noise with" in deed.detail for deed in deeds)
    cast.relay.close()


def test_book__is_its_owners_alone(cast: Cast) -> None:
    round_id = cast.open(make_private_terms())
    cast.run_all()
    path = cast.committee(round_id)[0].keys.directory / FILE_NAME
    assert os.stat(path).st_mode & 0o077 == 0
