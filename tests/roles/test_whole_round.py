"""Whole rounds without a chain: any R seats give exactly the sum, whatever the parameters and retries."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.params import DEFAULT, DEMO, EVENTS_250K, TEST, Parameters
from tests.world import World

SIGNED = Parameters(n=4, t=1, k=2, length=3, bits=64, maximum=2**32 - 1, offset=2**63)
TIGHT = Parameters(n=3, t=1, k=2, length=9, bits=1, maximum=2)
SMALLEST = Parameters(n=2, t=1, k=1, length=1, bits=1, maximum=2)


@pytest.mark.parametrize(
    ("parameters", "contributors"),
    [
        (TEST, 12),
        (DEMO, 20),
        (DEFAULT, 4),
        (EVENTS_250K, 4),
        (SIGNED, 3),
        (TIGHT, 2),
        (SMALLEST, 2),
        (TEST, 1),
    ],
)
def test_round__first_seats_and_last_seats__give_the_sum(
    tmp_path: Path, parameters: Parameters, contributors: int
) -> None:
    world = World(tmp_path, parameters, contributors)
    world.contribute_all()
    collected = world.close()
    assert collected.dropped == ()
    assert collected.snapshot.count == contributors
    threshold = parameters.reconstruction
    assert world.reveal(range(threshold)) == world.expected
    assert world.reveal(range(parameters.n - threshold, parameters.n)) == world.expected


def test_round__every_subset_of_r_seats__gives_the_sum(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=3)
    world.contribute_all()
    world.close()
    for seats in itertools.combinations(range(TEST.n), TEST.reconstruction):
        assert world.reveal(seats) == world.expected


def test_round__not_everybody_enrolled_contributes(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=20)
    for party in world.contributors[1::3]:
        world.relay.submit(world.prepare(party).encode())
    assert world.close().snapshot.count == 7
    assert world.reveal() == world.expected


def test_round__extreme_vectors__do_not_overflow(tmp_path: Path) -> None:
    world = World(tmp_path, TIGHT, contributors=2)
    for party in world.contributors:
        world.relay.submit(world.prepare(party, [1] * TIGHT.length).encode())
    world.close()
    assert world.reveal() == [2] * TIGHT.length


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_round__any_parameters__any_seats(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 8))
    t = data.draw(st.integers(1, n - 1))
    k = data.draw(st.integers(1, n - t))
    bits = data.draw(st.integers(1, 20))
    parameters = Parameters(
        n=n,
        t=t,
        k=k,
        length=data.draw(st.integers(1, 40)),
        bits=bits,
        maximum=data.draw(st.integers(4, 2**20)),
        offset=data.draw(st.integers(0, 2**bits - 1)),
    )
    world = World(tmp_path_factory.mktemp("any"), parameters, 4, seed=data.draw(st.integers(0, 2**32)))
    for party in world.contributors:
        message = world.prepare(party).encode()
        for _ in range(data.draw(st.integers(1, 2))):
            world.relay.submit(message)
    world.close()
    seats = data.draw(st.permutations(range(n)))[: parameters.reconstruction]
    assert world.reveal(seats) == world.expected
