"""What a clerk remembers of contributors: by position, encrypted, computed again when damaged."""

from __future__ import annotations

import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sda import pairing
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey, shared_point
from sda.crypto.merkle import enrolment_root
from sda.enrolled import BLOCK
from sda.keys import Identity
from sda.messages import Domain, Enrolment
from sda.pairing import InvalidEnrolmentError, telling
from sda.pairs import ENROLLED_FILE, Pairs

DOMAIN = Domain(31337, bytes(19) + b"\x01")
KNOWN = (0, 2, 4)
Enrolments = list[tuple[SecretKey, bytes]]


def enrolment() -> tuple[SecretKey, bytes]:
    identity = Identity.generate()
    secret = identity.key(DOMAIN.chain_id, DOMAIN.contract)
    return secret, Enrolment.create(DOMAIN, identity.account, secret).encode()


@pytest.fixture
def secret() -> SecretKey:
    return SecretKey.generate()


@pytest.fixture(scope="module")
def enrolments() -> Enrolments:
    return [enrolment() for _ in range(5)]


class Files:
    """Of a clerk."""

    def __init__(self, directory: Path) -> None:
        self.enrolled, self.shared = directory / "clerk" / ENROLLED_FILE, directory / "clerk" / "pairs"

    def open(self, secret: SecretKey) -> Pairs:
        return Pairs.load(self.shared, secret)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def fill(pairs: Pairs, enrolments: Enrolments, known: Sequence[int] = KNOWN) -> Pairs:
    """Remember all, and pair with the known."""
    pairs.remember(0, b"".join(message for _, message in enrolments))
    pair(pairs, [(position, enrolments[position][1]) for position in known])
    return pairs


def pair(pairs: Pairs, wanted: Sequence[tuple[int, bytes]]) -> None:
    with pairs.workers(DOMAIN, len(wanted)) as workers:
        for position, data in wanted:
            workers.put(position, data)
        workers.finish()
    pairs.checkpoint()


def known(pairs: Pairs) -> list[int]:
    return [position for position in range(5) if pairs.knows(position)]


@pytest.fixture
def pairs(secret: SecretKey, enrolments: Enrolments) -> Pairs:
    return fill(Pairs(secret), enrolments)


def test_pairs__hold_the_shared_points(pairs: Pairs, secret: SecretKey, enrolments: Enrolments) -> None:
    assert len(pairs) == 5
    assert known(pairs) == list(KNOWN)
    assert pairs.unknown(range(5)) == [1, 3]
    for position in KNOWN:
        other, _ = enrolments[position]
        assert pairs.shared(position) == shared_point(other, secret.public)
        assert pairs.public(position) == other.public.compressed
        assert pairs.key(position) == other.public.xy


def test_pairs__entries__are_key_nonce_and_point(pairs: Pairs) -> None:
    nonces = [b"aaaa", b"bbbb"]
    expected = b"".join(pairs.public(p) + nonce + pairs.shared(p) for p, nonce in zip((0, 4), nonces, strict=True))
    assert pairs.entries([0, 4], nonces) == expected
    assert pairs.entries([], []) == b""


def test_pairs__root__is_that_of_the_first_enrolments(pairs: Pairs, enrolments: Enrolments) -> None:
    leaves = [keccak(message) for _, message in enrolments]
    for enrolled in (5, 3, 5, 1, 0):
        assert pairs.root(enrolled) == enrolment_root(leaves[:enrolled])


@pytest.mark.parametrize("count", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5, 3 * BLOCK + 1])
def test_pairs__root__over_several_blocks(secret: SecretKey, count: int) -> None:
    messages = [i.to_bytes(198, "big") for i in range(count)]
    pairs = Pairs(secret)
    pairs.remember(0, b"".join(messages[:7]))
    pairs.remember(7, b"".join(messages[7:]))
    leaves = list(map(keccak, messages))
    assert len(pairs) == count
    for enrolled in {count, count - 1, BLOCK - 1}:
        assert pairs.root(enrolled) == enrolment_root(leaves[:enrolled])
    assert pairs.leaf(count - 1) == leaves[-1]


