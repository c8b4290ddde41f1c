"""Many rounds on one chain, each with somebody dishonest, chosen at random; two at a time where they fit together."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from sda.chain.devnet import Devnet
from sda.round import State
from tests.adversary.scenario import HONEST, Scenario
from tests.adversary.table import SCENARIOS, check_accounts, claims, go_on, learn
from tests.rounds.cast import Cast

ROUNDS = 8


@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_honest_loses_anything(devnet: Devnet, tmp_path: Path, seed: int) -> None:
    cast, random = Cast(devnet, tmp_path, clerks=16), Random(seed)
    for _ in range(ROUNDS):
        one_round(cast, random.choice(SCENARIOS))


def one_round(cast: Cast, scenario: Scenario) -> None:
    """The sum is right or there is none, honest parties keep what is theirs, and no token is lost."""
    relay = cast.relay
    before = {clerk_id: cast.registry.clerk(clerk_id).stake for clerk_id in cast.clerks}
    round_id = cast.open(scenario.terms)
    total = cast.contribute(round_id, HONEST)
    scenario.play(cast, round_id)
    go_on(cast, round_id)
    cast.silent = set()
    for agent in cast.clerks.values():
        agent.relay = relay

    state = cast.rounds.state(round_id)
    assert cast.rounds.round(round_id).closed
    wanted = not scenario.spoils if state is State.COMPLETED else None
    assert learn(cast, round_id, cast.with_noise(total)) is wanted, scenario.act
    if state is State.COMPLETED:
        assert all(claims(cast, agent, round_id) for agent in cast.contributors[-HONEST:]), scenario.act
    dishonest = {cast.rounds.seats(round_id)[seat] for seat in scenario.seats}
    for clerk_id, stake in before.items():
        if clerk_id not in dishonest:
            assert cast.registry.clerk(clerk_id).stake == stake, scenario.act
    check_accounts(cast, round_id)
