"""Verifying contributors and computing the points shared with them, on every core.

Work goes to processes in pieces of some 20 ms and comes back in order. Whatever ends the process, the workers end
with it; what had come back was written down.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from multiprocessing.connection import wait
from types import TracebackType

from sda.crypto.blst import XY_BYTES
from sda.crypto.keys import SecretKey, shared_point_of
from sda.errors import MessageError, ProofError, SDAError
from sda.messages.domain import Domain
from sda.messages.enrolment import Enrolment

PIECE = 128
"""Contributors to a piece of work."""
WORTH_PROCESSES = 2048
"""Fewer are done before the processes have started."""

Progress = Callable[[int, int], None]

_told: ContextVar[Progress | None] = ContextVar("told", default=None)


@contextmanager
def telling(progress: Progress) -> Iterator[None]:
    """In here, `progress` is told how many are done, of how many; what it raises ends the work."""
    token = _told.set(progress)
    try:
        yield
    finally:
        _told.reset(token)


class InvalidEnrolmentError(SDAError):
    """An enrolment that no relay should have taken: position and reason."""


class WorkerLostError(SDAError):
    """A worker ended before its work; what came back before is kept."""


def admit(secret: SecretKey, domain: Domain, position: int, message: bytes) -> tuple[bytes, bytes]:
    """A contributor's key, 96 bytes, and the point shared with it, if its enrolment is valid.

    Raises:
        InvalidEnrolmentError: It is not.
    """
    try:
        enrolment = Enrolment.decode(message)
        enrolment.verify(domain)
    except (MessageError, ProofError) as error:
        raise InvalidEnrolmentError(f"position {position}: {error}") from error
    return enrolment.key.xy, shared_point_of(secret, enrolment.key.xy)


Piece = list[tuple[int, bytes]]
"""Positions, each with an enrolment message or, verified before, the key's 96 bytes."""
Pairing = list[tuple[int, bytes, bytes]]
"""Positions, each with the key's 96 bytes and the shared point."""


def _pair(secret: SecretKey, domain: Domain, piece: Piece) -> Pairing:
    return [
        (position, data, shared_point_of(secret, data))
        if len(data) == XY_BYTES
        else (position, *admit(secret, domain, position, data))
        for position, data in piece
    ]


class Workers:
    """Pairs contributors: `put` them, and `taken` gets them back in order. A context manager.

    Args:
        secret: The clerk's key of the epoch; it goes to the workers through a pipe, never to a disk.
        domain: Where enrolments count.
        total: How many there will be.
        taken: Gets what was computed.
        processes: At most so many; every core by default.
    """

    def __init__(
        self,
        secret: SecretKey,
        domain: Domain,
        total: int,
        taken: Callable[[Pairing], None],
        processes: int | None = None,
    ) -> None:
        self._secret, self._domain, self._total = secret, domain, total
        self._taken, self._done = taken, 0
        self._piece: Piece = []
        self._pending: deque[Future[Pairing]] = deque()
        self._pool: ProcessPoolExecutor | None = None
        self._processes = processes or os.cpu_count() or 1
        if total >= WORTH_PROCESSES and self._processes > 1:
            self._pool = ProcessPoolExecutor(
                self._processes,
                # Not forked: this process may have threads, and holds more than the work needs.
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(secret.to_bytes(), domain),
            )

    def put(self, position: int, data: bytes) -> None:
        """One contributor: its enrolment message, or its key's 96 bytes if it was verified before.

        Raises:
            InvalidEnrolmentError: One that was put here or earlier is not valid.
        """
        self._piece.append((position, data))
        if len(self._piece) == PIECE:
            self._hand_out()

    def finish(self) -> None:
        """Wait for what was put; raises as `put`."""
        self._hand_out()
        while self._pending:
            self._take(self._result())

    def _hand_out(self) -> None:
        piece, self._piece = self._piece, []
        if self._pool is None:
            self._take(_pair(self._secret, self._domain, piece))
            return
        self._pending.append(self._pool.submit(_work, piece))
        while len(self._pending) > 4 * self._processes:
            self._take(self._result())

    def _result(self) -> Pairing:
        try:
            return self._pending.popleft().result()
        except BrokenProcessPool:
            raise WorkerLostError("a worker process was ended by somebody else (out of memory?)") from None

    def _take(self, pairing: Pairing) -> None:
        if pairing:
            self._taken(pairing)
            self._done += len(pairing)
            if (told := _told.get()) is not None:
                told(self._done, self._total)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=kind is None, cancel_futures=True)


# ------------------------------------------------------------------ in a worker

_given: list[tuple[SecretKey, Domain]] = []
"""What this worker works with; empty in any other process."""


def _start_worker(secret: bytes, domain: Domain) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever started it decides when it ends
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _given[:] = [(SecretKey.from_bytes(secret), domain)]


def _end_with_parent() -> None:
    """A killed parent closes nothing that this process waits for."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(piece: Piece) -> Pairing:
    return _pair(*_given[0], piece)
