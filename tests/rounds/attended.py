"""Daemons for the clerks of a cast, each in a thread, on connections of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sda.agents.clerk import ClerkAgent
from sda.agents.daemon import ClerkDaemon, Options
from sda.chain.client import Chain
from sda.chain.contracts import Contracts
from sda.keys import ClerkKeys, Strength
from tests.rounds.cast import PASSWORD, Cast

QUICK = Options(interval=0.1)
PATIENCE_SECONDS = 180.0


def daemon_of(cast: Cast, agent: ClerkAgent, *urls: str, options: Options = QUICK) -> ClerkDaemon:
    """What a process in the clerk's directory would run, through these nodes."""
    directory = agent.keys.directory
    keys = ClerkKeys(directory, PASSWORD, Strength.LIGHT)

    def connect() -> ClerkAgent:
        chain = Chain(*(urls or (cast.node.url,)), timeout=5)
        return ClerkAgent(Contracts.of(chain, cast.devnet.deployment), keys, cast.open_relay(), cast.draw)

    return ClerkDaemon(connect, directory, options)


@contextmanager
def running(*daemons: ClerkDaemon) -> Iterator[None]:
    """In here they serve; none may end by itself with an error."""
    failed: list[BaseException] = []

    def serve(daemon: ClerkDaemon) -> None:
        try:
            daemon.run()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=serve, args=(daemon,)) for daemon in daemons]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for daemon in daemons:
            daemon.stop()
        for thread in threads:
            thread.join()
    assert failed == []


@contextmanager
def attended(cast: Cast, *urls: str) -> Iterator[None]:
    """In here every clerk is served."""
    with running(*(daemon_of(cast, agent, *urls) for agent in cast.clerks.values())):
        yield


def wait_until(cast: Cast, happened: Callable[[], bool], *, ticking: bool = True) -> None:
    """Wait for the daemons; meanwhile a second passes on the chain now and then."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < until, "the daemons did not do it"
        time.sleep(0.2)
        if ticking:
            cast.node.increase_time(1)
