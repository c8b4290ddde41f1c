"""Clerks on a real chain, through the wrappers: what is allowed, and the named error for what is not."""

from __future__ import annotations

import pytest

from sda.chain.deploy import Deployment
from sda.chain.node import Anvil
from sda.chain.registry import Registry
from sda.chain.settings import DEVNET, TOKEN
from sda.chain.structs import Clerk
from sda.chain.token import Token
from sda.crypto import schnorr
from sda.crypto.curve import IDENTITY, to_bytes128
from sda.crypto.keys import SecretKey
from sda.crypto.tags import Tag
from sda.errors import ContractError
from sda.messages.account import AccountKey

MINIMUM = DEVNET.registry.minimum_stake
FEE = DEVNET.registry.registration_fee


def register(registry: Registry, token: Token, account: AccountKey, stake: int = MINIMUM) -> int:
    """A clerk with a fresh key."""
    permit = token.permit(account, registry.address, stake + FEE)
    return registry.register(account, SecretKey.generate(), stake, permit)[0]


# ---------------------------------------------------------------------- the way in


def test_register__takes_stake_and_burns_the_fee(registry: Registry, token: Token, account: AccountKey) -> None:
    held, supply = token.balance_of(account.address), token.total_supply()
    secret = SecretKey.generate()
    permit = token.permit(account, registry.address, 2 * MINIMUM + FEE)
    clerk_id, receipt = registry.register(account, secret, 2 * MINIMUM, permit)

    assert receipt.gas_used < 400_000
    assert token.balance_of(account.address) == held - 2 * MINIMUM - FEE
    assert token.balance_of(registry.address) == 2 * MINIMUM
    assert token.total_supply() == supply - FEE
    clerk = registry.clerk(clerk_id)
    assert clerk == Clerk(account.address, 2 * MINIMUM, clerk.weight, 0, 0, 0, False)
    assert clerk.weight == registry.total_weight() > 0
    assert registry.pool_size() == 1
    assert registry.clerk_of(account.address) == clerk_id
    assert registry.key_hash(clerk_id, 0) == secret.public.hash
    assert registry.keys([clerk_id], 0) == {clerk_id: secret.public}


def test_register__with_an_approval_instead_of_a_permit(registry: Registry, token: Token, account: AccountKey) -> None:
    token.approve(account, registry.address, MINIMUM + FEE)
    clerk_id, _ = registry.register(account, SecretKey.generate(), MINIMUM)
    assert registry.clerk(clerk_id).stake == MINIMUM


def test_register__too_little(registry: Registry, token: Token, account: AccountKey) -> None:
    with pytest.raises(ContractError) as caught:
        register(registry, token, account, MINIMUM - 1)
    assert caught.value.name == "StakeTooSmall"
    assert caught.value.values == {"stake": MINIMUM - 1, "minimum": MINIMUM}
    assert str(caught.value) == f"StakeTooSmall(stake={MINIMUM - 1}, minimum={MINIMUM})"


def test_register__twice(registry: Registry, token: Token, account: AccountKey) -> None:
    clerk_id = register(registry, token, account)
    with pytest.raises(ContractError) as caught:
        register(registry, token, account)
    assert caught.value.name == "AlreadyRegistered"
    assert caught.value.values["clerkId"] == clerk_id


def test_register__without_paying(registry: Registry, account: AccountKey) -> None:
    with pytest.raises(ContractError) as caught:
        registry.register(account, SecretKey.generate(), MINIMUM)
    assert caught.value.name == "ERC20InsufficientAllowance"
    assert caught.value.values["needed"] == MINIMUM + FEE


def test_register__without_tokens(registry: Registry, token: Token, account: AccountKey) -> None:
    stake = 10**6 * TOKEN
    with pytest.raises(ContractError) as caught:
        register(registry, token, account, stake)
    assert caught.value.name == "ERC20InsufficientBalance"


@pytest.mark.parametrize("wrong", ["account", "epoch", "chain", "contract", "tag"])
def test_register__with_a_proof_for_something_else(
    wrong: str, registry: Registry, token: Token, account: AccountKey
) -> None:
    secret = SecretKey.generate()
    who, epoch = int.from_bytes(account.address, "big"), 0
    proof = schnorr.prove(
        secret,
        Tag.LEAKED_KEY if wrong == "tag" else Tag.CLERK_KEY,
        registry.chain.chain_id + (wrong == "chain"),
        token.address if wrong == "contract" else registry.address,
        (who ^ (wrong == "account")) << 32 | epoch + (wrong == "epoch"),
    )
    key = to_bytes128(secret.public.point)
    assert refused_key(registry, account, key, proof).name == "KeyProofInvalid"


def refused_key(registry: Registry, account: AccountKey, key: bytes, proof: schnorr.Proof) -> ContractError:
    """Why the contract refuses to register with these 128 bytes as key."""
    words = tuple(key[start : start + 32] for start in range(0, 128, 32))
    with pytest.raises(ContractError) as caught:
        registry.contract.transact(
            account, "register", words, (proof.e, proof.s), MINIMUM, (0, 0, 0, bytes(32), bytes(32))
        )
    return caught.value


P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB


def outside_subgroup() -> bytes:
    """A point of the curve y² = x³ + 4 that is not in the subgroup."""
    # (0, 2) has order 3.
    return bytes(64) + bytes(63) + b"\2"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (to_bytes128(IDENTITY), "KeyIsIdentity"),
        (outside_subgroup(), "KeyNotInSubgroup"),
        (bytes(63) + b"\1" + bytes(63) + b"\1", "KeyNotInSubgroup"),  # not on the curve
        (bytes(16) + P.to_bytes(48, "big") + bytes(63) + b"\2", "KeyNotInSubgroup"),  # x = p, not canonical
    ],
)
def test_register__with_what_is_no_key(key: bytes, name: str, registry: Registry, account: AccountKey) -> None:
    secret = SecretKey.generate()
    proof = registry.prove_key(account.address, secret, 0)
    assert refused_key(registry, account, key, proof).name == name


