"""The same relay behind every door: a file, a service on a file, a service on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from sda.contributor import check_counted
from sda.messages import Domain
from sda.noise import deal
from sda.params import TEST
from sda.relay import LocalRelay, Reason, Receipt, RefusedError
from sda.relay.client import HttpRelay
from sda.relay.service import make_app
from sda.relay.service.serving import serving
from tests.relay.conftest import Databases
from tests.world import CHAIN_ID, CONTRACT, World, make_terms

PRIVATE = replace(TEST, noise_bound=20)
DOMAIN = Domain(CHAIN_ID, CONTRACT)


@pytest.fixture(params=["file", "service", "service on postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path, databases: Databases) -> Iterator[World]:
    """A private round whose relay is reached in three ways."""
    place = databases.make() if request.param.endswith("postgres") else tmp_path / "served.sqlite"
    terms = make_terms(PRIVATE, sigma=1 << 16, silent=2)
    with ExitStack() as stack:
        world = World(tmp_path, PRIVATE, contributors=0, terms=terms)
        if request.param != "file":
            served_relay = LocalRelay(place, DOMAIN, clock=lambda: world.now)
            stack.callback(served_relay.close)
            served_relay.open_round(world.view)
            world.served = served_relay  # type: ignore[attr-defined]
            app = make_app(served_relay, DOMAIN, refresh=lambda: served_relay.open_round(world.view))
            url = stack.enter_context(serving(app))
            client = HttpRelay(url, DOMAIN, world.developer, tries=2)
            stack.callback(client.close)
            client.open_round(world.view)
            world.relay = client
        world.contributors = [world.enrol() for _ in range(6)]
        yield world


def deal_all(world: World) -> list[int]:
    total = [0] * PRIVATE.length
    for seat, clerk in zip(world.view.seats, world.clerks, strict=True):
        noise = [world.random.randint(-20, 20) for _ in total]
        world.relay.submit(deal(world.view, seat, clerk.account, clerk.secret, noise, b"once").encode())
        total = [a + b for a, b in zip(total, noise, strict=True)]
    return total


def test_whole_round(world: World) -> None:
    world.contribute_all()
    noise = deal_all(world)
    assert world.relay.count(world.view.round_hash) == 6
    world.close()
    late = list(range(PRIVATE.n - PRIVATE.reconstruction, PRIVATE.n))
    assert world.reveal(late) == [a + b for a, b in zip(world.expected, noise, strict=True)]
    for party in world.contributors:
        account = party.key.account.address
        proof = world.relay.claim_proof(world.view.round_hash, account)
        check_counted(world.view, world.messages[account].leaf, party.enrolment, proof)


def test_enrolments__are_a_list_that_only_grows(world: World) -> None:
    parties = world.contributors
    assert [party.position for party in parties] == list(range(6))
    assert world.relay.enrol(parties[3].enrolment.encode()) == 3
    assert world.relay.enrolled() == 6
    assert world.relay.enrolments(2, 4) == parties[2].enrolment.encode() + parties[3].enrolment.encode()
    assert world.relay.position_of(parties[5].key.account.address) == 5
    assert world.relay.position_of(bytes(20)) is None
    with pytest.raises(RefusedError) as caught:
        world.relay.enrolments(0, 7)
    assert caught.value.reason is Reason.NOT_FOUND


def test_submit__again_and_otherwise(world: World) -> None:
    message = world.prepare(world.contributors[0]).encode()
    receipt = world.relay.submit(message)
    assert world.relay.submit(message) == receipt
    bad, other = message[:-1], world.prepare(world.contributors[1]).encode()
    answers = world.relay.submit_many([message, bad, other])
    assert [type(answer) for answer in answers] == [Receipt, RefusedError, Receipt]
    assert world.relay.count(world.view.round_hash) == 2


def test_tree__is_served_node_by_node(world: World) -> None:
    world.contribute_all()
    deal_all(world)
    world.close()
    hash_ = world.view.round_hash
    assert world.relay.leaves(hash_, 2, 3)
    assert len(world.relay.leaves(hash_, PRIVATE.n, PRIVATE.n + 6)) == 6 * len(world.relay.leaves(hash_, 2, 3))
    assert world.relay.opening(hash_, 1, 3).sums.count == 2
    with pytest.raises(RefusedError) as caught:
        world.relay.opening(hash_, 9, 0)
    assert caught.value.reason is Reason.NOT_FOUND
