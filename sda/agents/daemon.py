"""A clerk that runs unattended: it follows the chain, does what is due, and sleeps until the next thing is.

The chain's clock rules, not the machine's. Nothing that has to survive lives in this process: whenever it ends, the
next one reads the chain and the clerk's directory and goes on. Whatever goes wrong is said and tried again.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sda.agents.chores import Preparation, collect, leave
from sda.agents.clerk import ClerkAgent
from sda.agents.deeds import Deed
from sda.agents.means import Means
from sda.agents.schedule import next_due
from sda.agents.watch import ChainWatch
from sda.errors import ChainError, SDAError, UnreachableError
from sda.pairing import telling

STATE_FILE = "daemon.json"
LONGEST_BACK_OFF = 8
"""Times the interval: a node that comes back must be noticed within any window."""
FIRST_ATTEMPTS = 5
WAITING_SECONDS = 120.0
"""How long a transaction from before a restart is waited for."""
REPEAT_SECONDS = 600.0
"""The same trouble is told again after so long."""
MEANS_SECONDS = 60.0
PROGRESS_SECONDS = 5.0

log = logging.getLogger("sda.clerk")


class Stopped(BaseException):
    """Ends long work when the daemon is to stop; no error, so that nothing takes it for one."""


@dataclass(frozen=True)
class Options:
    """What a daemon may do besides its duties.

    Attributes:
        interval: Seconds between looks at the chain.
        collect: Takes what rounds owe once it is so much, token units; None leaves it there.
        leave: Withdraws the stake when unbonding is over, and ends.
    """

    interval: float = 4.0
    collect: int | None = None
    leave: bool = False


class ClerkDaemon:
    """Serves a clerk until it is told to stop.

    Args:
        connect: Makes the clerk's agent from scratch: after trouble, or a reorganisation, nothing old is believed.
        directory: The clerk's; `status` reads there what this process is doing.
        options: See there.
    """

    def __init__(self, connect: Callable[[], ClerkAgent], directory: Path, options: Options) -> None:
        self._connect, self._options = connect, options
        self._state_file = directory / STATE_FILE
        self._stop = threading.Event()
        self._agent: ClerkAgent | None = None
        self._connected_once = False
        self._watch, self._preparation = ChainWatch(), Preparation()
        self._due, self._retry_at = 0, 0.0
        self._failures = 0
        self._told: dict[tuple[str, int | None, str], float] = {}
        self._means_at, self._progress_at = float("-inf"), 0.0
        self._waiting_since: float | None = None

    def stop(self) -> None:
        """End soon: what is being sent is waited for, what is being computed is kept and left."""
        self._stop.set()

    def run(self) -> None:
        """Serve until `stop`, or until the clerk has left.

        Raises:
            ProofError: The account is not registered.
            SDAError: The first connection fails, and not because a node does not answer.
        """
        log.info("started", extra={"pid": os.getpid()})
        try:
            while not self._stop.is_set():
                pause = self._look()
                self._stop.wait(pause)
        except Stopped:
            pass
        log.info("stopped")

    # ------------------------------------------------------------------ one look

    def _look(self) -> float:
        """Look at the chain, do what is due; for how long to sleep then."""
        try:
            agent = self._agent = self._agent or self._connected()
            news = self._watch.look(agent.contracts)
            if news.reorganised:
                log.warning("reorganised", extra={"detail": f"{news.reorganised}: everything is looked at again"})
                agent = self._agent = self._connect()
            due = news.touched or news.head.time >= self._due or 0 < self._retry_at <= time.monotonic()
            if due and not self._waits(agent):
                self._due = 0  # if the pass does not end, the next look makes another
                failed = self._pass(agent)
                # From the block before the pass: what became due while it lasted was perhaps not seen by it.
                self._due = next_due(agent, news.head.time, leaving=self._options.leave)
                self._retry_at = self._back_off() if failed else 0.0
                self._failures = self._failures if failed else 0
                self._write_state(news.head.time)
            return self._pause(news.head.time)
        except Stopped:
            raise
        except Exception as error:
            if not self._connected_once and not self._may_pass(error):
                raise
            self._tell(_trouble(error))
            self._agent, self._due = None, 0
            return self._back_off() - time.monotonic()

    def _connected(self) -> ClerkAgent:
        agent = self._connect()
        if not self._connected_once:
            _ = agent.clerk_id  # raises if there is no such clerk
            self._connected_once = True
        return agent

    def _may_pass(self, error: Exception) -> bool:
        """Whether the first connection is tried again: a node may be late or confused, a mistaken set-up stays so."""
        if isinstance(error, UnreachableError):
            return True
        return isinstance(error, ChainError) and self._failures < FIRST_ATTEMPTS

    def _back_off(self) -> float:
        """When to try again, by the monotonic clock: later each time."""
        self._failures += 1
        return time.monotonic() + self._options.interval * min(2.0 ** min(self._failures - 1, 10), LONGEST_BACK_OFF)

    def _pause(self, now: int) -> float:
        """Until the next thing is due, but no longer than between two looks."""
        return min(self._options.interval, max(float(self._due - now), 0.2))

    def _waits(self, agent: ClerkAgent) -> bool:
        """Whether a transaction that was sent before is still on its way: what it does is not done twice."""
        if not agent.contracts.chain.waiting(agent.account.address):
            self._waiting_since = None
            return False
        self._waiting_since = self._waiting_since or time.monotonic()
        self._tell(Deed("transaction awaited", detail="one sent earlier is not mined yet"))
        return time.monotonic() < self._waiting_since + WAITING_SECONDS

    # ------------------------------------------------------------------ one pass

    def _pass(self, agent: ClerkAgent) -> bool:
        """Do whatever is due; whether something of it failed."""
        failed = False
        with telling(self._progress):
            for deed in self._deeds(agent):
                self._tell(deed)
                failed = failed or deed.failed
                if self._stop.is_set():
                    raise Stopped
        return failed

    def _deeds(self, agent: ClerkAgent) -> Iterator[Deed]:
        if time.monotonic() >= self._means_at:
            self._means_at = time.monotonic() + MEANS_SECONDS
            yield from Means.of(agent).shortages()
        yield from agent.deeds()
        yield from self._preparation.deeds(agent)
        if self._options.collect is not None:
            yield from collect(agent, self._options.collect)
        for deed in leave(agent) if self._options.leave else ():
            if not deed.failed:
                self._stop.set()
            yield deed

    def _progress(self, done: int, total: int) -> None:
        """Of long work."""
        if self._stop.is_set():
            raise Stopped
        if time.monotonic() >= self._progress_at + PROGRESS_SECONDS:
            self._progress_at = time.monotonic()
            log.info("contributors met", extra={"detail": f"{done:,} of {total:,}"})

    # ------------------------------------------------------------------ what is told

    def _tell(self, deed: Deed) -> None:
        """Log a deed; the same one again only after a while."""
        key, now = (deed.action, deed.round_id, deed.detail), time.monotonic()
        if now < self._told.get(key, float("-inf")) + REPEAT_SECONDS:
            return
        self._told = {each: at for each, at in self._told.items() if now < at + REPEAT_SECONDS} | {key: now}
        extra = {"round": deed.round_id, "detail": deed.detail}
        log.log(logging.WARNING if deed.failed else logging.INFO, deed.action, extra=extra)

    def _write_state(self, now: int) -> None:
        """For `status`."""
        state = {"pid": os.getpid(), "looked_at": int(time.time()), "chain_time": now, "due": self._due}
        draft = self._state_file.with_suffix(".draft")
        with suppress(OSError):
            draft.write_text(json.dumps(state))
            draft.replace(self._state_file)


def _trouble(error: Exception) -> Deed:
    """An error of ours says what it is about; of another the place is told, and nothing that it may hold."""
    if isinstance(error, SDAError):
        return Deed("trouble", detail=f"{type(error).__name__}: {error}", failed=True)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Deed("trouble", detail=f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}", failed=True)
