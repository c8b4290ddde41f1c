from __future__ import annotations

import pytest
from hypothesis import given, settings

from sda.crypto import curve
from sda.crypto.field import Q
from sda.crypto.keys import PublicKey, SecretKey, shared_point
from sda.errors import MessageError
from tests.crypto.strategies import scalars
from tests.crypto.test_curve import BAD_COMPRESSED
from tests.reference import curve as reference

few = settings(max_examples=12, deadline=None)


@few
@given(scalars, scalars)
def test_both_sides_share_the_point_of_the_reference(a: int, c: int) -> None:
    contributor, clerk = SecretKey(a), SecretKey(c)
    shared = shared_point(contributor, clerk.public)
    assert shared == shared_point(clerk, contributor.public)
    assert shared == reference.compress(reference.multiply(reference.G, a * c % Q))
    assert contributor.public.compressed == reference.compress(reference.multiply(reference.G, a))


@few
@given(scalars)
def test_keys_round_trip(scalar: int) -> None:
    key = SecretKey(scalar)
    assert SecretKey.from_bytes(key.to_bytes()).scalar == scalar
    assert PublicKey(key.public.compressed) == key.public
    assert PublicKey.from_point(key.public.point) == key.public
    assert key.public.point == curve.multiply(curve.G, scalar)
    assert key.public.hash == curve.point_hash(key.public.point)
    assert len({key.public, PublicKey(key.public.compressed)}) == 1


def test_generated_keys_differ() -> None:
    assert SecretKey.generate().public != SecretKey.generate().public


@pytest.mark.parametrize("name", BAD_COMPRESSED)
def test_bad_public_keys_are_refused(name: str) -> None:
    with pytest.raises(MessageError, match="public key"):
        PublicKey(BAD_COMPRESSED[name])


def test_the_identity_is_no_key() -> None:
    with pytest.raises(MessageError, match="identity"):
        PublicKey(curve.compress(curve.IDENTITY))
    with pytest.raises(MessageError, match="identity"):
        PublicKey.from_point(curve.IDENTITY)


@pytest.mark.parametrize("scalar", [0, -1, Q, Q + 1])
def test_secret_keys_are_reduced(scalar: int) -> None:
    with pytest.raises(MessageError, match=r"in \[1, q\)"):
        SecretKey(scalar)


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(32), Q.to_bytes(32, "big"), b"\xff" * 32])
def test_bad_stored_keys_are_refused(data: bytes) -> None:
    with pytest.raises(MessageError):
        SecretKey.from_bytes(data)


def test_a_secret_key_is_never_shown() -> None:
    key = SecretKey(123456789)
    assert "123456789" not in f"{key} {key!r} {[key]}"
    assert not hasattr(key, "__dict__")
