"""Rounds beside and after one another: one pass of every clerk serves them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sda.chain.devnet import Devnet
from sda.chain.settings import TOKEN
from sda.errors import ContractError
from sda.params import DEMO
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast

BLOCKS_TO_FINALITY = 65
"""On Anvil."""


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path, clerks=11)
    yield cast
    cast.relay.close()


def test_two_rounds_at_once__share_clerks_but_nothing_else(cast: Cast) -> None:
    first, second = cast.open(), cast.open(make_terms(DEMO))
    assert set(cast.rounds.seats(first)) & set(cast.rounds.seats(second)), "8 + 5 seats, 11 clerks"
    totals = {round_id: cast.contribute(round_id) for round_id in (first, second)}
    for round_id in (second, first):
        cast.developer.snapshot(round_id)
    cast.past_complaints()
    assert not any(deed.failed for deed in cast.run_all())
    assert {round_id: cast.developer.reveal(round_id) for round_id in (first, second)} == totals
    cast.settle()
    assert all(cast.rounds.round(round_id).closed for round_id in (first, second))
    assert all(cast.registry.clerk(clerk_id).seats == 0 for clerk_id in cast.clerks)


def test_a_contributor_in_two_rounds__enrols_once(cast: Cast) -> None:
    rounds = [cast.open(), cast.open()]
    agents = [cast.contributor(f"contributor-{number}") for number in range(3)]
    for round_id in rounds:
        for agent in agents:
            agent.contribute(round_id, [2] * make_terms().length)
        cast.developer.snapshot(round_id)
    assert cast.relay.enrolled() == 3
    cast.past_complaints()
    cast.run_all()
    for round_id in rounds:
        assert cast.developer.reveal(round_id) == [6] * make_terms().length
    cast.settle()
    for round_id in rounds:
        assert agents[0].claim(round_id, cast.developer.account)[0] == make_terms().reward


def test_a_new_epoch__a_round_across_it_and_one_after_it(cast: Cast) -> None:
    cast.node.increase_time(_to_the_end_of_the_epoch(cast) - 300)
    across = cast.open()
    assert {deed.action for deed in cast.run_all()} == {"key registered"}, "the next epoch's, in time"
    totals = {across: cast.contribute(across)}
    cast.node.increase_time(300)
    after = cast.open()
    assert cast.rounds.round(after).epoch == cast.rounds.round(across).epoch + 1
    totals[after] = cast.contribute(after)
    for round_id in totals:
        cast.developer.snapshot(round_id)
    cast.past_complaints()
    cast.run_all()
    assert {round_id: cast.developer.reveal(round_id) for round_id in totals} == totals


def test_a_key__is_kept_while_a_round_of_its_epoch_waits_for_its_draw(cast: Cast) -> None:
    cast.node.increase_time(_to_the_end_of_the_epoch(cast) - 10)
    cast.run_all()
    round_id, _ = cast.developer.open(make_terms())
    cast.node.mine(cast.rounds.settings().seed_delay + 1)
    cast.node.increase_time(20)
    epoch = cast.rounds.round(round_id).epoch
    assert cast.registry.epoch_now() == epoch + 1
    cast.run_all()
    cast.developer.draw(round_id)
    total = cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    cast.past_complaints()
    cast.run_all()
    assert cast.developer.reveal(round_id) == total
    cast.settle()
    cast.run_all()
    assert all(epoch in agent.keys.epochs() for agent in cast.clerks.values()), "a reorganisation may open it again"
    cast.node.mine(BLOCKS_TO_FINALITY)
    cast.run_all()
    assert all(agent.keys.epochs() == [epoch + 1] for agent in cast.clerks.values()), "deleted, once it is final"


def test_a_clerk_that_leaves__serves_its_seat_first(cast: Cast) -> None:
    round_id = cast.open()
    leaver = cast.committee(round_id)[0]
    leaver.unbond()
    total = cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    cast.past_complaints()
    cast.run_all()
    assert cast.developer.reveal(round_id) == total
    cast.settle()
    with pytest.raises(ContractError, match="TooEarly"):
        leaver.withdraw()
    _, clerk = leaver.status()
    cast.node.increase_time(clerk.withdrawable_at - cast.contracts.chain.now())
    before = cast.contracts.token.balance_of(leaver.account.address)
    leaver.withdraw()
    assert cast.contracts.token.balance_of(leaver.account.address) == before + 100 * TOKEN
    with pytest.raises(ContractError, match="NotRegistered"):
        leaver.withdraw()


def _to_the_end_of_the_epoch(cast: Cast) -> int:
    return cast.registry.epoch_end(cast.registry.epoch_now()) - cast.contracts.chain.now()
