"""Who may read padded vectors: the developer of the round, who signs the relay's challenge (PROTOCOL §11.10).

A challenge is `expiry(8) ‖ random(16) ‖ HMAC(16)`: the relay keeps none. The developer signs it for one round and
sends both back with each request until it expires.
"""

from __future__ import annotations

import hmac
import secrets

from sda.crypto.hashes import keccak
from sda.errors import MessageError, ProofError
from sda.messages import AccountKey, Domain, recover

SCHEME = "SDA"
VALID_SECONDS = 300

_TYPE = keccak(b"Access(bytes32 roundHash,bytes32 challenge)")
_EXPIRY, _RANDOM, _MAC = 8, 16, 16
CHALLENGE_BYTES = _EXPIRY + _RANDOM + _MAC
SECRET_BYTES = 32


def make_challenge(secret: bytes, now: float) -> bytes:
    """A challenge that is good for five minutes.

    Args:
        secret: The relay's, 32 bytes.
        now: Unix seconds.
    """
    head = int(now + VALID_SECONDS).to_bytes(_EXPIRY, "big") + secrets.token_bytes(_RANDOM)
    return head + _mac(secret, head)


def answer_challenge(domain: Domain, account: AccountKey, round_hash: bytes, challenge: bytes) -> str:
    """The value of the Authorization header."""
    return f"{SCHEME} {challenge.hex()}.{account.sign(_digest(domain, round_hash, challenge)).hex()}"


def check_access(header: str, secret: bytes, domain: Domain, round_hash: bytes, developer: bytes, now: float) -> None:
    """Check that a request is the developer's.

    Args:
        header: The value of the Authorization header.
        secret: The relay's.
        domain: Of the rounds contract.
        round_hash: Of the round.
        developer: Its account, 20 bytes.
        now: Unix seconds.

    Raises:
        MessageError: The header is not in its form.
        ProofError: The challenge is another relay's or too old, or somebody else signed it.
    """
    scheme, _, value = header.partition(" ")
    try:
        challenge, signature = (bytes.fromhex(part) for part in value.split("."))
    except ValueError:
        raise MessageError(f"Authorization: must be '{SCHEME} challenge.signature' in hexadecimal") from None
    if scheme != SCHEME or len(challenge) != CHALLENGE_BYTES:
        raise MessageError(f"Authorization: must be '{SCHEME}' and a challenge of {CHALLENGE_BYTES} bytes")
    head, mac = challenge[:-_MAC], challenge[-_MAC:]
    if not hmac.compare_digest(mac, _mac(secret, head)):
        raise ProofError("Authorization: the challenge is not of this relay")
    if now >= int.from_bytes(head[:_EXPIRY], "big"):
        raise ProofError("Authorization: the challenge has expired, ask for another")
    if recover(_digest(domain, round_hash, challenge), signature) != developer:
        raise ProofError(f"Authorization: not signed by the round's developer 0x{developer.hex()}")


def _mac(secret: bytes, head: bytes) -> bytes:
    return hmac.digest(secret, head, "sha256")[:_MAC]


def _digest(domain: Domain, round_hash: bytes, challenge: bytes) -> bytes:
    return domain.digest(keccak(_TYPE + round_hash + keccak(challenge)))
