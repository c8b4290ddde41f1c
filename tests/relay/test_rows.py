"""Rows of wide rounds at a relay: a seat's own, whole, the latest one; behind every door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from sda.errors import MessageError, ProofError
from sda.messages import Domain, ServedRow
from sda.params import Parameters
from sda.relay import LocalRelay, Reason, RefusedError
from sda.relay.client import HttpRelay
from sda.relay.service import Limits, make_app
from sda.relay.service.serving import serving
from tests.relay.conftest import Databases
from tests.world import CHAIN_ID, CONTRACT, World

WIDE = Parameters(n=5, t=2, k=2, length=77, bits=10, maximum=1000, chunk=3)
DOMAIN = Domain(CHAIN_ID, CONTRACT)
ROW = bytes(range(32)) * WIDE.row_length


@pytest.fixture(params=["file", "service", "service on postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path, databases: Databases) -> Iterator[World]:
    """A wide round whose relay is reached in three ways."""
    place = databases.make() if request.param.endswith("postgres") else tmp_path / "served.sqlite"
    with ExitStack() as stack:
        world = World(tmp_path, WIDE, contributors=0)
        if request.param != "file":
            served = LocalRelay(place, DOMAIN, clock=lambda: world.now)
            stack.callback(served.close)
            served.open_round(world.view)
            app = make_app(served, DOMAIN, refresh=lambda: served.open_round(world.view))
            client = HttpRelay(stack.enter_context(serving(app)), DOMAIN, world.developer, tries=2)
            stack.callback(client.close)
            client.open_round(world.view)
            world.relay = client
        yield world


def served(world: World, seat: int = 1, data: bytes = ROW, signer: int | None = None) -> ServedRow:
    account = world.clerks[seat if signer is None else signer].account
    return ServedRow.create(DOMAIN, account, world.view.round_hash, seat, data)


def refused(world: World, message: bytes) -> Reason:
    with pytest.raises(RefusedError) as refusal:
        world.relay.serve_row(message)
    return refusal.value.reason


def test_row__of_its_seats_clerk__is_served__and_replaced_by_a_later_one(world: World) -> None:
    round_hash = world.view.round_hash
    assert world.relay.row(round_hash, 1) == b""
    for data in (ROW, bytes(len(ROW)), ROW):
        world.relay.serve_row(served(world, data=data).encode())
        assert world.relay.row(round_hash, 1) == data
    assert world.relay.row(round_hash, 2) == b""


def test_row__of_another_seats_clerk__is_refused(world: World) -> None:
    world.relay.serve_row(served(world).encode())
    assert refused(world, served(world, data=bytes(len(ROW)), signer=2).encode()) is Reason.INVALID
    assert world.relay.row(world.view.round_hash, 1) == ROW


@pytest.mark.parametrize("data", [b"", ROW[32:], ROW + bytes(32)], ids=["none", "one less", "one more"])
def test_row__of_another_length__is_refused(world: World, data: bytes) -> None:
    assert refused(world, served(world, data=data).encode()) is Reason.INVALID


def test_row__of_no_seat__or_of_no_round__is_refused(world: World) -> None:
    row = served(world)
    assert refused(world, replace(row, seat=WIDE.n).encode()) is Reason.INVALID
    assert refused(world, replace(row, round_hash=bytes(32)).encode()) is Reason.UNKNOWN_ROUND


def test_row__cut_or_of_another_version__is_malformed(world: World) -> None:
    message = served(world).encode()
    for cut in (b"", message[:-1], message[1:], b"\2" + message[1:], message[:-1] + b"\0"):
        assert refused(world, cut) is Reason.MALFORMED


def test_row__in_a_narrow_round__is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, replace(WIDE, chunk=0), contributors=0)
    assert refused(world, served(world).encode()) is Reason.INVALID


def test_row__larger_than_a_message__is_not_read(tmp_path: Path) -> None:
    world = World(tmp_path, WIDE, contributors=0)
    app = make_app(world.relay, DOMAIN, limits=Limits(message_bytes=len(ROW)))
    with serving(app) as url:
        client = HttpRelay(url, DOMAIN, tries=2)
        with pytest.raises(RefusedError) as refusal:
            client.serve_row(served(world).encode())
        client.close()
    assert refusal.value.reason is Reason.TOO_LARGE


# ---------------------------------------------------------------------- the message


def test_message__there_and_back__hides_the_row(tmp_path: Path) -> None:
    world = World(tmp_path, WIDE, contributors=0)
    row = served(world)
    assert ServedRow.decode(row.encode()) == row
    row.verify(DOMAIN, world.clerks[1].account.address)
    assert ROW.hex()[:16] not in repr(row)
    assert str(list(ROW[:8]))[1:-1] not in repr(row)


def test_message__with_anything_changed__is_not_signed(tmp_path: Path) -> None:
    world = World(tmp_path, WIDE, contributors=0)
    row, operator = served(world), world.clerks[1].account.address
    others = [
        replace(row, seat=2),
        replace(row, round_hash=bytes(32)),
        replace(row, data=bytes(len(ROW))),
        replace(row, signature=served(world, seat=2).signature),
    ]
    for other in others:
        with pytest.raises(ProofError):
            other.verify(DOMAIN, operator)
    with pytest.raises(ProofError):
        row.verify(Domain(CHAIN_ID + 1, CONTRACT), operator)


def test_message__of_no_whole_elements__is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, WIDE, contributors=0)
    message = served(world).encode()
    for size in range(len(message) - 40, len(message)):
        with pytest.raises(MessageError):
            ServedRow.decode(message[:size])