def test_pairs__same_enrolment_again__keeps_its_point(pairs: Pairs, enrolments: Enrolments) -> None:
    pairs.remember(2, enrolments[2][1])
    assert pairs.knows(2)


def test_pairs__another_enrolment__has_no_point_and_another_root(pairs: Pairs) -> None:
    before = pairs.root(5)
    pairs.remember(2, enrolment()[1])
    assert not pairs.knows(2)
    assert not pairs.is_verified(2)
    assert pairs.root(5) != before


def test_pairs__distinct__looks_at_the_members_only(pairs: Pairs, enrolments: Enrolments) -> None:
    assert pairs.distinct(5, [0, 1, 4])
    pairs.remember(5, enrolments[1][1])
    assert pairs.distinct(6, [0, 1, 4])
    assert pairs.distinct(6, [0, 4, 5])
    assert not pairs.distinct(6, [1, 5])


def test_pairs__distinct__compares_whole_accounts(pairs: Pairs, enrolments: Enrolments) -> None:
    message = bytearray(enrolment()[1])
    message[1:20] = enrolments[1][1][1:20]
    pairs.remember(5, bytes(message))
    assert pairs.distinct(6, range(6))


def test_pairs__invalid_enrolment__is_named_by_its_position(pairs: Pairs, enrolments: Enrolments) -> None:
    damaged = bytearray(enrolments[3][1])
    damaged[-2] ^= 1
    with pytest.raises(InvalidEnrolmentError, match="position 3"):
        pair(pairs, [(1, enrolments[1][1]), (3, bytes(damaged))])
    assert not pairs.knows(3)


# ---------------------------------------------------------------------- on disk


def test_pairs__saved_and_loaded__are_the_same(files: Files, secret: SecretKey, enrolments: Enrolments) -> None:
    pairs = fill(files.open(secret), enrolments)
    loaded = files.open(secret)
    assert loaded.root(5) == pairs.root(5)
    assert known(loaded) == list(KNOWN)
    assert [loaded.shared(position) for position in KNOWN] == [pairs.shared(position) for position in KNOWN]
    for path in (files.enrolled, files.shared):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for position in KNOWN:
        assert pairs.shared(position) not in files.shared.read_bytes() + files.enrolled.read_bytes()


def test_pairs__saved_elsewhere__are_there_too(files: Files, pairs: Pairs, secret: SecretKey) -> None:
    pairs.save(files.shared)
    assert known(files.open(secret)) == list(KNOWN)


def test_pairs__of_a_new_epoch__know_who_was_verified(files: Files, secret: SecretKey, enrolments: Enrolments) -> None:
    fill(files.open(secret), enrolments)
    following = SecretKey.generate()
    pairs = files.open(following)
    assert known(pairs) == []
    assert [position for position in range(5) if pairs.is_verified(position)] == list(KNOWN)
    pair(pairs, [(position, pairs.key(position)) for position in KNOWN])
    assert pairs.shared(2) == shared_point(enrolments[2][0], following.public)


@pytest.mark.parametrize("position", [0, 13, 30, -1])
def test_pairs__damaged_points__are_forgotten(
    files: Files, secret: SecretKey, enrolments: Enrolments, position: int
) -> None:
    fill(files.open(secret), enrolments)
    _damage(files.shared, position)
    assert known(files.open(secret)) == []
    assert len(files.open(secret)) == 5


@pytest.mark.parametrize("position", [0, 40, 300, -1])
def test_pairs__damaged_enrolments__are_read_again(
    files: Files, secret: SecretKey, enrolments: Enrolments, position: int
) -> None:
    fill(files.open(secret), enrolments)
    _damage(files.enrolled, position)
    pairs = files.open(secret)
    assert len(pairs) == 0
    fill(pairs, enrolments)
    assert known(files.open(secret)) == list(KNOWN)


def _damage(path: Path, position: int) -> None:
    with sqlite3.connect(path) as connection:
        (data,) = connection.execute("SELECT data FROM blocks").fetchone()
        changed = bytearray(data)
        changed[position] ^= 1
        connection.execute("UPDATE blocks SET data = ?", (bytes(changed),))


