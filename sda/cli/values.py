"""Values on the command line: token amounts, vectors, addresses."""

from __future__ import annotations

import csv
import io
import json
import sys
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from pathlib import Path

import click

from sda.chain.addresses import ZERO_ADDRESS, from_text
from sda.chain.settings import in_tokens
from sda.errors import EncodingError, ParameterError

_DECIMALS = 18
_MOST_UNITS = 2**96 - 1
_EXACT = Context(prec=60, traps=[InvalidOperation, Inexact, Overflow])

ROUND_ID = click.IntRange(0, 2**64 - 1)
UINT32 = click.IntRange(0, 2**32 - 1)
"""What the contracts' uint32 can hold; narrower bounds are the contracts' to name."""


class Amount(click.ParamType):
    """Tokens, such as 100 or 2.5; token units inside the program."""

    name = "tokens"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> int:
        """Tokens as token units."""
        if isinstance(value, int):
            return value
        try:
            tokens = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no amount of tokens, such as 100 or 2.5", param, context)
        try:
            units = tokens.scaleb(_DECIMALS, _EXACT)
            allowed = 0 <= units <= _MOST_UNITS and units == units.to_integral_value()
        except (InvalidOperation, Inexact, Overflow):
            allowed = False
        if not allowed:
            self.fail(
                f"{value!r}: must be in [0, {in_tokens(_MOST_UNITS)}], with at most {_DECIMALS} decimals",
                param,
                context,
            )
        return int(units)


class Address(click.ParamType):
    """An account's address, to which money may go: not zero."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> bytes:
        """20 bytes."""
        if isinstance(value, bytes):
            return value
        try:
            address = from_text(str(value))
        except ParameterError as error:
            self.fail(str(error), param, context)
        if address == ZERO_ADDRESS:
            self.fail(f"{value}: must not be zero, from where nobody gets anything back", param, context)
        return address


AMOUNT = Amount()
ADDRESS = Address()


def read_vector(source: str) -> list[int]:
    """Read a vector of integers: a JSON list, or comma-separated values on one or several lines.

    Args:
        source: File name, or - for standard input.

    Raises:
        EncodingError: No such file, empty, or something in it is not an integer. Names the place, never the
        value: what a contributor measured does not belong in a message.
    """
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise EncodingError(f"vector {source}: cannot be read") from error
    text = text.removeprefix("\ufeff")  # as spreadsheets write it
    if not text.strip():
        raise EncodingError(f"vector {source}: is empty")
    cells = _json_cells(text, source) if text.lstrip().startswith("[") else _csv_cells(text, source)
    return [_integer(cell, index) for index, cell in enumerate(cells)]


def _json_cells(text: str, source: str) -> list[object]:
    try:
        cells = json.loads(text)
    except (ValueError, RecursionError):
        raise EncodingError(f"vector {source}: is not a JSON list") from None
    return list(cells)


def _csv_cells(text: str, source: str) -> list[object]:
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error:
        raise EncodingError(f"vector {source}: is not comma-separated values") from None
    # A comma may end a line; any other empty cell is a coordinate that is missing.
    return [cell for row in rows for cell in (row if not row or row[-1].strip() else row[:-1])]


def _integer(cell: object, index: int) -> int:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    try:
        return int(str(cell).strip()) if isinstance(cell, str) else int(str(cell))
    except ValueError:
        raise EncodingError(f"vector: coordinate {index} is not an integer") from None
