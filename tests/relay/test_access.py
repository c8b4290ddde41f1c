"""Who may read padded vectors: the round's developer, for this relay and round, for five minutes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.errors import MessageError, ProofError
from sda.messages import AccountKey, Domain
from sda.relay.access import CHALLENGE_BYTES, VALID_SECONDS, answer_challenge, check_access, make_challenge

DOMAIN = Domain(31337, b"\x01" * 20)
SECRET, ROUND = b"\x02" * 32, b"\x03" * 32
DEVELOPER = AccountKey(b"\x04" * 32)
NOW = 1_700_000_000.0


def header(domain: Domain = DOMAIN, account: AccountKey = DEVELOPER, round_hash: bytes = ROUND) -> str:
    return answer_challenge(domain, account, round_hash, make_challenge(SECRET, NOW))


def check(text: str, now: float = NOW, secret: bytes = SECRET) -> None:
    check_access(text, secret, DOMAIN, ROUND, DEVELOPER.address, now)


def test_challenge__answered_by_the_developer__is_good_until_it_expires() -> None:
    answer = header()
    check(answer)
    check(answer, NOW + VALID_SECONDS - 1)
    with pytest.raises(ProofError, match="expired"):
        check(answer, NOW + VALID_SECONDS)


def test_challenges__are_never_the_same() -> None:
    challenges = {make_challenge(SECRET, NOW) for _ in range(100)}
    assert len(challenges) == 100
    assert {len(challenge) for challenge in challenges} == {CHALLENGE_BYTES}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (header(account=AccountKey(b"\x05" * 32)), "not signed by the round's developer"),
        (header(round_hash=b"\x06" * 32), "not signed by the round's developer"),
        (header(domain=Domain(1, DOMAIN.contract)), "not signed by the round's developer"),
        (header(domain=Domain(DOMAIN.chain_id, bytes(20))), "not signed by the round's developer"),
        (answer_challenge(DOMAIN, DEVELOPER, ROUND, make_challenge(bytes(32), NOW)), "not of this relay"),
    ],
)
def test_answer__of_another__is_refused(answer: str, message: str) -> None:
    with pytest.raises(ProofError, match=message):
        check(answer)


@pytest.mark.parametrize(
    "text",
    ["", "SDA", "SDA ", "SDA .", "SDA zz.zz", "SDA 00.00.00", "Bearer abc", header().replace("SDA", "sda"), "SDA é.é"],
)
def test_header__of_another_form__is_refused(text: str) -> None:
    with pytest.raises(MessageError, match="Authorization: must be"):
        check(text)


@given(st.integers(0, CHALLENGE_BYTES - 1), st.integers(1, 255))
def test_challenge__with_any_changed_byte__is_refused(position: int, change: int) -> None:
    challenge = bytearray(make_challenge(SECRET, NOW))
    challenge[position] ^= change
    with pytest.raises(ProofError, match="not of this relay"):
        check(answer_challenge(DOMAIN, DEVELOPER, ROUND, bytes(challenge)))


@given(st.text(max_size=300))
def test_header__of_any_text__is_refused(text: str) -> None:
    with pytest.raises((MessageError, ProofError)):
        check(text)


@given(st.binary(max_size=80))
def test_signature__of_any_bytes__is_refused(signature: bytes) -> None:
    with pytest.raises((MessageError, ProofError)):
        check(f"SDA {make_challenge(SECRET, NOW).hex()}.{signature.hex()}")
