"""A relay, or the developer behind it, that serves something else than what it committed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sda.closed import Snapshot
from sda.crypto.merkle import Roster
from sda.relay import Job, LocalRelay
from tests.world import World


class LyingRelay(LocalRelay):
    """Serves altered jobs or enrolments.

    Args:
        world: Whose file it serves.
        job: What becomes of a job.
        enrolments: What becomes of the bytes of enrolments.
    """

    def __init__(
        self,
        world: World,
        job: Callable[[Job], Job] = lambda job: job,
        enrolments: Callable[[bytes], bytes] = lambda data: data,
    ) -> None:
        super().__init__(world.directory / "relay.sqlite", world.domain, clock=lambda: world.now)
        self.open_round(world.view)
        self._alter_job = job
        self._alter_enrolments = enrolments

    def job(self, round_hash: bytes, seat: int) -> Job:
        return self._alter_job(super().job(round_hash, seat))

    def enrolments(self, start: int, stop: int) -> bytes:
        return self._alter_enrolments(super().enrolments(start, stop))


def commit(world: World, **changes: object) -> None:
    """Put another snapshot than the honest one on the chain, and serve it."""
    assert world.collected is not None
    snapshot = replace(world.collected.snapshot, **changes)  # type: ignore[arg-type]
    serve(world, snapshot)


def commit_roster(world: World, roster: Roster, **changes: object) -> None:
    """Commit to another roster, and serve it."""
    assert world.collected is not None
    snapshot = replace(world.collected.snapshot, roster_root=roster.root(), **changes)  # type: ignore[arg-type]
    serve(world, snapshot, roster=roster.to_bytes())


def serve(world: World, snapshot: Snapshot, **publication: object) -> None:
    """Put a snapshot on the chain without the contract's checks, and serve it."""
    assert world.collected is not None
    changed = replace(world.collected.publication, snapshot=snapshot, **publication)  # type: ignore[arg-type]
    world.relay.publish(world.view.round_hash, changed)
    world.collected = replace(world.collected, publication=changed)
    world.store_snapshot(snapshot)
