"""Private rounds on a real chain: every seat deals noise once, whatever befalls its process, and it is in the sum."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from sda.chain.devnet import Devnet
from sda.dealt import FILE_NAME, NoiseBook
from sda.errors import ParameterError
from sda.params import TEST
from sda.round import State, Terms
from tests.chain.stage import make_terms
from tests.rounds.attended import attended, wait_until
from tests.rounds.cast import Cast, killed

BOUND = 1000
PARAMETERS = replace(TEST, noise_bound=BOUND)
PRIVATE = make_terms(PARAMETERS, sigma=100 << 16, silent=1)


class Sampler:
    """Draws for all clerks, and remembers what: the sum is then known to the unit."""

    def __init__(self) -> None:
        self.drawn: list[list[int]] = []

    def __call__(self, terms: Terms) -> list[int]:
        drawn = [secrets.randbelow(2 * BOUND + 1) - BOUND for _ in range(terms.length)]
        self.drawn.append(drawn)
        return drawn

    def plus(self, total: list[int]) -> list[int]:
        """All that was drawn, and this."""
        return [sum(column) for column in zip(total, *self.drawn, strict=True)]


@pytest.fixture
def sampler() -> Sampler:
    return Sampler()


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path, sampler: Sampler) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path, sampler=sampler)
    yield cast
    cast.relay.close()


def all_dealt(cast: Cast, round_id: int) -> bool:
    round_hash = cast.rounds.view(round_id).round_hash
    return all(NoiseBook(agent.keys.directory).is_sent(round_hash) for agent in cast.committee(round_id))


def finish(cast: Cast, round_id: int) -> None:
    cast.past_complaints()
    cast.run_all()


def test_private_round__noise_of_every_seat__is_in_the_sum(cast: Cast, sampler: Sampler) -> None:
    round_id = cast.open(PRIVATE)
    total = cast.contribute(round_id)
    deeds = cast.run_all()
    assert [deed.action for deed in deeds] == ["noise dealt"] * TEST.n
    assert cast.run_all() == [], "once each"
    cast.developer.snapshot(round_id)
    finish(cast, round_id)
    assert len(sampler.drawn) == TEST.n
    assert cast.developer.reveal(round_id) == sampler.plus(total)


def test_private_round__daemons__deal_and_answer(cast: Cast, sampler: Sampler) -> None:
    with attended(cast):
        round_id = cast.open(PRIVATE)
        total = cast.contribute(round_id)
        wait_until(cast, lambda: all_dealt(cast, round_id), ticking=False)
        cast.developer.snapshot(round_id)
        cast.node.increase_time(make_terms().complaint_window + 1)
        wait_until(cast, lambda: len(cast.rounds.rows(round_id)) == TEST.n)
    assert cast.developer.reveal(round_id) == sampler.plus(total)


@pytest.mark.parametrize("step", ["message", "mark_sent"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_dealing__deals_the_same_once(
    cast: Cast, sampler: Sampler, step: str, moment: Literal["before", "after"]
) -> None:
    round_id = cast.open(PRIVATE)
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
    assert len(sampler.drawn) == TEST.n, "nobody drew twice"
    assert cast.developer.reveal(round_id) == sampler.plus(total)


def test_book_that_is_garbage__no_second_noise__and_rows_all_the_same(cast: Cast, sampler: Sampler) -> None:
    """Whether it has dealt cannot be known: it is one of the silent seats."""
    round_id = cast.open(PRIVATE)
    total = cast.contribute(round_id)
    victim = cast.committee(round_id)[0]
    (victim.keys.directory / FILE_NAME).write_bytes(b"garbage" * 1000)
    (told,) = [deed for deed in cast.run_all() if deed.failed]
    assert "the noise dealt is not on record" in told.detail
    cast.developer.snapshot(round_id)
    finish(cast, round_id)
    assert len(cast.rounds.rows(round_id)) == TEST.n
    assert cast.developer.reveal(round_id) == sampler.plus(total)


def test_more_silent_than_agreed__no_snapshot_and_the_money_back(cast: Cast) -> None:
    round_id = cast.open(PRIVATE)
    cast.contribute(round_id)
    for agent in cast.committee(round_id)[:2]:
        cast.silent.add(agent.clerk_id)
    cast.run_all()
    with pytest.raises(ParameterError, match="dealers = 3: must be at least n - s = 4"):
        cast.developer.snapshot(round_id)
    cast.node.increase_time(2 * make_terms().collect_window + 3600)
    cast.silent.clear()
    cast.run_all()
    assert cast.rounds.state(round_id) is State.ABANDONED


def test_no_sampler__says_so(devnet: Devnet, tmp_path: Path) -> None:
    cast = Cast(devnet, tmp_path)
    cast.open(PRIVATE)
    deeds = cast.run_all()
    assert len(deeds) == TEST.n
    assert all(deed.failed and "nothing to draw noise with" in deed.detail for deed in deeds)
    cast.relay.close()


def test_book__is_its_owners_alone(cast: Cast) -> None:
    round_id = cast.open(PRIVATE)
    cast.run_all()
    path = cast.committee(round_id)[0].keys.directory / FILE_NAME
    assert os.stat(path).st_mode & 0o077 == 0
