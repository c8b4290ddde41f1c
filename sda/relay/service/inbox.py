"""Contributions wait here to be stored together: one durable commit for all that came meanwhile.

A sender is answered after the commit that holds its message, never before. When the queue is full it is told to
come back: memory stays bounded, and nobody is acknowledged who could be lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sda.relay.interface import Receipt, RefusedError

Outcome = Receipt | RefusedError
GROUP = 256


class FullError(Exception):
    """More messages wait than may."""


class Inbox:
    """Groups messages of one event loop.

    Args:
        store: Checks and stores a group, and answers each; runs in a thread of its own.
        room: Messages that may wait.
    """

    def __init__(self, store: Callable[[Sequence[bytes]], list[Outcome]], room: int) -> None:
        self._store = store
        self._queue: asyncio.Queue[tuple[bytes, asyncio.Future[Outcome]]] = asyncio.Queue(room)
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return self._queue.qsize()

    async def start(self) -> None:
        """Begin to store."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Store what waits, and end."""
        await self._queue.join()
        if self._task is not None:
            self._task.cancel()
        self._thread.shutdown()

    async def submit(self, message: bytes) -> Outcome:
        """The answer to a message, once it is stored or refused.

        Raises:
            FullError: Too many wait.
            RelayError: The database cannot be written: nothing was stored.
        """
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((message, answer))
        except asyncio.QueueFull:
            raise FullError from None
        return await answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            group = [await self._queue.get()]
            while len(group) < GROUP and not self._queue.empty():
                group.append(self._queue.get_nowait())
            try:
                outcomes = await loop.run_in_executor(self._thread, self._store, [message for message, _ in group])
                for (_, answer), outcome in zip(group, outcomes, strict=True):
                    _settle(answer, outcome)
            except Exception as error:
                for _, answer in group:
                    if not answer.done():
                        answer.set_exception(error)
            finally:
                for _ in group:
                    self._queue.task_done()


def _settle(answer: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not answer.done():  # its sender may have gone
        answer.set_result(outcome)
