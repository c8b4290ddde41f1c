"""The contributor: joins rounds that deserve it, sends one message in each, and sees that it was counted."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sda.contributor import ContributorKey, Minima, Pinned, check_counted, check_round, contribute
from sda.crypto.curve import commit_row
from sda.crypto.keys import PublicKey, SecretKey
from sda.crypto.pads import subtract
from sda.errors import EncodingError, KeyFileError, ParameterError, ProofError
from sda.messages import Contribution
from sda.outbox import AlreadyContributedError, Outbox
from sda.params import TEST, Parameters
from sda.relay import Receipt
from sda.round import RoundView, State
from tests.world import CHAIN_ID, CONTRACT, START, World, make_clerks, make_terms, make_view, random_vector

PINNED = Pinned(CHAIN_ID, CONTRACT)
WEAK = Minima(n=5, t=2, minimum=1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, TEST, contributors=3)


# ---------------------------------------------------------------------- whether to join


def test_check_round__good_round__is_accepted(world: World) -> None:
    check_round(world.view, PINNED, WEAK, START)
    check_round(world.view, PINNED, WEAK, world.view.collect_end - 1)


@pytest.mark.parametrize("pinned", [Pinned(CHAIN_ID + 1, CONTRACT), Pinned(CHAIN_ID, bytes(20))])
def test_check_round__other_chain_or_contract__is_refused(world: World, pinned: Pinned) -> None:
    with pytest.raises(ParameterError, match="pinned"):
        check_round(world.view, pinned, WEAK, START)


@pytest.mark.parametrize(
    ("field", "minima"),
    [
        ("n", replace(WEAK, n=6)),
        ("t", replace(WEAK, t=3)),
        ("minimum", replace(WEAK, minimum=2)),
        ("sigma", replace(WEAK, sigma=1)),
    ],
)
def test_check_round__below_the_minima__is_refused(world: World, field: str, minima: Minima) -> None:
    with pytest.raises(ParameterError, match=f"^{field} = .*at least"):
        check_round(world.view, PINNED, minima, START)


def test_check_round__test_committee__is_below_the_default_minima(world: World) -> None:
    with pytest.raises(ParameterError):
        check_round(world.view, PINNED, Minima(), START)


@pytest.mark.parametrize("state", [state for state in State if state is not State.COLLECTING])
def test_check_round__in_another_state__is_refused(world: World, state: State) -> None:
    with pytest.raises(ProofError, match="takes no contributions"):
        check_round(replace(world.view, state=state), PINNED, WEAK, START)


def test_check_round__after_the_deadline__is_refused(world: World) -> None:
    with pytest.raises(ProofError, match="takes no contributions"):
        check_round(world.view, PINNED, WEAK, world.view.collect_end)


def test_check_round__seats_that_share_a_clerk__are_refused(world: World) -> None:
    clerks = make_clerks(TEST.n)
    clerks[1] = replace(clerks[1], clerk_id=clerks[0].clerk_id)
    view = make_view(make_terms(TEST), clerks, world.developer, world.developer_secret)
    with pytest.raises(ParameterError, match="different clerks"):
        check_round(view, PINNED, WEAK, START)


def test_check_round__clerks_that_share_a_key__are_accepted(world: World) -> None:
    """Otherwise whoever registers one key twice spoils committees, and is paid for it."""
    clerks = make_clerks(TEST.n)
    clerks[1] = replace(clerks[1], secret=clerks[0].secret)
    check_round(make_view(make_terms(TEST), clerks, world.developer, world.developer_secret), PINNED, WEAK, START)


# ---------------------------------------------------------------------- the view itself (PROTOCOL §11.2)


@pytest.mark.parametrize(
    "changes",
    [
        {"round_id": 1},
        {"chain_id": CHAIN_ID + 1},
        {"contract": bytes(20)},
        {"developer": bytes(20)},
        {"developer_key": SecretKey.generate().public},
        {"epoch": 2},
        {"round_hash": bytes(32)},
    ],
)
def test_view__that_contradicts_its_round_hash__cannot_be_made(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(ProofError, match="do not hash to its round hash"):
        replace(world.view, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"minimum": 2},
        {"maximum": 999},
        {"sigma": 1},
        {"silent": 1},
        {"reward": 0},
        {"offset": 1},
        {"query": bytes(31) + b"\1"},
        {"collect_window": 1},
        {"claim_window": 1},
    ],
)
def test_view__with_other_terms__cannot_be_made(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(ProofError):
        replace(world.view, terms=replace(world.view.terms, **changes))


def test_view__with_the_developers_own_keys_as_seats__cannot_be_made(world: World) -> None:
    # §11.2: a developer's server hands out its own keys as C_j and reads the pads.
    own = replace(world.view.seats[2], key=SecretKey.generate().public)
    with pytest.raises(ProofError):
        replace(world.view, seats=(*world.view.seats[:2], own, *world.view.seats[3:]))


def test_view__with_seats_out_of_order_or_missing__cannot_be_made(world: World) -> None:
    for seats in (world.view.seats[::-1], world.view.seats[:-1], ()):
        with pytest.raises(ParameterError, match="seats"):
            replace(world.view, seats=seats)


@pytest.mark.parametrize(
    ("field", "value"), [("m", 3), ("slot_bits", 64), ("minimum", 0), ("minimum", 1001), ("t", 4), ("n", 65)]
)
def test_terms__that_are_impossible__are_refused(field: str, value: int) -> None:
    with pytest.raises(ParameterError):
        _ = make_terms(TEST, **{field: value}).parameters


def test_view__addresses_of_wrong_length__are_refused(world: World) -> None:
    for field in ("contract", "developer"):
        changes: dict[str, Any] = {field: bytes(19)}
        with pytest.raises(ParameterError, match=field):
            replace(world.view, **changes)


# ---------------------------------------------------------------------- the message


def test_contribute__hides_the_vector(world: World) -> None:
    party = world.contributors[0]
    zero = [0] * TEST.length
    messages = [contribute(world.view, party.key, 0, zero, party.payout, nonce) for nonce in (b"1111", b"2222")]
    assert not set(messages[0].padded) & set(messages[1].padded)
    assert 0 not in messages[0].padded


def test_contribute__one_nonce_for_two_vectors__tells_their_difference(world: World) -> None:
    """Why the outbox exists: this is what a second vector under one nonce would give away."""
    party = world.contributors[0]
    first, second = [0] * TEST.length, [1] + [0] * (TEST.length - 1)
    a, b = (contribute(world.view, party.key, 0, v, party.payout, b"same") for v in (first, second))
    assert subtract(b.padded, a.padded)[0] == 1


@pytest.mark.parametrize("vector", [[], [0] * 6, [0] * 8, [-1] + [0] * 6, [256] + [0] * 6, [float("nan")] + [0] * 6])
def test_contribute__vector_that_does_not_fit__is_refused(world: World, vector: list[int | float]) -> None:
    party = world.contributors[0]
    with pytest.raises(EncodingError):
        contribute(world.view, party.key, 0, vector, party.payout, b"once")


def test_contribute__seen_keys_in_the_signature(world: World) -> None:
    """Shown other clerk keys, a contributor signs another round hash: nothing for this round."""
    party = world.contributors[0]
    shown = make_view(make_terms(TEST), make_clerks(TEST.n), world.developer, world.developer_secret)
    leaf = contribute(shown, party.key, 0, [0] * TEST.length, party.payout, b"once").leaf
    moved = replace(leaf, round_hash=world.view.round_hash)
    with pytest.raises(ProofError):
        moved.verify(world.domain, party.key.public.hash)


def test_contribute__commitments_are_of_the_shares(world: World) -> None:
    """A clerk among the first R opens P_uj with the row it expands itself."""
    world.contributors = world.contributors[:1]
    world.contribute_all()
    world.close()
    party = world.contributors[0]
    leaf = world.messages[party.key.account.address].leaf
    for seat in range(TEST.reconstruction):
        assert commit_row(world.answer(seat).row) == leaf.sums.points[seat]


def test_contributor_key__shares_one_point_per_pair(world: World) -> None:
    key = world.make_key()
    for clerk in world.clerks:
        assert key.shared(clerk.secret.public) == ContributorKey(key.account, clerk.secret).shared(key.public)


# ---------------------------------------------------------------------- the outbox (PROTOCOL §11.15)


def test_outbox__retry__is_byte_for_byte_the_same(world: World, tmp_path: Path) -> None:
    party, vector = world.contributors[0], [3] * TEST.length
    outbox = Outbox(tmp_path / "box")
    first = outbox.prepare(world.view, party.key, 0, vector, party.payout)
    assert outbox.prepare(world.view, party.key, 0, vector, party.payout).encode() == first.encode()
    reopened = Outbox(tmp_path / "box")
    assert reopened.prepare(world.view, party.key, 0, vector, party.payout).encode() == first.encode()
    assert reopened.stored(world.view, party.key.account.address) == first
    assert reopened.stored(world.view, bytes(20)) is None


def test_outbox__other_data_for_the_same_round__is_refused(world: World, tmp_path: Path) -> None:
    party, vector = world.contributors[0], [3] * TEST.length
    outbox = Outbox(tmp_path / "box")
    first = outbox.prepare(world.view, party.key, 0, vector, party.payout)
    for position, other, payout in (
        (0, [4] * TEST.length, party.payout),
        (0, vector, bytes(20)),
        (1, vector, party.payout),
    ):
        with pytest.raises(AlreadyContributedError, match="other data"):
            outbox.prepare(world.view, party.key, position, other, payout)
    assert outbox.prepare(world.view, party.key, 0, vector, party.payout) == first


def test_outbox__is_stored_before_it_is_sent(world: World, tmp_path: Path) -> None:
    party = world.contributors[0]
    contribution = Outbox(tmp_path / "box").prepare(world.view, party.key, 0, [0] * TEST.length, party.payout)
    connection = sqlite3.connect(tmp_path / "box" / "outbox.sqlite")
    stored = connection.execute("SELECT nonce, message FROM messages").fetchall()
    assert stored == [(contribution.leaf.nonce, contribution.encode())]


def test_outbox__two_processes_at_once__send_one_message(world: World, tmp_path: Path) -> None:
    party, vector = world.contributors[0], [3] * TEST.length
    Outbox(tmp_path / "box")

    def prepare(_: int) -> bytes:
        outbox = Outbox(tmp_path / "box")
        return outbox.prepare(world.view, party.key, 0, vector, party.payout).encode()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(prepare, range(8)))) == 1


@pytest.mark.parametrize("same", [True, False])
def test_outbox__another_process_stores_first__its_message_stands(world: World, tmp_path: Path, same: bool) -> None:
    party, vector = world.contributors[0], [3] * TEST.length
    outbox, faster = Outbox(tmp_path / "box"), Outbox(tmp_path / "box")
    stored: list[Contribution] = []

    class Interrupted(ContributorKey):
        """While this one computes its message, another process finishes."""

        def shared(self, other: PublicKey) -> bytes:
            if not stored:
                theirs = vector if same else [4] * TEST.length
                stored.append(faster.prepare(world.view, party.key, 0, theirs, party.payout))
            return super().shared(other)

    key = Interrupted(party.key.account, party.key.secret)
    if same:
        assert outbox.prepare(world.view, key, 0, vector, party.payout) == stored[0]
    else:
        with pytest.raises(AlreadyContributedError):
            outbox.prepare(world.view, key, 0, vector, party.payout)
        assert outbox.stored(world.view, party.key.account.address) == stored[0]


def test_outbox__keeps_no_plaintext_and_is_private(world: World, tmp_path: Path) -> None:
    party, vector = world.contributors[0], [0x77] * TEST.length
    Outbox(tmp_path / "box").prepare(world.view, party.key, 0, vector, party.payout)
    path = tmp_path / "box" / "outbox.sqlite"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert b"\x77" * 4 not in path.read_bytes()
    for secret in (party.key.account.to_bytes(), party.key.secret.to_bytes()):
        assert secret not in path.read_bytes()


def test_outbox__rounds_and_accounts_are_apart(world: World, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "box")
    other = make_view(make_terms(TEST), world.clerks, world.developer, world.developer_secret, round_id=9)
    made = {
        outbox.prepare(view, party.key, party.position, [i] * TEST.length, party.payout).encode()
        for i, (view, party) in enumerate(
            (view, party) for view in (world.view, other) for party in world.contributors[:2]
        )
    }
    assert len(made) == 4


def test_outbox__open_to_others__is_refused(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir(mode=0o755)
    with pytest.raises(KeyFileError, match="open to others"):
        Outbox(tmp_path / "box")


def test_outbox__invalid_vector__stores_nothing(world: World, tmp_path: Path) -> None:
    party, outbox = world.contributors[0], Outbox(tmp_path / "box")
    with pytest.raises(EncodingError):
        outbox.prepare(world.view, party.key, 0, [-1] * TEST.length, party.payout)
    assert outbox.stored(world.view, party.key.account.address) is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_outbox__any_vector__round_trip_to_the_relay(world: World, data: st.DataObject) -> None:
    party = world.enrol()
    vector = data.draw(st.lists(st.integers(0, 255), min_size=TEST.length, max_size=TEST.length))
    message = world.prepare(party, vector).encode()
    assert isinstance(world.relay.submit(message), Receipt)
    assert world.relay.submit(world.prepare(party, vector).encode()) == world.relay.submit(message)


# ---------------------------------------------------------------------- was it counted?


def closed(world: World) -> tuple[RoundView, World]:
    world.contribute_all()
    world.close()
    return world.view, world


def test_check_counted__another_leaf_index_path_or_tree__is_refused(world: World) -> None:
    view, _ = closed(world)
    mine, other = world.contributors[:2]
    leaf = world.messages[mine.key.account.address].leaf
    proof = world.relay.claim_proof(view.round_hash, mine.key.account.address)
    check_counted(view, leaf, mine.enrolment, proof)
    depth = len(proof.path)
    for bad in (
        world.relay.claim_proof(view.round_hash, other.key.account.address),
        replace(proof, index=proof.index + 1),
        replace(proof, index=proof.index + (1 << depth)),
        replace(proof, index=0),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=(*proof.path, proof.path[-1])),
        replace(proof, path=(replace(proof.path[0], sibling=bytes(32)), *proof.path[1:])),
        replace(proof, path=(replace(proof.path[0], body=bytes(32)), *proof.path[1:])),
    ):
        with pytest.raises(ProofError, match="is not at leaf"):
            check_counted(view, leaf, mine.enrolment, bad)
    with pytest.raises(ProofError):
        check_counted(view, replace(leaf, payout=bytes(20)), mine.enrolment, proof)
    with pytest.raises(ProofError):
        check_counted(view, leaf, other.enrolment, proof)


def test_check_counted__before_the_snapshot__is_refused(world: World) -> None:
    view = world.view
    closed(world)
    mine = world.contributors[0]
    proof = world.relay.claim_proof(view.round_hash, mine.key.account.address)
    leaf = world.messages[mine.key.account.address].leaf
    with pytest.raises(ProofError, match="has no snapshot"):
        check_counted(view, leaf, mine.enrolment, proof)


def test_random_vector__fits_signed_rounds(tmp_path: Path) -> None:
    parameters = Parameters(n=3, t=1, k=1, length=4, bits=5, maximum=9, offset=16)
    world = World(tmp_path, parameters, contributors=2)
    assert len(random_vector(parameters, world.random)) == 4
    closed(world)
    assert world.reveal() == world.expected
