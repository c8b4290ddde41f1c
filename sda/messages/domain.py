"""The EIP-712 domain of a rounds contract, and the proofs bound to the same place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sda.crypto.hashes import keccak, word
from sda.errors import ParameterError

_DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_NAME = keccak(b"SDA")
_VERSION = keccak(b"1")


@dataclass(frozen=True)
class Domain:
    """Where a signature counts: one rounds contract on one chain.

    Attributes:
        chain_id: Of the chain.
        contract: Address of the rounds contract, 20 bytes.
    """

    chain_id: int
    contract: bytes

    def __post_init__(self) -> None:
        if len(self.contract) != 20:
            raise ParameterError("contract", self.contract.hex(), "20 bytes")

    @cached_property
    def separator(self) -> bytes:
        """EIP-712 domain separator."""
        contract = address_word(self.contract)
        return keccak(b"".join((_DOMAIN_TYPE, _NAME, _VERSION, word(self.chain_id), contract)))

    def digest(self, struct_hash: bytes) -> bytes:
        """What is signed: keccak(0x1901 ‖ domain separator ‖ struct hash)."""
        return keccak(b"\x19\x01" + self.separator + struct_hash)


def address_word(address: bytes) -> bytes:
    """A 20-byte address as a 32-byte word."""
    return address.rjust(32, b"\0")
