from __future__ import annotations

import hashlib
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto import seeds
from sda.crypto.field import Q
from sda.crypto.pads import developer_mask
from sda.crypto.seeds import MASK_SEAT, SeedPrefix, expand, sum_rows
from sda.crypto.tags import Tag
from tests.crypto.strategies import words
from tests.reference import sharing

few = settings(max_examples=15, deadline=None)
keys = st.binary(min_size=48, max_size=48)
nonces = st.binary(min_size=4, max_size=4)
entries = st.tuples(keys, nonces, keys)


@few
@given(st.sampled_from([Tag.PAD, Tag.NOISE_PAD]), words, st.integers(0, 63), entries)
def test_seeds_and_rows_equal_the_reference(
    tag: Tag, round_hash: bytes, seat: int, entry: tuple[bytes, bytes, bytes]
) -> None:
    seed = SeedPrefix(tag, round_hash, seat).seed(*entry)
    assert seed == sharing.seed(tag.value.decode(), round_hash, seat, *entry)
    assert expand(seed, 3) == sharing.expand(seed, 3)


@few
@given(words, entries)
def test_the_mask_is_a_row_of_its_own(round_hash: bytes, entry: tuple[bytes, bytes, bytes]) -> None:
    seed = sharing.seed("SDA/1 mask", round_hash, MASK_SEAT, *entry)
    assert developer_mask(round_hash, *entry, elements=4) == sharing.expand(seed, 4)


def test_everything_enters_the_seed() -> None:
    base = SeedPrefix(Tag.PAD, bytes(32), 0)
    entry = (bytes(48), bytes(4), bytes(48))
    seeds_ = {
        base.seed(*entry),
        base.seed(b"\1" + bytes(47), *entry[1:]),
        base.seed(entry[0], b"\0\0\0\1", entry[2]),
        base.seed(*entry[:2], b"\1" + bytes(47)),
        SeedPrefix(Tag.PAD, bytes(32), 1).seed(*entry),
        SeedPrefix(Tag.PAD, b"\1" + bytes(31), 0).seed(*entry),
        SeedPrefix(Tag.NOISE_PAD, bytes(32), 0).seed(*entry),
    }
    assert len(seeds_) == 7


def test_a_round_hash_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        SeedPrefix(Tag.PAD, bytes(31), 0)


@few
@given(st.lists(entries, max_size=10), st.integers(1, 5))
def test_summed_rows_equal_the_rows_summed(some: list[tuple[bytes, bytes, bytes]], m: int) -> None:
    prefix = SeedPrefix(Tag.PAD, bytes(32), 5)
    rows = [expand(prefix.seed(*entry), m) for entry in some]
    assert sum_rows(prefix, joined(some), m) == [sum(row[i] for row in rows) % Q for i in range(m)]


def joined(some: list[tuple[bytes, bytes, bytes]]) -> bytes:
    return b"".join(b"".join(entry) for entry in some)


def test_summed_rows__cut_entry__is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 100"):
        sum_rows(SeedPrefix(Tag.PAD, bytes(32), 5), bytes(199), 2)


def test_summed_rows_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = SeedPrefix(Tag.PAD, bytes(32), 5)
    some = [(i.to_bytes(48, "big"), i.to_bytes(4, "big"), bytes(48)) for i in range(50)]
    in_one = sum_rows(prefix, joined(some), 2)
    monkeypatch.setattr(seeds, "_CHUNK", 7)
    assert sum_rows(prefix, joined(some), 2) == in_one


def test_a_row_is_a_prefix_of_a_longer_one() -> None:
    assert expand(bytes(32), 5)[:2] == expand(bytes(32), 2)
    assert expand(bytes(32), 0) == []


def _share_below(values: list[int], bound: int) -> tuple[float, float]:
    """How many values lie below: in standard deviations from what uniform values give, and as a share."""
    chance = bound / Q
    found = sum(value < bound for value in values)
    return (found - chance * len(values)) / sqrt(len(values) * chance * (1 - chance)), found / len(values)


def test_elements_are_uniform_where_a_single_digest_is_not() -> None:
    """PROTOCOL §11.18: 2^256 = 2q + r, so one digest mod q falls below r three times for two elsewhere."""
    bound = 2**256 - 2 * Q
    seeds_ = [i.to_bytes(32, "big") for i in range(4000)]
    wide, _ = _share_below([value for seed in seeds_ for value in expand(seed, 3)], bound)
    single, share = _share_below(
        [
            int.from_bytes(hashlib.sha256(seed + i.to_bytes(4, "big") + b"\0").digest(), "big") % Q
            for seed in seeds_
            for i in range(3)
        ],
        bound,
    )
    assert abs(wide) < 4
    assert single > 10
    assert abs(share - 3 * bound / 2**256) < 0.02
