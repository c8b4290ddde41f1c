"""Collecting on any engine, with bad messages in between, crashes and damaged work: always the same snapshot."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sda.batch import Batch
from sda.contributor import contribute
from sda.crypto.curve import Point
from sda.developer import Collected, collect
from sda.engine import SERIAL, Engine, WorkFiles, open_engine
from sda.messages import Contribution
from sda.messages.enrolment import split_enrolments
from sda.params import TEST
from sda.relay import LocalRelay
from tests.reference import collecting
from tests.world import World
from tools.vectors import torsion

PARTIES = 23
BATCH = 4


class Serving(LocalRelay):
    """Serves the developer these messages, and counts how many it has read."""

    def __init__(self, world: World, messages: Sequence[bytes]) -> None:
        super().__init__(world.directory / "relay.sqlite", world.domain, clock=lambda: world.now)
        self.open_round(world.view)
        self._messages = messages
        self.read = 0

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        for message in self._messages:
            self.read += 1
            yield message


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("batches"), TEST, contributors=PARTIES)
    world.contribute_all()
    return world


@pytest.fixture(scope="module")
def messages(world: World) -> list[bytes]:
    return list(world.relay.contributions(world.view.round_hash))


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches and subtrees of few messages."""
    monkeypatch.setattr("sda.intake.BATCH", BATCH)
    monkeypatch.setattr("sda.relay.tree.SUBTREE_LEVEL", 3)


@pytest.fixture(scope="module")
def threads() -> Iterator[Engine]:
    with ThreadPoolExecutor(3) as executor:
        yield Engine(executor, 3)


# ---------------------------------------------------------------------- ways to be bad


def flip(place: int) -> Callable[[World, int, bytes], bytes]:
    def spoil(world: World, number: int, message: bytes) -> bytes:
        changed = bytearray(message)
        changed[place] ^= 1
        return bytes(changed)

    return spoil


def with_points(world: World, number: int, change: Callable[[Point], Point]) -> bytes:
    """A message whose first commitment was changed before it was signed."""
    party = world.contributors[number]
    contribution = world.messages[party.key.account.address]
    sums = contribution.leaf.sums
    leaf = replace(contribution.leaf, sums=replace(sums, points=(change(sums.points[0]), *sums.points[1:])))
    return replace(contribution, leaf=leaf.sign(world.domain, party.key.account, party.key.public.hash)).encode()


def outside(world: World, number: int, message: bytes) -> bytes:
    return with_points(world, number, lambda point: point + torsion())


def outside_the_other_way(world: World, number: int, message: bytes) -> bytes:
    return with_points(world, number, lambda point: point - torsion())


def neighbours(world: World, number: int, message: bytes) -> bytes:
    """Signed by the neighbour, for this position."""
    party = world.contributors[(number + 1) % PARTIES]
    return contribute(world.view, party.key, number, [1] * TEST.length, party.payout, b"next").encode()


def short(world: World, number: int, message: bytes) -> bytes:
    return message[:-1]


SPOILERS = [flip(1), flip(57), flip(82), flip(300), flip(-1), outside, outside_the_other_way, neighbours, short]


def facts(collected: Collected) -> tuple[Any, ...]:
    return collected.root, collected.publication, collected.padded_sum, collected.dropped


def expect(world: World, messages: Sequence[bytes], left_out: Sequence[int] = ()) -> collecting.Expected:
    enrolments = split_enrolments(world.relay.enrolments(0, PARTIES), PARTIES)
    return collecting.collect(world.view, messages, enrolments, world.developer_secret, left_out)


