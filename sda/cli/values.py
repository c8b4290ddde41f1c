"""Values on the command line: token amounts, vectors, addresses."""

from __future__ import annotations

import csv
import io
import json
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from sda.chain.addresses import from_text
from sda.errors import EncodingError, ParameterError

_DECIMALS = 18


class Amount(click.ParamType):
    """Tokens, such as 100 or 2.5; token units inside the program."""

    name = "tokens"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> int:
        """Tokens as token units."""
        if isinstance(value, int):
            return value
        try:
            units = Decimal(str(value)).scaleb(_DECIMALS)
        except InvalidOperation:
            self.fail(f"{value!r} is no amount of tokens, such as 100 or 2.5", param, context)
        if not units.is_finite() or units < 0 or units != units.to_integral_value():
            self.fail(f"{value!r}: must be at least 0, with at most {_DECIMALS} decimals", param, context)
        return int(units)


class Address(click.ParamType):
    """An account's address."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> bytes:
        """20 bytes."""
        if isinstance(value, bytes):
            return value
        try:
            return from_text(str(value))
        except ParameterError as error:
            self.fail(str(error), param, context)


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
    if not text.strip():
        raise EncodingError(f"vector {source}: is empty")
    cells = _json_cells(text, source) if text.lstrip().startswith("[") else _csv_cells(text)
    return [_integer(cell, index) for index, cell in enumerate(cells)]


def _json_cells(text: str, source: str) -> list[object]:
    try:
        cells = json.loads(text)
    except ValueError:
        raise EncodingError(f"vector {source}: is not a JSON list") from None
    return list(cells)


def _csv_cells(text: str) -> list[object]:
    return [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.strip()]


def _integer(cell: object, index: int) -> int:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    try:
        return int(str(cell).strip()) if isinstance(cell, str) else int(str(cell))
    except ValueError:
        raise EncodingError(f"vector: coordinate {index} is not an integer") from None