def test_pairs__points_of_other_enrolments__are_forgotten(
    files: Files, secret: SecretKey, enrolments: Enrolments, tmp_path: Path
) -> None:
    """The enrolment file of another list: its points must not be taken for these contributors'."""
    other = Files(tmp_path / "other")
    fill(files.open(secret), enrolments)
    fill(other.open(secret), enrolments[::-1])
    other.enrolled.replace(files.enrolled)
    assert known(files.open(secret)) == []
    assert len(files.open(secret)) == 5


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 27, b"SQLite format 3\0" + b"x" * 5000])
def test_pairs__no_database__is_made_anew(
    files: Files, secret: SecretKey, enrolments: Enrolments, content: bytes
) -> None:
    fill(files.open(secret), enrolments)
    for path in (files.enrolled, files.shared):
        path.write_bytes(content)
    pairs = files.open(secret)
    assert len(pairs) == 0
    fill(pairs, enrolments)
    assert known(files.open(secret)) == list(KNOWN)


def test_pairs__a_wrong_point__is_noticed_and_all_are_computed_again(
    files: Files, secret: SecretKey, enrolments: Enrolments
) -> None:
    pairs = fill(files.open(secret), enrolments)
    assert all(pairs.recompute(position) for position in KNOWN)
    pairs._shared[0][2, 20] ^= 1  # the memory itself is wrong
    assert pairs.recompute(0)
    assert not pairs.recompute(2)
    assert known(pairs) == known(files.open(secret)) == []


def test_pairs__disk_full__are_kept_in_memory_and_say_so(
    files: Files, secret: SecretKey, enrolments: Enrolments, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = files.open(secret)
    files.shared.mkdir()
    fill(pairs, enrolments)
    assert known(pairs) == list(KNOWN)
    assert "cannot be written down" in caplog.text
    files.shared.rmdir()
    pairs.checkpoint()
    assert known(files.open(secret)) == list(KNOWN)


def test_pairs__repr_hides_points(pairs: Pairs) -> None:
    assert repr(pairs) == "Pairs(5 enrolments, points hidden)"


# ---------------------------------------------------------------------- many


def test_workers__are_processes__and_give_the_same(
    files: Files, secret: SecretKey, enrolments: Enrolments, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fill(Pairs(secret), enrolments, range(5))
    monkeypatch.setattr(pairing, "WORTH_PROCESSES", 2)
    monkeypatch.setattr(pairing, "PIECE", 2)
    told: list[tuple[int, int]] = []
    pairs = files.open(secret)
    with telling(lambda done, total: told.append((done, total))):
        fill(pairs, enrolments, range(5))
    assert [pairs.shared(position) for position in range(5)] == [expected.shared(position) for position in range(5)]
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert known(files.open(secret)) == [0, 1, 2, 3, 4]
    damaged = bytearray(enrolments[3][1])
    damaged[-2] ^= 1
    with pytest.raises(InvalidEnrolmentError, match="position 3"):
        pair(pairs, [(3, bytes(damaged))])


def test_workers__interrupted__what_was_written_is_kept(
    files: Files, secret: SecretKey, enrolments: Enrolments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "PIECE", 1)

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    pairs = files.open(secret)
    with pytest.raises(KeyboardInterrupt), telling(interrupt):
        fill(pairs, enrolments, range(5))
    pairs.checkpoint()
    assert files.open(secret).unknown(range(5)) == [3, 4]


def test_workers__of_a_killed_process__end_with_it() -> None:
    """They hold the clerk's secret. They also hold the standard output, which is read here until all have ended."""
    script = (
        "import os\n"
        "from sda import pairing\n"
        "from sda.crypto.keys import SecretKey\n"
        "from sda.messages import Domain\n"
        "if __name__ == '__main__':\n"
        "    workers = pairing.Workers(SecretKey(7), Domain(1, bytes(20)), 10_000, print, processes=2)\n"
        "    for n in range(300):\n"
        "        workers.put(n, SecretKey(n + 1).public.xy)\n"
        "    workers._result()\n"
        "    print(len(workers._pool._processes), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "2\n"), done.stderr
