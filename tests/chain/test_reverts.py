"""What a contract reverted with, by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from eth_abi.abi import encode

from sda.chain.reverts import decode_revert, error_types
from sda.crypto.hashes import keccak

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


def test_every_error_of_every_interface_is_known() -> None:
    sources = "".join(path.read_text() for path in (CONTRACTS / "interfaces").glob("*.sol"))
    declared = set(re.findall(r"^ *error (\w+)\(", sources, re.MULTILINE))
    assert len(declared) > 50
    assert declared - {error.name for error in error_types().values()} == set()


def test_errors_are_decoded_with_their_values() -> None:
    selector = keccak(b"StakeTooSmall(uint256,uint256)")[:4]
    error = decode_revert(selector + encode(["uint256", "uint256"], [1, 2]))
    assert error is not None
    assert (error.name, error.values) == ("StakeTooSmall", {"stake": 1, "minimum": 2})


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (keccak(b"Error(string)")[:4] + encode(["string"], ["no"]), "Error(reason=no)"),
        (
            keccak(b"Panic(uint256)")[:4] + encode(["uint256"], [17]),
            "Panic(code=17, meaning=arithmetic overflow)",
        ),
        (b"\1\2\3\4", "UnknownError(selector=0x01020304)"),
        (b"\1\2", "UnknownError(selector=0x0102)"),
        (keccak(b"StakeTooSmall(uint256,uint256)")[:4] + b"\1", "StakeTooSmall()"),
    ],
)
def test_other_reverts(data: bytes, text: str) -> None:
    assert str(decode_revert(data)) == text


def test_no_revert_data() -> None:
    assert decode_revert(b"") is None
