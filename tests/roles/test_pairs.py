"""What a clerk remembers of contributors: by position, encrypted, read again when damaged."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey, shared_point
from sda.crypto.merkle import enrolment_root
from sda.keys import Identity
from sda.messages import Domain, Enrolment
from sda.pairs import Pairs

DOMAIN = Domain(31337, bytes(19) + b"\x01")
KNOWN = (0, 2, 4)


def enrolment() -> tuple[SecretKey, bytes]:
    identity = Identity.generate()
    secret = identity.key(DOMAIN.chain_id, DOMAIN.contract)
    return secret, Enrolment.create(DOMAIN, identity.account, secret).encode()


@pytest.fixture
def secret() -> SecretKey:
    return SecretKey.generate()


@pytest.fixture
def enrolments() -> list[tuple[SecretKey, bytes]]:
    return [enrolment() for _ in range(5)]


@pytest.fixture
def pairs(secret: SecretKey, enrolments: list[tuple[SecretKey, bytes]]) -> Pairs:
    pairs = Pairs(secret)
    for position, (other, message) in enumerate(enrolments):
        pairs.remember(position, message)
        if position in KNOWN:
            pairs.add(position, other.public)
    return pairs


def test_pairs__hold_the_shared_points(
    pairs: Pairs, secret: SecretKey, enrolments: list[tuple[SecretKey, bytes]]
) -> None:
    assert len(pairs) == 5
    assert [position for position in range(5) if pairs.knows(position)] == list(KNOWN)
    for position in KNOWN:
        other, _ = enrolments[position]
        assert pairs.shared(position) == shared_point(other, secret.public)
        assert pairs.public(position) == other.public.compressed


def test_pairs__root__is_that_of_the_first_enrolments(pairs: Pairs, enrolments: list[tuple[SecretKey, bytes]]) -> None:
    leaves = [keccak(message) for _, message in enrolments]
    for enrolled in (5, 3, 5, 1):
        assert pairs.root(enrolled) == enrolment_root(leaves[:enrolled])


def test_pairs__same_enrolment_again__keeps_its_point(pairs: Pairs, enrolments: list[tuple[SecretKey, bytes]]) -> None:
    pairs.remember(2, enrolments[2][1])
    assert pairs.knows(2)


def test_pairs__another_enrolment__has_no_point_and_another_root(pairs: Pairs) -> None:
    before = pairs.root(5)
    pairs.remember(2, enrolment()[1])
    assert not pairs.knows(2)
    assert pairs.root(5) != before


def test_pairs__distinct__looks_at_the_members_only(pairs: Pairs, enrolments: list[tuple[SecretKey, bytes]]) -> None:
    assert pairs.distinct(5, [0, 1, 4])
    pairs.remember(5, enrolments[1][1])
    assert pairs.distinct(6, [0, 1, 4])
    assert pairs.distinct(6, [0, 4, 5])
    assert not pairs.distinct(6, [1, 5])


def test_pairs__saved_and_loaded__are_the_same(pairs: Pairs, secret: SecretKey, tmp_path: Path) -> None:
    path = tmp_path / "clerk" / "pairs"
    pairs.save(path)
    pairs.save(path)
    loaded = Pairs.load(path, secret)
    assert loaded.root(5) == pairs.root(5)
    assert [loaded.shared(position) for position in KNOWN] == [pairs.shared(position) for position in KNOWN]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for position in KNOWN:
        assert pairs.shared(position) not in path.read_bytes()


def test_pairs__of_another_key__are_empty(pairs: Pairs, tmp_path: Path) -> None:
    path = tmp_path / "clerk" / "pairs"
    pairs.save(path)
    assert len(Pairs.load(path, SecretKey.generate())) == 0


@pytest.mark.parametrize("position", [0, 13, 30, -1])
def test_pairs__damaged_file__is_empty(pairs: Pairs, secret: SecretKey, tmp_path: Path, position: int) -> None:
    path = tmp_path / "clerk" / "pairs"
    pairs.save(path)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    assert len(Pairs.load(path, secret)) == 0


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 27, b"x" * 28])
def test_pairs__cut_file__is_empty(secret: SecretKey, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pairs"
    path.write_bytes(content)
    assert len(Pairs.load(path, secret)) == 0


def test_pairs__no_file__is_empty(secret: SecretKey, tmp_path: Path) -> None:
    assert len(Pairs.load(tmp_path / "none", secret)) == 0


def test_pairs__repr_hides_points(pairs: Pairs) -> None:
    assert repr(pairs) == "Pairs(5 enrolments, points hidden)"
