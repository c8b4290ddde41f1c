"""What Python mirrors of the contracts is what the contracts say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest

from sda.chain.artifacts import contract_names, load
from sda.chain.settings import RegistrySettings, RoundsSettings
from sda.chain.structs import Clerk, Deadlines, Outcome, Pot, Quote, Round
from sda.chain.token import Permit
from sda.closed import ClosedSet, Snapshot
from sda.errors import ChainError
from sda.round import State, Terms

INTERFACES = Path(__file__).resolve().parents[2] / "contracts" / "interfaces"


def snake(name: str) -> str:
    """A contract's name for something, as Python writes it."""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: "_" + found[1].lower(), name).lower()


def structs(contract: str) -> dict[str, list[str]]:
    """Struct → the names of its fields, from a contract's ABI."""

    def visit(argument: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
        parts = argument.get("components", [])
        if parts:
            name = argument["internalType"].removeprefix("struct ").removesuffix("[]")
            yield name, [snake(part["name"]) for part in parts]
        for part in parts:
            yield from visit(part)

    arguments = (
        argument for entry in load(contract).abi for argument in (*entry.get("inputs", []), *entry.get("outputs", []))
    )
    return {name: parts for argument in arguments for name, parts in visit(argument)}


@pytest.mark.parametrize(
    ("contract", "struct", "mirror"),
    [
        ("Rounds", "Terms", Terms),
        ("Rounds", "IRounds.Round", Round),
        ("RoundPolicy", "IRounds.Settings", RoundsSettings),
        ("Rounds", "Permit", Permit),
        ("Rewards", "IRewards.Pot", Pot),
        ("ClerkRegistry", "IClerkRegistry.Clerk", Clerk),
        ("ClerkRegistry", "IClerkRegistry.Settings", RegistrySettings),
    ],
)
def test_structs(contract: str, struct: str, mirror: Any) -> None:
    assert structs(contract)[struct] == [field.name for field in fields(mirror)]


def test_a_snapshot_has_the_same_fields__but_for_what_is_of_wide_rounds_alone() -> None:
    mirrored = [field.name for field in fields(Snapshot) if field.name != "chunks"]
    assert structs("Rounds")["IRounds.Snapshot"] == [*mirrored, "body"]


def test_the_closed_set_has_the_same_fields_if_in_another_order() -> None:
    renamed = {"points": "point_hashes"}
    there = {renamed.get(name, name) for name in structs("Rounds")["IRounds.Set"]}
    assert there == {field.name for field in fields(ClosedSet)}


@pytest.mark.parametrize(
    ("contract", "function", "mirror"),
    [("Rounds", "deadlines", Deadlines), ("RoundPolicy", "quote", Quote)],
)
def test_answers_of_several_values(contract: str, function: str, mirror: Any) -> None:
    (entry,) = (entry for entry in load(contract).abi if entry.get("name") == function)
    assert [snake(value["name"]) for value in entry["outputs"]] == [field.name for field in fields(mirror)]


@pytest.mark.parametrize(
    ("source", "name", "mirror"),
    [("IRounds", "State", State), ("IClerkRegistry", "Outcome", Outcome)],
)
def test_enums(source: str, name: str, mirror: type[IntEnum]) -> None:
    text = (INTERFACES / f"{source}.sol").read_text()
    body = re.search(rf"enum {name} \{{(.*?)\}}", text, re.DOTALL)
    assert body is not None
    members = re.sub(r"//.*", "", body[1]).replace(",", " ").split()
    assert [snake(member).upper() for member in members] == [member.name for member in mirror]
    assert [member.value for member in mirror] == list(range(len(members)))


def test_every_contract_is_compiled() -> None:
    needed = {"SDAToken", "RandaoBeacon", "ClerkRegistry", "Rounds", "RoundPolicy", "Rewards"}
    assert needed <= set(contract_names())
    assert all(load(name).bytecode for name in needed)


def test_a_contract_that_is_not_there() -> None:
    with pytest.raises(ChainError, match="Nothing: not compiled"):
        load("Nothing")