def test_a_proof_holds_on_chain_exactly_when_it_holds_here(
    registry: Registry, token: Token, account: AccountKey
) -> None:
    secret = SecretKey.generate()
    subject = int.from_bytes(account.address, "big") << 32
    proof = registry.prove_key(account.address, secret, 0)
    other = schnorr.Proof(proof.e, proof.s ^ 1)
    place = (Tag.CLERK_KEY, registry.chain.chain_id, registry.address, subject)
    assert schnorr.verify(proof, secret.public, *place)
    assert not schnorr.verify(other, secret.public, *place)

    token.approve(account, registry.address, MINIMUM + FEE)
    assert refused_key(registry, account, to_bytes128(secret.public.point), other).name == "KeyProofInvalid"
    registry.register(account, secret, MINIMUM)


# ---------------------------------------------------------------------- while it is a clerk


def test_add_stake__adds_weight(registry: Registry, token: Token, account: AccountKey) -> None:
    clerk_id = register(registry, token, account)
    before = registry.clerk(clerk_id)
    registry.add_stake(account, MINIMUM, token.permit(account, registry.address, MINIMUM))
    after = registry.clerk(clerk_id)
    assert after.stake == 2 * MINIMUM
    assert after.weight > before.weight
    assert registry.total_weight() == after.weight


def test_add_stake__nothing(registry: Registry, token: Token, account: AccountKey) -> None:
    register(registry, token, account)
    with pytest.raises(ContractError) as caught:
        registry.add_stake(account, 0)
    assert caught.value.name == "ZeroAmount"


def test_add_stake__of_no_clerk(registry: Registry, account: AccountKey) -> None:
    with pytest.raises(ContractError) as caught:
        registry.add_stake(account, MINIMUM)
    assert caught.value.name == "NotRegistered"
    assert str(caught.value.values["account"]).lower() == "0x" + account.address.hex()


def test_register_key__once_per_epoch(registry: Registry, token: Token, account: AccountKey) -> None:
    clerk_id = register(registry, token, account)
    following = SecretKey.generate()
    registry.register_key(account, following, 1)
    assert registry.keys([clerk_id], 1) == {clerk_id: following.public}
    with pytest.raises(ContractError) as caught:
        registry.register_key(account, SecretKey.generate(), 1)
    assert caught.value.name == "KeyAlreadyRegistered"
    with pytest.raises(ContractError) as caught:
        registry.register_key(account, SecretKey.generate(), 2)
    assert caught.value.name == "KeyEpochNotOpen"


# ---------------------------------------------------------------------- the way out


def test_unbond_and_withdraw(registry: Registry, token: Token, account: AccountKey, node: Anvil) -> None:
    held = token.balance_of(account.address)
    clerk_id = register(registry, token, account)
    registry.unbond(account)
    clerk = registry.clerk(clerk_id)
    assert clerk.weight == registry.total_weight() == registry.pool_size() == 0

    with pytest.raises(ContractError) as caught:
        registry.withdraw(account, account.address)
    assert caught.value.name == "TooEarly"
    assert caught.value.values["availableAt"] == clerk.withdrawable_at

    node.increase_time(clerk.withdrawable_at - registry.chain.now())
    registry.withdraw(account, account.address)
    assert token.balance_of(account.address) == held - FEE
    assert registry.clerk_of(account.address) == 0


def test_withdraw__without_unbonding(registry: Registry, token: Token, account: AccountKey) -> None:
    clerk_id = register(registry, token, account)
    with pytest.raises(ContractError) as caught:
        registry.withdraw(account, account.address)
    assert caught.value.name == "NotUnbonding"
    assert caught.value.values == {"clerkId": clerk_id}


def test_report_leak__takes_the_stake(registry: Registry, token: Token, accounts: list[AccountKey]) -> None:
    clerk, finder = accounts[:2]
    secret = SecretKey.generate()
    permit = token.permit(clerk, registry.address, MINIMUM + FEE)
    clerk_id, _ = registry.register(clerk, secret, MINIMUM, permit)
    held = token.balance_of(finder.address)

    with pytest.raises(ContractError) as caught:
        registry.report_leak(finder, clerk_id, 0, SecretKey.generate())
    assert caught.value.name == "KeyMismatch"

    registry.report_leak(finder, clerk_id, 0, secret)
    assert registry.clerk(clerk_id).leaked
    assert registry.clerk(clerk_id).stake == 0
    assert token.balance_of(finder.address) == held + MINIMUM // 4
    assert token.balance_of(registry.address) == 0


# ---------------------------------------------------------------------- views


def test_settings_are_those_of_the_deployment(registry: Registry, deployment: Deployment) -> None:
    assert registry.settings() == deployment.settings.registry == DEVNET.registry
    assert registry.seat_bond() == MINIMUM // DEVNET.registry.maximum_seats
    assert registry.epoch_now() == 0
    assert registry.epoch_end(0) > registry.chain.now()
    assert not registry.draw_pending()
    assert registry.queue_length() == registry.next_ticket() == 0


def test_unknown_clerk(registry: Registry) -> None:
    with pytest.raises(ContractError) as caught:
        registry.clerk(7)
    assert caught.value.name == "UnknownClerk"
    assert caught.value.values == {"clerkId": 7}


def test_only_the_rounds_contract_draws(registry: Registry, account: AccountKey) -> None:
    with pytest.raises(ContractError) as caught:
        registry.contract.transact(account, "scheduleDraw", 100)
    assert caught.value.name == "OnlyRounds"
