"""Addresses: 20 bytes inside the package, "0x…" with its checksum outside."""

from __future__ import annotations

from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_formatted_address, is_hex_address, to_checksum_address

from sda.errors import ParameterError

ADDRESS_BYTES = 20
ZERO_ADDRESS = bytes(ADDRESS_BYTES)


def to_text(address: bytes) -> ChecksumAddress:
    """20 bytes as "0x…".

    Raises:
        ParameterError: Not 20 bytes.
    """
    if len(address) != ADDRESS_BYTES:
        raise ParameterError("address", address.hex(), f"{ADDRESS_BYTES} bytes")
    return to_checksum_address(address)


def from_text(text: str) -> bytes:
    """ "0x…" as 20 bytes. Mixed case must be the right checksum.

    Raises:
        ParameterError: Not an address, or mistyped.
    """
    mistyped = is_checksum_formatted_address(text) and to_checksum_address(text) != text
    if not text.startswith("0x") or not is_hex_address(text) or mistyped:
        raise ParameterError("address", text, "0x and 40 hexadecimal digits, with a right checksum if in mixed case")
    return bytes.fromhex(text.removeprefix("0x"))
