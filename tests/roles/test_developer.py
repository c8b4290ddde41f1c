"""The developer: includes what is valid, whatever the relay serves, and reveals from rows of the same set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sda.contributor import contribute
from sda.crypto.keys import SecretKey
from sda.developer import PaddedSum, collect, reveal
from sda.errors import MessageError, ParameterError, ProofError, RelayError
from sda.messages import Contribution, Enrolment, Kind
from sda.messages.enrolment import split_enrolments
from sda.params import TEST
from sda.relay import LocalRelay
from tests.world import World, make_terms


class LyingRelay(LocalRelay):
    """A relay that serves the developer something else than what it took in."""

    def __init__(
        self,
        world: World,
        contributions: Callable[[Iterable[bytes]], Iterable[bytes]] = lambda messages: messages,
        enrolments: Callable[[bytes], bytes] = lambda data: data,
    ) -> None:
        super().__init__(world.directory / "relay.sqlite", world.domain, clock=lambda: world.now)
        self.open_round(world.view)
        self._alter = contributions
        self._alter_enrolments = enrolments

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        return iter(self._alter(super().contributions(round_hash)))

    def enrolments(self, start: int, stop: int) -> bytes:
        return self._alter_enrolments(super().enrolments(start, stop))


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, TEST, contributors=5)
    world.contribute_all()
    return world


def other_message(world: World, index: int) -> bytes:
    party = world.contributors[index]
    vector = [1] * TEST.length
    return contribute(world.view, party.key, party.position, vector, party.payout, b"next").encode()


# ---------------------------------------------------------------------- collect


def test_collect__twice__is_the_same(world: World) -> None:
    first = collect(world.view, world.relay, world.developer_secret)
    again = collect(world.view, world.relay, world.developer_secret)
    assert (first.root, first.snapshot, first.padded_sum) == (again.root, again.snapshot, again.padded_sum)
    assert first.publication == again.publication


def test_collect__with_another_key__is_refused(world: World) -> None:
    secret = SecretKey.generate()
    with pytest.raises(ParameterError) as caught:
        collect(world.view, world.relay, secret)
    assert str(secret.scalar) not in str(caught.value)
    assert world.relay.submit(next(iter(world.messages.values())).encode())


def test_collect__below_the_minimum__is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=2, terms=make_terms(TEST, minimum=3))
    world.contribute_all()
    with pytest.raises(ParameterError, match=r"count = 2.*minimum 3"):
        collect(world.view, world.relay, world.developer_secret)


def test_collect__of_nothing__is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=0)
    with pytest.raises(ParameterError, match="count = 0"):
        collect(world.view, world.relay, world.developer_secret)


def flip(message: bytes, position: int) -> bytes:
    changed = bytearray(message)
    changed[position] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("position", [0, 1, 21, 57, 58, 78, 82, 130, 300, -1, -40])
def test_collect__one_bad_message__is_dropped_and_the_rest_summed(world: World, position: int) -> None:
    def alter(messages: Iterable[bytes]) -> Iterator[bytes]:
        for number, message in enumerate(messages):
            yield flip(message, position) if number == 2 else message

    if position == 0:  # not a message at all
        with pytest.raises(RelayError, match="serves as a contribution what is none"):
            collect(world.view, LyingRelay(world, alter), world.developer_secret)
        return
    collected = collect(world.view, LyingRelay(world, alter), world.developer_secret)
    assert [dropped.position for dropped in collected.dropped] == [2]
    assert collected.snapshot.count == 4
    del world.vectors[world.contributors[2].key.account.address]
    world.collected = collected
    world.relay.publish(world.view.round_hash, collected.publication)
    world.accept_snapshot(collected.snapshot)
    assert world.reveal() == world.expected


@pytest.mark.parametrize(
    "alter",
    [
        lambda messages: list(messages)[::-1],
        lambda messages: [*messages][:1] * 2,
        lambda messages: [*messages, *messages],
    ],
)
def test_collect__out_of_order_or_repeated__is_refused(
    world: World, alter: Callable[[Iterable[bytes]], Iterable[bytes]]
) -> None:
    relay = LyingRelay(world, lambda messages: alter(list(messages)))
    with pytest.raises(RelayError, match="serves position"):
        collect(world.view, relay, world.developer_secret)


def test_collect__more_than_announced__is_dropped(world: World) -> None:
    class Understating(LocalRelay):
        def count(self, round_hash: bytes, kind: Kind = Kind.DATA) -> int:
            return super().count(round_hash, kind) - (2 if kind is Kind.DATA else 0)

    relay = Understating(world.directory / "relay.sqlite", world.domain)
    relay.open_round(world.view)
    collected = collect(world.view, relay, world.developer_secret)
    assert collected.snapshot.count == 3
    assert [dropped.position for dropped in collected.dropped] == [3, 4]


def test_collect__contribution_of_another_round__is_dropped(world: World) -> None:
    from tests.world import make_view

    other = make_view(
        world.view.terms,
        world.clerks,
        world.developer,
        world.developer_secret,
        round_id=world.view.round_id + 1,
    )
    party = world.contributors[0]
    replayed = contribute(other, party.key, 0, [1] * TEST.length, party.payout, b"next").encode()
    relay = LyingRelay(world, lambda messages: [replayed, *list(messages)[1:]])
    collected = collect(world.view, relay, world.developer_secret)
    assert [(d.position, d.reason) for d in collected.dropped] == [(0, "contribution: is not data of this round")]


def test_collect__one_contributor_at_two_positions__is_included_once(world: World) -> None:
    """The relay's own list enrols a contributor twice; clerks would refuse the set."""
    party = world.contributors[0]
    vector = [1] * TEST.length
    second = contribute(world.view, party.key, 1, vector, party.payout, b"next").encode()

    def enrolments(data: bytes) -> bytes:
        messages = split_enrolments(data, 5)
        return b"".join([messages[0], messages[0], *messages[2:]])

    def contributions(messages: Iterable[bytes]) -> list[bytes]:
        stored = list(messages)
        return [stored[0], second, *stored[2:]]

    collected = collect(world.view, LyingRelay(world, contributions, enrolments), world.developer_secret)
    assert [dropped.position for dropped in collected.dropped] == [1]
    assert "included already" in collected.dropped[0].reason


