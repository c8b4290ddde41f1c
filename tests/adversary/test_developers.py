"""A developer whose tree is not what it must be: one clerk shows it, and the round ends at the developer's cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sda.round import State
from tests.adversary.forger import Forge, Forger, other_correction, other_count, other_point, other_sums
from tests.rounds.cast import Cast


def convicted(cast: Cast, round_id: int) -> str:
    """The fraud that was shown by the first clerk that looked; everybody is paid as the rules say."""
    contracts, token = cast.contracts, cast.contracts.token
    terms, deposit = cast.rounds.terms(round_id), cast.rounds.round(round_id).deposit
    supply, held = token.total_supply(), cast.rounds.round(round_id).held
    deeds = [deed for deed in cast.run_all() if deed.round_id == round_id]
    assert not any(deed.failed for deed in deeds), deeds
    assert cast.rounds.state(round_id) is State.FRAUD
    cast.run_all()
    assert cast.rounds.round(round_id).closed
    (verdict,) = [event for event in cast.rounds.disputes.history(round_id) if event.name == "Convicted"]
    finder = verdict["finder"]
    committee = {agent.account.address for agent in cast.committee(round_id)}
    assert finder in committee
    for account in committee:
        reward = deposit // 2 if account == finder else 0
        assert cast.rounds.balance_of(account) == terms.flat_fee + reward
    flat = terms.n * terms.flat_fee
    burned = deposit - deposit // 2 - min(flat, deposit // 4)
    assert supply - token.total_supply() == burned
    bounty = contracts.deployment.settings.rounds.draw_bounty
    assert cast.rounds.balance_of(cast.developer.account.address) == held - flat - deposit // 2 - burned + bounty
    assert all(cast.registry.clerk(clerk_id).seats == 0 for clerk_id in cast.clerks)
    return FRAUDS[verdict["fraud"]]


FRAUDS = (
    "count",
    "sum",
    "body",
    "signature",
    "possession",
    "twice",
    "order",
    "kind",
    "roster",
    "enrolment",
    "point",
)


# n = 5 and four contributors: leaves 5 to 8 of 16.
@pytest.mark.parametrize(
    ("forged", "fraud"),
    [
        ({(4, 0): other_sums(other_point(0))}, "sum"),
        ({(1, 3): other_sums(other_point(3))}, "sum"),
        ({(2, 2): other_sums(other_point(1))}, "sum"),
        ({(3, 0): other_sums(other_correction(0))}, "sum"),
        ({(2, 1): other_sums(other_count(1)), (2, 2): other_sums(other_count(-1))}, "count"),
    ],
)
def test_a_node_that_is_not_the_sum_of_its_children(
    cast: Cast, forged: dict[tuple[int, int], Forge], fraud: str
) -> None:
    round_id = cast.open()
    cast.contribute(round_id)
    Forger(cast, round_id).close(forged)
    assert convicted(cast, round_id) == fraud


def test_a_contributor_in_the_roster_and_not_in_the_tree(cast: Cast) -> None:
    forger = closing(cast)
    del forger.leaves[forger.n + 1]
    forger.close({(4, 0): other_sums(lambda sums: replace(sums, count=sums.count + 1))})
    assert convicted(cast, 0) == "count"


def test_one_contributor_in_two_leaves(cast: Cast) -> None:
    forger = closing(cast)
    forger.leaves[forger.n + 2] = forger.leaves[forger.n + 1]
    forger.close()
    assert convicted(cast, 0) == "roster"


def test_leaves_out_of_order__change_no_sum_and_hurt_nobody(cast: Cast) -> None:
    forger = closing(cast)
    first, second = forger.n + 1, forger.n + 2
    forger.leaves[first], forger.leaves[second] = forger.leaves[second], forger.leaves[first]
    forger.close()
    assert {deed.action for deed in cast.run_all()} == {"job checked"}
    cast.past_complaints()
    cast.run_all()
    assert cast.rounds.state(0) is State.COMPLETED


def test_another_nonce_than_in_the_roster(cast: Cast) -> None:
    forger = closing(cast)
    nonces = list(forger.roster.nonces)
    nonces[2] = b"\0\0\0\0"
    forger.roster = replace(forger.roster, nonces=nonces)
    forger.close()
    assert convicted(cast, 0) == "roster"


def test_a_leaf_that_nobody_signed(cast: Cast) -> None:
    forger = closing(cast)
    index = forger.n + 3
    leaf = forger.leaves[index].leaf
    forged = replace(leaf, sums=other_point(2)(leaf.sums))
    forger.leaves[index] = replace(forger.leaves[index], leaf=forged)
    forger.close()
    assert convicted(cast, 0) == "signature"


def test_a_leaf_of_another_round(cast: Cast) -> None:
    other = cast.open()
    cast.contribute(other)
    replayed = Forger(cast, other).leaves
    forger = closing(cast)
    forger.leaves[forger.n] = replayed[forger.n]
    forger.close()
    assert silent(cast, other + 1)


def silent(cast: Cast, round_id: int) -> bool:
    """Whether the developer is convicted for what it cannot show."""
    cast.run_all()
    cast.node.increase_time(cast.rounds.disputes.settings().challenge_window)
    cast.run_all()
    return cast.rounds.state(round_id) is State.FRAUD


def closing(cast: Cast) -> Forger:
    """A round with four contributors, in the hands of its developer."""
    round_id = cast.open()
    cast.contribute(round_id)
    return Forger(cast, round_id)
