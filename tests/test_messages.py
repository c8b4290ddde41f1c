"""Messages: one encoding, signatures that wallets understand, and everything else refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto.field import Q
from sda.crypto.hashes import keccak
from sda.errors import MessageError, ProofError, SDAError
from sda.messages import AccountKey, Contribution, Domain, Enrolment, Leaf, Review, contribution_size
from sda.messages.account import recover
from sda.messages.contribution import Header, leaf_of, leaf_size
from sda.params import TEST
from tools.message_vectors import REVIEWED, contribution, contributor, render
from tools.vectors import FOLDER

VECTORS: dict[str, Any] = json.loads((FOLDER / "messages.json").read_text())
DOMAIN = Domain(VECTORS["chainId"], bytes.fromhex(VECTORS["contract"][2:]))

CONTRIBUTION_TYPES = {
    "Contribution": [
        {"name": "roundHash", "type": "bytes32"},
        {"name": "account", "type": "address"},
        {"name": "position", "type": "uint32"},
        {"name": "kind", "type": "uint8"},
        {"name": "key", "type": "bytes32"},
        {"name": "payout", "type": "address"},
        {"name": "nonce", "type": "uint32"},
        {"name": "body", "type": "bytes32"},
        {"name": "padded", "type": "bytes32"},
    ]
}
ENROLMENT_TYPES = {"Enrolment": [{"name": "account", "type": "address"}, {"name": "key", "type": "bytes32"}]}


def raw(name: str) -> list[bytes]:
    return [bytes.fromhex(text[2:]) for text in VECTORS[name]]


def typed_domain() -> dict[str, Any]:
    return {
        "name": "SDA",
        "version": "1",
        "chainId": DOMAIN.chain_id,
        "verifyingContract": "0x" + DOMAIN.contract.hex(),
    }


GOOD = raw("contributions")
GOOD_ENROLMENTS = raw("enrolments")


def test_vectors_are_what_the_code_computes() -> None:
    assert (FOLDER / "messages.json").read_text() == render(), "run: python -m tools.message_vectors"


# ---------------------------------------------------------------------- good


@pytest.mark.parametrize("index", range(len(GOOD)))
def test_contribution__round_trip(index: int) -> None:
    decoded = Contribution.decode(GOOD[index], TEST)
    assert decoded.encode() == GOOD[index]
    assert decoded.id == raw("ids")[index]
    assert decoded.leaf.encode() == raw("leaves")[index] == leaf_of(GOOD[index], TEST)
    assert Leaf.decode(raw("leaves")[index], TEST).encode() == raw("leaves")[index]
    assert len(GOOD[index]) == contribution_size(TEST)
    assert len(raw("leaves")[index]) == leaf_size(TEST)
    header = Header.decode(GOOD[index])
    leaf = decoded.leaf
    assert (header.round_hash, header.account, header.position) == (
        leaf.round_hash,
        leaf.account,
        leaf.position,
    )
    leaf.verify(DOMAIN, raw("keyHashes")[index])


@pytest.mark.parametrize("index", range(len(GOOD)))
def test_contribution__fields_are_where_the_table_says(index: int) -> None:
    message, leaf = GOOD[index], Contribution.decode(GOOD[index], TEST).leaf
    expected = b"".join(
        (
            b"\1",
            leaf.round_hash,
            leaf.account,
            leaf.position.to_bytes(4, "big"),
            bytes([leaf.kind]),
            leaf.payout,
            leaf.nonce,
        )
    )
    assert message.startswith(expected)
    assert message.endswith(leaf.signature)


@pytest.mark.parametrize("index", range(len(GOOD)))
def test_contribution__signature_is_eip_712(index: int) -> None:
    leaf = Contribution.decode(GOOD[index], TEST).leaf
    message = {
        "roundHash": leaf.round_hash,
        "account": "0x" + leaf.account.hex(),
        "position": leaf.position,
        "kind": int(leaf.kind),
        "key": raw("keyHashes")[index],
        "payout": "0x" + leaf.payout.hex(),
        "nonce": int.from_bytes(leaf.nonce, "big"),
        "body": leaf.body,
        "padded": leaf.padded_hash,
    }
    signable = encode_typed_data(typed_domain(), CONTRIBUTION_TYPES, message)
    assert signable.body == leaf.struct_hash(raw("keyHashes")[index])
    assert signable.header == DOMAIN.separator
    signed = Account.sign_message(signable, raw("accountSecrets")[index])
    assert bytes(signed.signature) == leaf.signature
    assert Account.recover_message(signable, signature=leaf.signature).lower() == "0x" + leaf.account.hex()


@pytest.mark.parametrize("index", range(len(GOOD_ENROLMENTS)))
def test_enrolment__signature_is_eip_712(index: int) -> None:
    enrolment = Enrolment.decode(GOOD_ENROLMENTS[index])
    assert enrolment.encode() == GOOD_ENROLMENTS[index]
    assert enrolment.leaf == raw("enrolmentLeaves")[index]
    enrolment.verify(DOMAIN)
    message = {"account": "0x" + enrolment.account.hex(), "key": enrolment.key.hash}
    signable = encode_typed_data(typed_domain(), ENROLMENT_TYPES, message)
    signed = Account.sign_message(signable, raw("accountSecrets")[index])
    assert bytes(signed.signature) == enrolment.signature


@pytest.mark.parametrize(("index", "leaves"), list(enumerate(REVIEWED)))
def test_review__signature_is_eip_712(index: int, leaves: tuple[int, ...]) -> None:
    message = raw("reviews")[index]
    review = Review.decode(message)
    assert review.encode() == message
    assert (review.seat, review.leaves) == (1, leaves)
    review.verify(DOMAIN, raw("accounts")[0])
    types = {
        "Review": [
            {"name": "roundHash", "type": "bytes32"},
            {"name": "root", "type": "bytes32"},
            {"name": "seat", "type": "uint8"},
            {"name": "leaves", "type": "bytes32"},
        ]
    }
    named = keccak(b"".join(leaf.to_bytes(4, "big") for leaf in leaves))
    values = {"roundHash": review.round_hash, "root": review.root, "seat": 1, "leaves": named}
    signed = Account.sign_message(encode_typed_data(typed_domain(), types, values), raw("accountSecrets")[0])
    assert bytes(signed.signature) == review.signature


def test_contribute__is_deterministic() -> None:
    assert contribution(0).encode() == contribution(0).encode() == GOOD[0]


# ---------------------------------------------------------------------- bad


@pytest.mark.parametrize(
    ("name", "stage", "message"),
    list(zip(VECTORS["badNames"], VECTORS["badFailsAt"], raw("badContributions"), strict=True)),
)
def test_bad_contribution__is_refused(name: str, stage: str, message: bytes) -> None:
    if stage == "decode":
        with pytest.raises(MessageError):
            Contribution.decode(message, TEST)
    else:
        leaf = Contribution.decode(message, TEST).leaf
        with pytest.raises(ProofError):
            leaf.verify(DOMAIN, raw("keyHashes")[0])


@pytest.mark.parametrize(
    ("name", "stage", "message"),
    list(zip(VECTORS["badEnrolmentNames"], VECTORS["badEnrolmentFailsAt"], raw("badEnrolments"), strict=True)),
)
def test_bad_enrolment__is_refused(name: str, stage: str, message: bytes) -> None:
    if stage == "decode":
        with pytest.raises(MessageError):
            Enrolment.decode(message)
    else:
        enrolment = Enrolment.decode(message)
        with pytest.raises(ProofError):
            enrolment.verify(DOMAIN)


@pytest.mark.parametrize(
    ("name", "stage", "message"),
    list(zip(VECTORS["badReviewNames"], VECTORS["badReviewFailsAt"], raw("badReviews"), strict=True)),
)
def test_bad_review__is_refused(name: str, stage: str, message: bytes) -> None:
    if stage == "decode":
        with pytest.raises(MessageError):
            Review.decode(message)
    else:
        review = Review.decode(message)
        with pytest.raises(ProofError):
            review.verify(DOMAIN, raw("accounts")[0])


def test_point_outside_the_subgroup__is_left_to_the_developer() -> None:
    message = raw("badContributions")[VECTORS["badNames"].index("point outside the subgroup")]
    decoded = Contribution.decode(message, TEST, check_subgroup=False)
    assert not decoded.leaf.sums.points[0].is_in_subgroup()


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, len(GOOD[0]) - 1), change=st.integers(1, 255))
def test_any_changed_byte__is_refused(position: int, change: int) -> None:
    message = bytearray(GOOD[0])
    message[position] ^= change
    with pytest.raises(SDAError):
        Contribution.decode(bytes(message), TEST).leaf.verify(DOMAIN, raw("keyHashes")[0])


@settings(max_examples=100, deadline=None)
@given(position=st.integers(0, len(GOOD_ENROLMENTS[0]) - 1), change=st.integers(1, 255))
def test_any_changed_byte_of_an_enrolment__is_refused(position: int, change: int) -> None:
    message = bytearray(GOOD_ENROLMENTS[0])
    message[position] ^= change
    with pytest.raises(SDAError):
        Enrolment.decode(bytes(message)).verify(DOMAIN)


@settings(max_examples=200, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.binary(min_size=contribution_size(TEST), max_size=contribution_size(TEST)),
        st.binary(min_size=198, max_size=198),
    )
)
def test_random_bytes__only_ever_raise_message_errors(data: bytes) -> None:
    with pytest.raises(MessageError):
        Contribution.decode(data, TEST)
    with pytest.raises(MessageError):
        Enrolment.decode(data)
    with pytest.raises(MessageError):
        Leaf.decode(data, TEST)
    with pytest.raises(MessageError):
        Review.decode(data)


# ---------------------------------------------------------------------- accounts


@settings(max_examples=30, deadline=None)
@given(digest=st.binary(min_size=32, max_size=32))
def test_account__signs_as_wallets_do(digest: bytes) -> None:
    key = AccountKey.generate()
    wallet = Account.from_key(key.to_bytes())
    assert wallet.address.lower() == "0x" + key.address.hex()
    signature = key.sign(digest)
    assert bytes(Account.unsafe_sign_hash(digest, key.to_bytes()).signature) == signature
    assert recover(digest, signature) == key.address


@pytest.mark.parametrize("secret", [b"", bytes(32), b"\xff" * 32, bytes(31), b"\1" * 33])
def test_account__bad_secret__is_refused(secret: bytes) -> None:
    with pytest.raises(MessageError, match="account key"):
        AccountKey(secret)


def test_recover__signature_of_no_key__is_refused() -> None:
    # No point of secp256k1 has this x.
    signature = (5).to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\x1b"
    with pytest.raises(ProofError, match="no key"):
        recover(bytes(32), signature)


def test_domain__contract_of_wrong_length__is_refused() -> None:
    with pytest.raises(SDAError, match="contract"):
        Domain(1, bytes(19))


def test_repr__shows_no_secret() -> None:
    key = contributor(0)
    for shown in (repr(key), repr(key.account), repr(key.secret), repr(contribution(0))):
        assert key.account.to_bytes().hex() not in shown
        assert str(key.secret.scalar) not in shown
        assert key.secret.to_bytes().hex() not in shown


def test_enrolment__is_the_same_every_time_and_its_nonces_never_repeat() -> None:
    """Two proofs under one nonce would give the secret away: s - s' = (e - e')·x."""
    key = contributor(0)
    domains = [DOMAIN, Domain(DOMAIN.chain_id + 1, DOMAIN.contract), Domain(DOMAIN.chain_id, bytes(20))]
    made = [key.enrol(domain) for domain in domains]
    assert made == [key.enrol(domain) for domain in domains]
    nonces = {(e.proof.s - e.proof.e * key.secret.scalar) % Q for e in made}
    assert len(nonces) == 3
