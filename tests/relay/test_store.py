"""The relay's file: survives reopening, belongs to one contract, and takes several writers."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sda.contributor import contribute
from sda.errors import RelayError
from sda.messages import ENROLMENT_BYTES, Domain
from sda.params import TEST
from sda.relay import LocalRelay, Receipt, RefusedError
from sda.relay.migrations import STEPS
from tests.world import CHAIN_ID, CONTRACT, World

DOMAIN = Domain(CHAIN_ID, CONTRACT)


def reopened(world: World) -> LocalRelay:
    relay = LocalRelay(world.directory / "relay.sqlite", DOMAIN, clock=lambda: world.now)
    relay.open_round(world.view)
    return relay


def test_reopened__serves_the_same(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=3)
    world.contribute_all()
    world.close()
    hash_ = world.view.round_hash
    before = (world.relay.job(hash_, 4), world.relay.enrolments(0, 3), list(world.relay.contributions(hash_)))
    world.relay.close()
    relay = reopened(world)
    assert (relay.job(hash_, 4), relay.enrolments(0, 3), list(relay.contributions(hash_))) == before
    with pytest.raises(RefusedError, match="not collecting"):
        relay.submit(_fresh(world, 1))


def _fresh(world: World, index: int) -> bytes:
    party = world.contributors[index]
    return contribute(world.view, party.key, party.position, [1] * TEST.length, party.payout, b"next").encode()


def test_file_of_another_contract__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    LocalRelay(path, DOMAIN).close()
    for domain in (Domain(CHAIN_ID + 1, CONTRACT), Domain(CHAIN_ID, bytes(20))):
        with pytest.raises(RelayError, match="must be of"):
            LocalRelay(path, domain)


def test_file_that_is_no_database__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    path.write_bytes(b"something else, and long enough to be read as a header" * 40)
    with pytest.raises(RelayError, match="file is not a database"):
        LocalRelay(path, DOMAIN)


def test_file__is_private_and_needs_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    LocalRelay(path, DOMAIN).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(RelayError, match="No such file or directory"):
        LocalRelay(tmp_path / "none" / "relay.sqlite", DOMAIN)


def test_file_of_an_earlier_version__is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    LocalRelay(path, DOMAIN).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE reviews")
        connection.execute("DROP TABLE secrets")
        connection.execute("DROP TABLE served_rows")
        connection.execute("DELETE FROM migrations WHERE step > 0")
    LocalRelay(path, DOMAIN).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM reviews").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM migrations").fetchone() == (len(STEPS),)


def test_file_of_a_later_version__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite"
    LocalRelay(path, DOMAIN).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES (99)")
    with pytest.raises(RelayError, match=f"is of version {len(STEPS) + 1}, made by a later sda"):
        LocalRelay(path, DOMAIN)


def test_contributions__stream_by_position_beyond_one_batch(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=300)
    messages = []
    for party in world.contributors:
        vector = [0] * TEST.length
        messages.append(contribute(world.view, party.key, party.position, vector, party.payout, b"once").encode())
    answers = world.relay.submit_many(list(reversed(messages)))
    assert all(isinstance(answer, Receipt) for answer in answers)
    assert list(world.relay.contributions(world.view.round_hash)) == messages


def test_two_relays_on_one_file__store_each_contribution_once(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=12)
    messages = []
    for party in world.contributors:
        for nonce in (b"one.", b"two."):
            vector = [0] * TEST.length
            messages.append(contribute(world.view, party.key, party.position, vector, party.payout, nonce).encode())
    others = [reopened(world) for _ in range(3)]

    def send(task: tuple[int, bytes]) -> Receipt | RefusedError:
        relay = others[task[0] % 3]
        return relay.submit_many([task[1]])[0]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, enumerate(messages)))
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        assert isinstance(first, Receipt) != isinstance(second, Receipt)
    assert world.relay.count(world.view.round_hash) == 12


def test_enrolments__from_several_threads__have_all_positions(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=0)
    keys = [world.make_key() for _ in range(24)]
    with ThreadPoolExecutor(4) as pool:
        positions = list(pool.map(lambda key: world.relay.enrol(key.enrol(DOMAIN).encode()), keys))
    assert sorted(positions) == list(range(24))
    assert len(world.relay.enrolments(0, 24)) == 24 * ENROLMENT_BYTES


@pytest.mark.parametrize(("start", "stop"), [(-1, 0), (0, 4), (2, 1), (4, 4)])
def test_enrolments__out_of_range__are_refused(tmp_path: Path, start: int, stop: int) -> None:
    world = World(tmp_path, TEST, contributors=3)
    with pytest.raises(RefusedError, match="must be within 0 to 3"):
        world.relay.enrolments(start, stop)
