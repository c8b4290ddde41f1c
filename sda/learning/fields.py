"""Dataclasses of plain fields from a file or a message, and back: whatever does not fit is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from decimal import Decimal, InvalidOperation
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_type_hints

from sda.errors import ParameterError

T = TypeVar("T")

TOKEN = 10**18
"""Token units in one token."""
_MONEY = ("flat_fee", "rate", "reward")


def canonical(values: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces, in ASCII: the same bytes for the same values."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def read_fields(kind: type[T], name: str, values: object) -> T:
    """A dataclass of plain fields and of dataclasses, from a mapping.

    Raises:
        ParameterError: A field is missing, unknown, of another type or out of range.
    """
    if not isinstance(values, Mapping):
        raise ParameterError(name, values, "a section with fields")
    hints = get_type_hints(kind)
    if unknown := sorted(set(values) - set(hints)):
        raise ParameterError(f"{name}.{unknown[0]}", values[unknown[0]], f"left out: fields are {', '.join(hints)}")
    made = {key: _read_field(hints[key], f"{name}.{key}", value) for key, value in values.items()}
    try:
        return kind(**made)
    except TypeError:
        missing = [each for each in _required(kind) if each not in made]
        raise ParameterError(f"{name}.{missing[0]}", None, "given") from None


def _required(kind: Any) -> list[str]:
    return [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]


def _read_field(kind: Any, name: str, value: object) -> Any:
    if name.rpartition(".")[2] in _MONEY and isinstance(value, str):
        return _token_units(name, value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, UnionType):  # a section that may be left out
        if value is None:
            return None
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    if kind in (int, float, str, bool):
        if type(value) is not kind:
            raise ParameterError(name, value, f"of type {kind.__name__}")
        return value
    return read_fields(kind, name, value)


def _token_units(name: str, text: str) -> int:
    """Tokens, as people write them, in token units."""
    try:
        units = Decimal(text) * TOKEN
    except InvalidOperation:
        raise ParameterError(name, text, 'tokens, as in "0.05"') from None
    if units != units.to_integral_value() or units < 0:
        raise ParameterError(name, text, "tokens with 18 decimals at most, not negative")
    return int(units)