def test_collect__enrolment_with_false_proof__is_dropped(world: World) -> None:
    def enrolments(data: bytes) -> bytes:
        messages = split_enrolments(data, 5)
        first = Enrolment.decode(messages[0])
        messages[0] = replace(first, proof=Enrolment.decode(messages[1]).proof).encode()
        return b"".join(messages)

    collected = collect(world.view, LyingRelay(world, enrolments=enrolments), world.developer_secret)
    assert [dropped.position for dropped in collected.dropped] == [0]
    assert "proof of possession" in collected.dropped[0].reason


def test_collect__enrolments_of_wrong_length__are_refused(world: World) -> None:
    relay = LyingRelay(world, enrolments=lambda data: data[:-1])
    with pytest.raises(MessageError, match="enrolments of"):
        collect(world.view, relay, world.developer_secret)


def test_collect__altered_padded_vector__is_dropped(world: World) -> None:
    """A relay that swaps a vector breaks its hash in the leaf."""

    def alter(messages: Iterable[bytes]) -> Iterator[bytes]:
        for message in messages:
            contribution = Contribution.decode(message, TEST)
            changed = (contribution.padded[0] ^ 1, *contribution.padded[1:])
            encoded = b"".join(element.to_bytes(32, "big") for element in changed)
            yield message[:82] + encoded + message[82 + len(encoded) :]

    with pytest.raises(ParameterError, match="count = 0"):
        collect(world.view, LyingRelay(world, alter), world.developer_secret)


def test_collected__repr_has_no_vectors(world: World) -> None:
    collected = collect(world.view, world.relay, world.developer_secret)
    assert str(collected.padded_sum.elements[0]) not in repr(collected)


# ---------------------------------------------------------------------- reveal


def test_reveal__after_reading_the_sum_from_its_file(world: World) -> None:
    collected = world.close()
    stored = PaddedSum.from_json(collected.padded_sum.to_json())
    assert stored == collected.padded_sum
    world.reveal()
    assert reveal(world.view, stored, world.rows) == world.expected


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"set_hash": 1, "elements": ""}', '{"set_hash": "zz", "elements": ""}']
)
def test_padded_sum__not_its_json__is_refused(text: str) -> None:
    with pytest.raises(MessageError, match="padded sum"):
        PaddedSum.from_json(text)


def test_reveal__too_few_rows__is_refused(world: World) -> None:
    collected = world.close()
    world.reveal()
    rows = dict(list(world.rows.items())[:-1])
    with pytest.raises(ProofError, match="has 3 accepted rows, must have 4"):
        reveal(world.view, collected.padded_sum, rows)


def test_reveal__sum_of_another_set__is_refused(world: World) -> None:
    collected = world.close()
    world.reveal()
    other = replace(collected.padded_sum, set_hash=bytes(32))
    with pytest.raises(ProofError, match="not of the set"):
        reveal(world.view, other, world.rows)


def test_reveal__before_the_snapshot__is_refused(world: World) -> None:
    view = world.view
    collected = world.close()
    with pytest.raises(ProofError, match="not of the set"):
        reveal(view, collected.padded_sum, {})


def test_reveal__a_row_that_a_node_made_up__is_not_used(world: World) -> None:
    collected = world.close()
    for seat in range(TEST.n):
        world.accept_row(world.answer(seat))
    assert len(world.rows) == TEST.n
    for wrong in ([1] * TEST.row_length, [*world.rows[0][:-1], world.rows[0][-1] ^ 1], [1]):
        assert reveal(world.view, collected.padded_sum, {**world.rows, 0: wrong}) == world.expected
    rows = {seat: world.rows[seat] for seat in range(1, TEST.reconstruction)}
    with pytest.raises(ProofError, match="has 3 accepted rows, must have 4"):
        reveal(world.view, collected.padded_sum, {**rows, 0: [1] * TEST.row_length})


def test_collect__again__after_others_enrolled__gives_the_same(world: World) -> None:
    first = world.close()
    world.enrol()
    again = collect(world.view, world.relay, world.developer_secret)
    assert again.snapshot == first.snapshot


def test_collect__too_early__leaves_the_round_open(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=2, terms=make_terms(TEST, minimum=2))
    first, second = world.contributors
    world.relay.submit(world.prepare(first).encode())
    with pytest.raises(ParameterError, match="count = 1: must be at least the round's minimum 2"):
        collect(world.view, world.relay, world.developer_secret)
    world.relay.submit(world.prepare(second).encode())
    assert collect(world.view, world.relay, world.developer_secret).snapshot.count == 2


def test_r_minus_one_rows__do_not_determine_the_sum(world: World) -> None:
    """With one row replaced by any other, R - 1 right rows give another sum each time."""
    from sda.crypto.pads import sum_of_pads

    world.close()
    world.reveal()
    seats = sorted(world.rows)
    pads = set()
    for guess in range(5):
        rows = [world.rows[seat] for seat in seats[:-1]] + [[guess] * TEST.row_length]
        pads.add(tuple(sum_of_pads(seats, rows, TEST)))
    assert len(pads) == 5