# ---------------------------------------------------------------------- the same on every engine


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bad=st.dictionaries(st.integers(0, PARTIES - 1), st.sampled_from(SPOILERS), max_size=8),
    absent=st.sets(st.integers(0, PARTIES - 1), max_size=10),
    left_out=st.sets(st.integers(0, PARTIES - 1), max_size=4),
)
def test_collect__in_parallel__is_what_one_by_one_gives(
    world: World,
    messages: list[bytes],
    threads: Engine,
    bad: dict[int, Callable[[World, int, bytes], bytes]],
    absent: set[int],
    left_out: set[int],
) -> None:
    served = [
        bad[i](world, i, message) if i in bad else message for i, message in enumerate(messages) if i not in absent
    ]
    expected = expect(world, served, sorted(left_out))
    if not expected.positions:
        return
    relay = Serving(world, served)
    parallel = collect(world.view, relay, world.developer_secret, left_out, engine=threads)
    assert parallel.root == expected.tree.root.hash
    assert list(parallel.positions) == expected.positions
    assert [dropped.position for dropped in parallel.dropped] == expected.dropped
    assert list(parallel.padded_sum.elements) == expected.padded
    assert facts(collect(world.view, relay, world.developer_secret, left_out)) == facts(parallel)


def test_collect__points_outside_the_subgroup__only_theirs_are_dropped(world: World, messages: list[bytes]) -> None:
    """Also two that cancel each other, in one batch."""
    served = list(messages)
    for number, spoil in ((5, outside), (6, outside_the_other_way), (17, outside)):
        served[number] = spoil(world, number, served[number])
    collected = collect(world.view, Serving(world, served), world.developer_secret)
    assert [dropped.position for dropped in collected.dropped] == [5, 6, 17]
    assert {dropped.reason.split(": ")[1] for dropped in collected.dropped} == {"a commitment is outside the subgroup"}
    assert collected.root == expect(world, served).tree.root.hash


@pytest.fixture(scope="module")
def spoilt(world: World, messages: list[bytes]) -> list[bytes]:
    return [SPOILERS[i % 9](world, i, message) if i % 4 == 1 else message for i, message in enumerate(messages)]


def test_collect__on_processes_and_on_a_dask_cluster__is_the_same(world: World, spoilt: list[bytes]) -> None:
    """Three Dask workers, each a process of its own behind a real scheduler."""
    from distributed import LocalCluster

    relay = Serving(world, spoilt)
    here = collect(world.view, relay, world.developer_secret)
    assert here.dropped
    with open_engine("processes:2") as engine:
        assert facts(collect(world.view, relay, world.developer_secret, engine=engine)) == facts(here)
    with (
        LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster,
        open_engine(cluster.scheduler_address.replace("tcp", "dask")) as engine,
    ):
        assert engine.width == 3
        assert facts(collect(world.view, relay, world.developer_secret, engine=engine)) == facts(here)


# ---------------------------------------------------------------------- bounded memory


class Watching(ThreadPoolExecutor):
    """Keeps count of batches that were handed over and not taken back."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.batches = self.most = 0

    def submit(self, function: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]:
        future = super().submit(function, *arguments, **keywords)
        if isinstance(arguments[0], Batch):
            self.batches += 1
            original = future.result

            def result(timeout: float | None = None) -> Any:
                self.batches -= 1
                return original(timeout)

            future.result = result  # type: ignore[method-assign]
        self.most = max(self.most, self.batches)
        return future


def test_collect__holds_a_bounded_number_of_batches(world: World, messages: list[bytes]) -> None:
    relay = Serving(world, messages)
    ahead = []
    with Watching(1) as executor:
        engine = Engine(executor, 1)
        collect(
            world.view,
            relay,
            world.developer_secret,
            engine=engine,
            progress=lambda done: ahead.append(relay.read - done),
        )
        assert 1 < executor.most <= engine.most_under_way == 2
    assert len(ahead) == -(-PARTIES // BATCH)
    assert max(ahead) <= engine.most_under_way * BATCH


# ---------------------------------------------------------------------- crashes and damage


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that are really checked, in this process."""
    sizes: list[int] = []
    original = Batch.run

    def run(self: Batch) -> bytes:
        sizes.append(len(self.messages))
        return original(self)

    monkeypatch.setattr(Batch, "run", run)
    return sizes


