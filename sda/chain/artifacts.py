"""The compiled contracts, as package data: people who only run a clerk need no compiler."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from sda.errors import ChainError

_FOLDER = files("sda.chain") / "artifacts"


@dataclass(frozen=True)
class Artifact:
    """A compiled contract.

    Attributes:
        name: Of the contract.
        abi: As the compiler wrote it.
        bytecode: Init code, without constructor arguments.
    """

    name: str
    abi: tuple[dict[str, Any], ...] = field(repr=False)
    bytecode: bytes = field(repr=False)


@cache
def contract_names() -> tuple[str, ...]:
    """The names of all compiled contracts."""
    if not _FOLDER.is_dir():
        return ()
    names = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


@cache
def load(name: str) -> Artifact:
    """One compiled contract.

    Raises:
        ChainError: There is none of this name.
    """
    if name not in contract_names():
        raise ChainError(f"contract {name}: not compiled; run `make build`")
    content = json.loads((_FOLDER / f"{name}.json").read_text())
    return Artifact(name, tuple(content["abi"]), bytes.fromhex(content["bytecode"].removeprefix("0x")))
