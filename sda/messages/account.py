"""Ethereum accounts: deterministic signatures (RFC 6979, low s) and their recovery, on libsecp256k1."""

from __future__ import annotations

import coincurve

from sda.crypto.hashes import keccak
from sda.errors import MessageError, ProofError

ADDRESS_BYTES = 20
SIGNATURE_BYTES = 65
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_RECOVERY_OFFSET = 27


def _address(public: coincurve.PublicKey) -> bytes:
    return keccak(public.format(compressed=False)[1:])[-ADDRESS_BYTES:]


class AccountKey:
    """The secret key of an Ethereum account. Never printed."""

    __slots__ = ("_key", "address")

    def __init__(self, secret: bytes) -> None:
        """Take a key.

        Args:
            secret: 32 bytes, in [1, order of secp256k1).

        Raises:
            MessageError: Anything else.
        """
        try:
            if len(secret) != 32:
                raise ValueError
            self._key = coincurve.PrivateKey(secret)
        except ValueError:
            raise MessageError("account key: must be 32 bytes in [1, order of secp256k1)") from None
        self.address = _address(self._key.public_key)

    @classmethod
    def generate(cls) -> AccountKey:
        """A fresh key, from the operating system's generator."""
        return cls(coincurve.PrivateKey().secret)

    def to_bytes(self) -> bytes:
        """32 secret bytes, for a key file or a wallet."""
        return self._key.secret

    def sign(self, digest: bytes) -> bytes:
        """r ‖ s ‖ v of a 32-byte digest: the same bytes every time, s low, v 27 or 28."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + _RECOVERY_OFFSET])

    def __repr__(self) -> str:
        return f"AccountKey(0x{self.address.hex()}, secret hidden)"


def check_signature_form(signature: bytes) -> None:
    """Refuse what is not the one encoding of a signature.

    A second encoding of the same signature (high s, other v) would make a second leaf of the same consent.

    Raises:
        MessageError: Not 65 bytes, v not 27 or 28, r or s out of range, or s high.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise MessageError(f"signature of {len(signature)} bytes: must be {SIGNATURE_BYTES}")
    if signature[64] not in (27, 28):
        raise MessageError(f"signature v = {signature[64]}: must be 27 or 28")
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:64], "big")
    if not 0 < r < SECP256K1_ORDER:
        raise MessageError("signature r: must be in [1, order of secp256k1)")
    if not 0 < s <= SECP256K1_ORDER // 2:
        raise MessageError("signature s: must be in [1, half the order of secp256k1]")


def recover(digest: bytes, signature: bytes) -> bytes:
    """The address whose key signed `digest`.

    Raises:
        MessageError: The signature is not in its canonical form.
        ProofError: It belongs to no key.
    """
    check_signature_form(signature)
    compact = signature[:64] + bytes([signature[64] - _RECOVERY_OFFSET])
    try:
        public = coincurve.PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except Exception as error:  # coincurve raises bare Exception here
        raise ProofError("signature: belongs to no key") from error
    return _address(public)