def test_collect__killed_in_the_middle__goes_on(world: World, tmp_path: Path, computed: list[int]) -> None:
    kept = WorkFiles(tmp_path / "work")
    child = os.fork()
    if child == 0:  # pragma: no cover - it is killed
        relay = LocalRelay(world.directory / "relay.sqlite", world.domain, clock=lambda: world.now)
        relay.open_round(world.view)

        def die(done: int) -> None:
            if done == 3 * BATCH:
                os.kill(os.getpid(), signal.SIGKILL)

        collect(world.view, relay, world.developer_secret, kept=kept, progress=die)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    again = collect(world.view, world.relay, world.developer_secret, kept=kept)
    assert sum(computed) <= PARTIES - 3 * BATCH
    assert facts(again) == facts(collect(world.view, world.relay, world.developer_secret))


def test_collect__a_second_time__checks_nothing_again(world: World, tmp_path: Path, computed: list[int]) -> None:
    """As after a draft: also when some are left out."""
    kept = WorkFiles(tmp_path / "work")
    first = collect(world.view, world.relay, world.developer_secret, kept=kept)
    assert sum(computed) == PARTIES
    computed.clear()
    assert facts(collect(world.view, world.relay, world.developer_secret, kept=kept)) == facts(first)
    without = collect(world.view, world.relay, world.developer_secret, [2, 20], kept=kept)
    assert computed == []
    assert facts(without) == facts(collect(world.view, world.relay, world.developer_secret, [2, 20]))
    assert "seats found it wrong in the draft" in without.dropped[0].reason


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: bytes([data[0] ^ 1]) + data])
def test_collect__damaged_work__is_done_again(
    world: World, tmp_path: Path, computed: list[int], damage: Callable[[bytes], bytes]
) -> None:
    kept = WorkFiles(tmp_path / "work")
    first = collect(world.view, world.relay, world.developer_secret, kept=kept)
    for path in kept.directory.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    computed.clear()
    assert facts(collect(world.view, world.relay, world.developer_secret, kept=kept)) == facts(first)
    assert sum(computed) == PARTIES


def test_collect__work_of_another_closed_set__is_not_used(
    world: World, messages: list[bytes], tmp_path: Path, computed: list[int]
) -> None:
    """A relay that serves another message where one was checked before gains nothing."""
    kept = WorkFiles(tmp_path / "work")
    collect(world.view, world.relay, world.developer_secret, kept=kept)
    computed.clear()
    served = [flip(-40)(world, 9, message) if i == 9 else message for i, message in enumerate(messages)]
    collected = collect(world.view, Serving(world, served), world.developer_secret, kept=kept)
    assert [dropped.position for dropped in collected.dropped] == [9]
    assert computed == [BATCH]


def test_batch__shows_no_secret(world: World, messages: list[bytes], tmp_path: Path) -> None:
    """Engines write what they run to their logs."""
    kept = WorkFiles(tmp_path / "work")
    batches: list[Batch] = []
    original = Batch.run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Batch, "run", lambda self: (batches.append(self), original(self))[1])
        collect(world.view, Serving(world, messages), world.developer_secret, engine=SERIAL, kept=kept)
    secret = world.developer_secret.to_bytes()
    assert batches
    for batch in batches:
        assert batch.secret == secret
        assert secret.hex() not in repr(batch)
        assert repr(secret)[2:20] not in repr(batch)
    for path in kept.directory.iterdir():
        assert secret not in path.read_bytes()


def test_serving__the_messages_are_valid(world: World, messages: list[bytes]) -> None:
    for number in (0, 3):
        changed = Contribution.decode(outside(world, number, messages[number]), TEST, check_subgroup=False)
        changed.leaf.verify(world.domain, world.contributors[number].key.public.hash)
