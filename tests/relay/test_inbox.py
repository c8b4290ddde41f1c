"""The inbox: nobody is answered before the commit that holds its message, and what does not fit is told so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from sda.errors import RelayError
from sda.relay import Reason, Receipt, RefusedError
from sda.relay.service.inbox import GROUP, FullError, Inbox, Outcome
from sda.relay.service.rate import Rate


class Shelf:
    """Stores in memory once it is open, and remembers the groups."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.groups: list[list[bytes]] = []

    def store(self, messages: Sequence[bytes]) -> list[Outcome]:
        assert self.open.wait(20)
        if b"fail" in messages:
            raise RelayError("the disk is full")
        self.groups.append(list(messages))
        return [
            RefusedError(Reason.MALFORMED, "bad") if message == b"bad" else Receipt(message, 0) for message in messages
        ]


async def _with(shelf: Shelf, room: int, messages: Sequence[bytes]) -> list[Outcome | BaseException]:
    inbox = Inbox(shelf.store, room)
    await inbox.start()
    tasks = [asyncio.create_task(inbox.submit(message)) for message in messages]
    await asyncio.sleep(0.05)
    assert not any(task.done() and task.exception() is None for task in tasks), "answered before it was stored"
    shelf.open.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    await inbox.stop()
    return outcomes


def test_submit__each_gets_its_own_answer_after_the_commit() -> None:
    shelf = Shelf()
    messages = [b"%d" % number for number in range(2 * GROUP)]
    assert asyncio.run(_with(shelf, 4 * GROUP, messages)) == [Receipt(message, 0) for message in messages]
    assert [message for group in shelf.groups for message in group] == messages
    assert max(map(len, shelf.groups)) <= GROUP
    assert len(shelf.groups) <= 3


def test_submit__a_refusal_spoils_no_other() -> None:
    outcomes = asyncio.run(_with(Shelf(), 10, [b"a", b"bad", b"c"]))
    assert [type(outcome) for outcome in outcomes] == [Receipt, RefusedError, Receipt]


def test_submit__more_than_there_is_room_for__is_told_so_at_once() -> None:
    outcomes = asyncio.run(_with(Shelf(), 3, [b"%d" % number for number in range(9)]))
    full = [isinstance(outcome, FullError) for outcome in outcomes]
    assert full == [False] * 3 + [True] * 6


def test_submit__when_nothing_can_be_stored__fails_and_goes_on() -> None:
    async def play() -> None:
        shelf = Shelf()
        shelf.open.set()
        inbox = Inbox(shelf.store, 10)
        await inbox.start()
        with pytest.raises(RelayError, match="disk is full"):
            await inbox.submit(b"fail")
        assert await inbox.submit(b"later") == Receipt(b"later", 0)
        await inbox.stop()

    asyncio.run(play())


def test_submit__whose_sender_has_gone__is_stored_all_the_same() -> None:
    async def play() -> list[list[bytes]]:
        shelf = Shelf()
        inbox = Inbox(shelf.store, 10)
        await inbox.start()
        gone = asyncio.create_task(inbox.submit(b"gone"))
        await asyncio.sleep(0.01)
        gone.cancel()
        shelf.open.set()
        assert await inbox.submit(b"stays") == Receipt(b"stays", 0)
        await inbox.stop()
        return shelf.groups

    assert [message for group in asyncio.run(play()) for message in group] == [b"gone", b"stays"]


def test_rate__counts_each_address_for_itself() -> None:
    rate = Rate(3)
    assert [rate.wait("a") for _ in range(3)] == [0, 0, 0]
    assert 1 <= rate.wait("a") <= 60
    assert rate.wait("b") == 0


def test_rate__of_zero__is_none() -> None:
    rate = Rate(0)
    assert {rate.wait("a") for _ in range(1000)} == {0}
