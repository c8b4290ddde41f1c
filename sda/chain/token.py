"""The token that clerks stake and rounds are paid in."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from sda.chain.addresses import to_text
from sda.chain.client import Chain, Receipt
from sda.chain.contract import Contract
from sda.crypto.hashes import ZERO_WORD, keccak, word
from sda.messages.account import AccountKey
from sda.messages.domain import Domain, address_word

PERMIT_SECONDS = 3600

_PERMIT_TYPE = keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


@dataclass(frozen=True)
class Permit:
    """`Permit` of the contracts: an ERC-2612 approval, for one amount, spender and nonce."""

    value: int
    deadline: int
    v: int
    r: bytes
    s: bytes

    @property
    def struct(self) -> tuple[object, ...]:
        """As a call takes it."""
        return astuple(self)


NO_PERMIT = Permit(0, 0, 0, ZERO_WORD, ZERO_WORD)
"""The spender is approved already."""


class Token:
    """`SDAToken`. Amounts are in token units."""

    def __init__(self, chain: Chain, address: bytes, since: int = 0) -> None:
        self.chain = chain
        self.contract = Contract(chain, "SDAToken", address, since)
        self.address = address

    def balance_of(self, account: bytes) -> int:
        """What an account holds."""
        return int(self.contract.call("balanceOf", to_text(account)))

    def total_supply(self) -> int:
        """All there is: burning lowers it."""
        return int(self.contract.call("totalSupply"))

    def allowance(self, owner: bytes, spender: bytes) -> int:
        """What the spender may still take from the owner."""
        return int(self.contract.call("allowance", to_text(owner), to_text(spender)))

    def transfer(self, sender: AccountKey, to: bytes, amount: int) -> Receipt:
        """Send tokens."""
        return self.contract.transact(sender, "transfer", to_text(to), amount)

    def approve(self, sender: AccountKey, spender: bytes, amount: int) -> Receipt:
        """Let a spender take tokens, up to an amount."""
        return self.contract.transact(sender, "approve", to_text(spender), amount)

    def permit(self, owner: AccountKey, spender: bytes, value: int, *, seconds: int = PERMIT_SECONDS) -> Permit:
        """Sign an approval that the spender's transaction carries along: no transaction of its own.

        Args:
            owner: Whose tokens.
            spender: The registry or the rounds contract.
            value: Token units.
            seconds: How long it is good for.
        """
        nonce = int(self.contract.call("nonces", to_text(owner.address)))
        deadline = self.chain.now() + seconds
        struct_hash = keccak(
            b"".join(
                (
                    _PERMIT_TYPE,
                    address_word(owner.address),
                    address_word(spender),
                    word(value),
                    word(nonce),
                    word(deadline),
                )
            )
        )
        # The token's EIP-712 name and version are those of our messages; the address keeps them apart.
        # Nothing that a node says enters the domain.
        signature = owner.sign(Domain(self.chain.chain_id, self.address).digest(struct_hash))
        return Permit(value, deadline, signature[64], signature[:32], signature[32:64])
