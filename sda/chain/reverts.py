"""What a contract reverted with, by name: the custom errors of all our contracts, and Solidity's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple

from sda.chain.artifacts import contract_names, load
from sda.crypto.hashes import keccak
from sda.errors import ContractError
from sda.round import State

SELECTOR_BYTES = 4

_PANICS = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "no such enum value",
    0x32: "index out of bounds",
    0x41: "out of memory",
}
_SOLIDITY: list[dict[str, Any]] = [
    {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
]


@dataclass(frozen=True)
class ErrorType:
    """One error a contract can revert with."""

    name: str
    fields: tuple[str, ...]
    types: tuple[str, ...]
    meanings: tuple[str, ...] = ()

    @property
    def selector(self) -> bytes:
        """The first four bytes of the revert data."""
        return keccak(f"{self.name}({','.join(self.types)})".encode())[:SELECTOR_BYTES]


@cache
def error_types() -> Mapping[bytes, ErrorType]:
    """Selector → error, over the ABIs of all our contracts."""
    entries = [*_SOLIDITY, *(entry for name in contract_names() for entry in load(name).abi)]
    found = [_error_type(entry) for entry in entries if entry["type"] == "error"]
    return MappingProxyType({error.selector: error for error in found})


def _error_type(entry: Mapping[str, Any]) -> ErrorType:
    inputs = entry["inputs"]
    fields = tuple(field["name"] or f"value{index}" for index, field in enumerate(inputs))
    types = tuple(collapse_if_tuple(field) for field in inputs)
    return ErrorType(entry["name"], fields, types, tuple(field.get("internalType", "") for field in inputs))


def decode_revert(data: bytes) -> ContractError | None:
    """The error in revert data.

    Args:
        data: From a node: selector, then ABI-encoded arguments.

    Returns:
        None if there is no data. An error that none of our contracts has is named by its selector.
    """
    if not data:
        return None
    selector, arguments = data[:SELECTOR_BYTES], data[SELECTOR_BYTES:]
    known = error_types().get(selector)
    if known is None:
        return ContractError("UnknownError", {"selector": "0x" + selector.hex()})
    try:
        readable = map(_readable, decode(known.types, arguments), known.meanings)
        values = dict(zip(known.fields, readable, strict=True))
    except DecodingError:
        return ContractError(known.name, {})
    if known.name == "Panic":
        values["meaning"] = _PANICS.get(values["code"], "unknown")
    return ContractError(known.name, values)


def _readable(value: Any, meaning: str) -> Any:
    """Bytes as "0x…", a state by its name."""
    if meaning == "enum IRounds.State" and value in State._value2member_map_:
        return State(value).name.lower()
    return "0x" + value.hex() if isinstance(value, bytes) else value
