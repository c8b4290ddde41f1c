from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from sda.crypto import curve
from sda.crypto.field import Q
from sda.crypto.keys import PublicKey, SecretKey
from sda.crypto.schnorr import Proof, prove, verify
from sda.crypto.tags import Tag
from sda.errors import MessageError
from tests.crypto.strategies import scalars
from tests.reference import curve as reference
from tests.reference.keccak import keccak256

few = settings(max_examples=8, deadline=None)
CONTRACT = bytes(range(20))
ABOUT: dict[str, Any] = {
    "tag": Tag.CONTRIBUTOR_KEY,
    "chain_id": 31337,
    "contract": CONTRACT,
    "subject": 2**160 - 5,
}


@few
@given(scalars, scalars)
def test_a_proof_equals_the_formula(secret: int, nonce: int) -> None:
    key = reference.encode(reference.multiply(reference.G, secret))
    commitment = reference.encode(reference.multiply(reference.G, nonce))
    transcript = b"SDA/1 contributor key".ljust(32, b"\0") + (31337).to_bytes(32, "big") + CONTRACT
    transcript += (2**160 - 5).to_bytes(32, "big") + key + commitment
    e = int.from_bytes(keccak256(transcript), "big") % Q
    proof = prove(SecretKey(secret), **ABOUT, nonce=nonce)
    assert proof == Proof(e, (nonce + e * secret) % Q)
    assert verify(proof, SecretKey(secret).public, **ABOUT)


@pytest.mark.parametrize(
    "change",
    [{"tag": tag} for tag in Tag if tag is not Tag.CONTRIBUTOR_KEY]
    + [{"chain_id": 1}, {"contract": bytes(20)}, {"subject": 2**160 - 6}],
)
def test_a_proof_holds_for_one_purpose_only(change: dict[str, Any]) -> None:
    key = SecretKey.generate()
    proof = prove(key, **ABOUT)
    assert verify(proof, key.public, **ABOUT)
    assert not verify(proof, key.public, **ABOUT | change)


def test_a_proof_is_for_one_key() -> None:
    assert not verify(prove(SecretKey(5), **ABOUT), SecretKey(6).public, **ABOUT)


def test_a_rogue_key_cannot_be_proven() -> None:
    """PROTOCOL §3: knowing only r, an attacker enrols A_v + r·G for a victim's key A_v."""
    victim, r = SecretKey.generate(), SecretKey.generate()
    rogue = PublicKey.from_point(victim.public.point + r.public.point)
    replayed = prove(victim, **ABOUT)
    shifted = Proof(replayed.e, (replayed.s + replayed.e * r.scalar) % Q)
    assert not verify(prove(r, **ABOUT), rogue, **ABOUT)
    assert not verify(replayed, rogue, **ABOUT)
    assert not verify(shifted, rogue, **ABOUT)


def test_changed_and_unreduced_proofs_are_refused() -> None:
    key = SecretKey.generate()
    proof = prove(key, **ABOUT)
    for bad in (
        replace(proof, e=(proof.e + 1) % Q),
        replace(proof, s=(proof.s + 1) % Q),
        replace(proof, s=-proof.s % Q),
        replace(proof, e=proof.e + Q),
        replace(proof, s=proof.s + Q),
        replace(proof, e=-1),
        Proof(0, 0),
    ):
        assert not verify(bad, key.public, **ABOUT)


def test_proofs_round_trip_in_one_encoding() -> None:
    proof = prove(SecretKey.generate(), **ABOUT)
    data = proof.to_bytes()
    assert len(data) == 64
    assert Proof.from_bytes(data) == proof
    zero, high = bytes(32), Q.to_bytes(32, "big")
    for bad in (b"", data[:63], data + b"\0", high + zero, zero + high):
        with pytest.raises(MessageError):
            Proof.from_bytes(bad)


def test_proofs_are_randomised() -> None:
    key = SecretKey.generate()
    assert prove(key, **ABOUT) != prove(key, **ABOUT)


def test_a_contract_address_has_20_bytes() -> None:
    with pytest.raises(ValueError, match="19 bytes: must be 20"):
        prove(SecretKey(5), **ABOUT | {"contract": bytes(19)})


def test_the_base_is_g() -> None:
    assert curve.base().combine([Q - 1]) == -curve.G
