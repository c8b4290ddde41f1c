from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto.hashes import keccak, round_hash, set_hash
from tests.crypto.strategies import words
from tests.reference.keccak import keccak256
from tests.reference.sha256 import sha256


def test_published_values() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak(b"").hex() == empty
    assert keccak256(b"").hex() == empty
    assert sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_keccak_equals_the_reference(data: bytes) -> None:
    assert keccak(data) == keccak256(data)


def test_keccak_at_the_edges_of_a_block() -> None:
    for size in (134, 135, 136, 137, 271, 272):
        assert keccak(bytes(size)) == keccak256(bytes(size))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), words), max_size=4), words, words)
def test_round_hash_is_the_abi_encoding(seats: list[tuple[int, bytes]], terms: bytes, key: bytes) -> None:
    """Head and tail of abi.encode written out: offsets and lengths of the two arrays."""
    contract, developer = bytes(range(20)), bytes(range(20, 40))

    def number(value: int) -> bytes:
        return value.to_bytes(32, "big")

    head = [number(31337), bytes(12) + contract, number(7), terms, bytes(12) + developer, key, number(3)]
    offsets = [number(9 * 32), number(9 * 32 + 32 + 32 * len(seats))]
    ids = [number(len(seats)), *(number(clerk) for clerk, _ in seats)]
    keys = [number(len(seats)), *(hash_ for _, hash_ in seats)]
    assert round_hash(
        chain_id=31337,
        contract=contract,
        round_id=7,
        terms_hash=terms,
        developer=developer,
        developer_key_hash=key,
        epoch=3,
        clerk_ids=[clerk for clerk, _ in seats],
        key_hashes=[hash_ for _, hash_ in seats],
    ) == keccak256(b"".join(head + offsets + ids + keys))


def test_set_hash_binds_every_part() -> None:
    parts: dict[str, Any] = {
        "round_hash": bytes([1]) * 32,
        "count": 5,
        "noise": 6,
        "roster_root": bytes([2]) * 32,
        "enrolment_root": bytes([3]) * 32,
        "exclusions": bytes(32),
    }
    points = [bytes([4]) * 32, bytes([5]) * 32]

    def digest(**change: Any) -> bytes:
        return set_hash(point_hashes=points, **(parts | change))

    changes: list[dict[str, Any]] = [
        {"round_hash": bytes(32)},
        {"count": 6},
        {"noise": 5},
        {"roster_root": bytes(32)},
    ]
    changes += [{"enrolment_root": bytes(32)}, {"exclusions": bytes([1]) * 32}]
    assert len({digest(), *(digest(**change) for change in changes)}) == 1 + len(changes)
    written = parts["round_hash"], (5).to_bytes(32, "big"), (6).to_bytes(32, "big")
    expected = b"".join([*written, bytes([2]) * 32, bytes([3]) * 32, bytes(32), *points])
    assert digest() == keccak256(expected)
