"""The binary forms: what is written is read back, and nothing else is read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.closed import Snapshot
from sda.crypto.sumtree import Step
from sda.errors import MessageError
from sda.params import TEST
from sda.relay import Publication
from sda.relay.wire import (
    decode_claim,
    decode_opening,
    decode_publication,
    decode_snapshot,
    encode_claim,
    encode_opening,
    encode_publication,
    encode_snapshot,
    frame,
    unframe,
)
from sda.round import ClaimProof
from tests.world import World

WORD = st.binary(min_size=32, max_size=32)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    n = draw(st.integers(1, 64))
    threshold = draw(st.integers(1, n))
    point = st.binary(min_size=128, max_size=128)
    return Snapshot(
        left=draw(WORD),
        right=draw(WORD),
        count=draw(st.integers(0, 2**32 - 1)),
        noise=draw(st.integers(0, 2**64 - 1)),
        roster_root=draw(WORD),
        enrolment_root=draw(WORD),
        points=tuple(draw(point) for _ in range(n)),
        corrections=tuple(draw(WORD) for _ in range(n - threshold)),
    )


PUBLICATIONS = st.builds(
    Publication,
    snapshot=snapshots(),
    enrolled=st.integers(0, 2**32 - 1),
    roster=st.binary(max_size=50),
    levels=st.lists(st.binary(max_size=200), max_size=5),
    sums=st.dictionaries(
        st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1)), st.binary(min_size=1, max_size=40), max_size=5
    ),
)
CLAIMS = st.builds(
    ClaimProof,
    st.integers(0, 2**32 - 1),
    st.lists(st.builds(Step, WORD, WORD), max_size=20).map(tuple),
)


@given(st.lists(st.binary(max_size=300)))
def test_frame__round_trip(items: list[bytes]) -> None:
    assert unframe(frame(items)) == items


@given(st.lists(st.binary(max_size=9), min_size=1), st.data())
def test_unframe__cut_inside_an_item__is_refused(items: list[bytes], data: st.DataObject) -> None:
    whole = frame(items)
    ends = {len(frame(items[:count])) for count in range(len(items) + 1)}
    cut = data.draw(st.integers(0, len(whole)).filter(lambda size: size not in ends))
    with pytest.raises(MessageError, match="middle of a field"):
        unframe(whole[:cut])


@given(snapshots())
def test_snapshot__round_trip(snapshot: Snapshot) -> None:
    assert decode_snapshot(encode_snapshot(snapshot)) == snapshot


@given(snapshots(), st.data())
def test_snapshot__of_any_other_length__is_refused(snapshot: Snapshot, data: st.DataObject) -> None:
    whole = encode_snapshot(snapshot)
    with pytest.raises(MessageError, match="middle of a field"):
        decode_snapshot(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(MessageError, match="must be"):
        decode_snapshot(whole + data.draw(st.binary(min_size=1, max_size=200)))


@pytest.mark.parametrize(("n", "threshold"), [(0, 0), (5, 0), (5, 6), (65, 5)])
def test_snapshot__of_no_committee__is_refused(n: int, threshold: int) -> None:
    head = bytes(2 * 32 + 4 + 8 + 2 * 32)
    with pytest.raises(MessageError, match="must be 1 ≤ R ≤ n ≤ 64"):
        decode_snapshot(head + bytes([n, threshold]) + bytes(128 * n + 32 * max(n - threshold, 0)))


@given(CLAIMS)
def test_claim__round_trip(proof: ClaimProof) -> None:
    assert decode_claim(encode_claim(proof)) == proof


@given(CLAIMS, st.integers(1, 63))
def test_claim__with_half_a_step__is_refused(proof: ClaimProof, extra: int) -> None:
    with pytest.raises(MessageError, match="middle of a field"):
        decode_claim(encode_claim(proof) + bytes(extra))


@given(PUBLICATIONS)
def test_publication__round_trip(publication: Publication) -> None:
    assert decode_publication(encode_publication(publication)) == publication


@given(PUBLICATIONS, st.data())
def test_publication__cut__is_refused_or_lacks_nodes(publication: Publication, data: st.DataObject) -> None:
    """A cut between two nodes cannot be seen: what is lacking is a sum that is then computed again."""
    whole = encode_publication(publication)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        read = decode_publication(cut)
    except MessageError:
        return
    assert read.levels == publication.levels
    assert read.sums.items() < publication.sums.items()


@given(st.binary(max_size=300))
def test_decoders__random_bytes__are_refused_or_read(data: bytes) -> None:
    for decode in (unframe, decode_snapshot, decode_claim, decode_publication):
        with suppress(MessageError):
            decode(data)
    with pytest.raises(MessageError, match="must be"):
        decode_opening(data, TEST)


def test_opening__round_trip_and_changes(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=3)
    world.contribute_all()
    world.close()
    opening = world.relay.opening(world.view.round_hash, 2, 1)
    whole = encode_opening(opening)
    assert decode_opening(whole, TEST) == opening
    for size in range(len(whole)):
        with pytest.raises(MessageError):
            decode_opening(whole[:size], TEST)
    with pytest.raises(MessageError):
        decode_opening(whole + b"\0", TEST)
    with pytest.raises(MessageError, match="node"):
        decode_opening(whole[:-32] + b"\xff" * 32, TEST)
