"""The clerk's cache of shared points: encrypted, tied to enrolments, rebuilt when damaged."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sda.crypto.keys import SecretKey, shared_point
from sda.pairs import Pairs

LEAVES = [bytes([i]) * 32 for i in range(1, 6)]


@pytest.fixture
def secret() -> SecretKey:
    return SecretKey.generate()


@pytest.fixture
def others() -> list[SecretKey]:
    return [SecretKey.generate() for _ in LEAVES]


@pytest.fixture
def pairs(secret: SecretKey, others: list[SecretKey]) -> Pairs:
    pairs = Pairs(secret)
    for position in (4, 0, 2):
        pairs.add(position, LEAVES[position], others[position].public)
    return pairs


def test_pairs__hold_the_shared_points(pairs: Pairs, secret: SecretKey, others: list[SecretKey]) -> None:
    for position in (0, 2, 4):
        assert (position, LEAVES[position]) in pairs
        assert pairs.shared(position) == shared_point(others[position], secret.public)


def test_pairs__do_not_hold_other_positions_or_enrolments(pairs: Pairs) -> None:
    for place in ((1, LEAVES[1]), (0, LEAVES[2]), (5, LEAVES[0]), (1, LEAVES[0])):
        assert place not in pairs


def test_pairs__saved_and_loaded__are_the_same(pairs: Pairs, secret: SecretKey, tmp_path: Path) -> None:
    path = tmp_path / "clerk" / "pairs"
    pairs.save(path)
    pairs.save(path)
    loaded = Pairs.load(path, secret)
    assert [loaded.shared(position) for position in (0, 2, 4)] == [pairs.shared(p) for p in (0, 2, 4)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for position in (0, 2, 4):
        assert pairs.shared(position) not in path.read_bytes()


def test_pairs__of_another_key__are_empty(pairs: Pairs, tmp_path: Path) -> None:
    path = tmp_path / "clerk" / "pairs"
    pairs.save(path)
    assert (0, LEAVES[0]) not in Pairs.load(path, SecretKey.generate())


@pytest.mark.parametrize("position", [0, 13, 30, -1])
def test_pairs__damaged_file__is_empty(pairs: Pairs, secret: SecretKey, tmp_path: Path, position: int) -> None:
    path = tmp_path / "clerk" / "pairs"
    pairs.save(path)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    assert (0, LEAVES[0]) not in Pairs.load(path, secret)


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 27, b"x" * 28])
def test_pairs__cut_file__is_empty(secret: SecretKey, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pairs"
    path.write_bytes(content)
    assert (0, LEAVES[0]) not in Pairs.load(path, secret)


def test_pairs__no_file__is_empty(secret: SecretKey, tmp_path: Path) -> None:
    assert (0, LEAVES[0]) not in Pairs.load(tmp_path / "none", secret)


def test_pairs__repr_hides_points(pairs: Pairs) -> None:
    assert repr(pairs) == "Pairs(5 positions, points hidden)"
