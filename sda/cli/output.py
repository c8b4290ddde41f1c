"""How commands answer: a table for people, JSON for programs, one line for an error, an exit code.

Exit codes:
    0  done
    1  refused: by the contract, by the relay, or because the input is wrong; the message says what is
       allowed
    2  the command line itself is wrong
    3  the chain does not answer: nothing is lost, run the command again
"""

from __future__ import annotations

import functools
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from enum import Enum
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.table import Table

from sda.errors import SDAError, UnreachableError

REFUSED = 1
UNREACHABLE = 3

# Nothing that is printed is Rich's markup: a path or an error may hold brackets.
console = Console(highlight=False, markup=False, emoji=False)
progress_console = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Answer:
    """What a command found or did.

    Attributes:
        data: For programs; `--json` prints it.
        text: For people.
        ok: False if what was found is bad news: the command then exits with 1.
    """

    data: Mapping[str, Any]
    text: RenderableType
    ok: bool = True


def command(group: click.Group, name: str, *, example: str) -> Callable[[Callable[..., Answer]], click.Command]:
    """Register a command: adds `--json`, an example in `--help`, and turns errors into exit codes."""

    def register(function: Callable[..., Answer]) -> click.Command:
        @functools.wraps(function)
        def run(*args: Any, as_json: bool, **options: Any) -> None:
            try:
                answer = function(*args, **options)
            except SDAError as error:
                code = UNREACHABLE if isinstance(error, UnreachableError) else REFUSED
                _fail(type(error).__name__, str(error), code, as_json)
            except (OSError, sqlite3.Error) as error:
                _fail(type(error).__name__, _file_trouble(error), REFUSED, as_json)
            else:
                _print(answer, as_json)
                if not answer.ok:
                    sys.exit(REFUSED)

        option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
        return group.command(name, epilog=example_epilog(example))(option(run))

    return register


def example_epilog(example: str) -> str:
    """What stands at the end of `--help`."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in example.splitlines())


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table whose numbers stand on the right."""
    rows = list(rows)
    made = Table(header_style="bold", box=None, pad_edge=False)
    for position, column in enumerate(columns):
        numeric = bool(rows) and all(_is_number(row[position]) for row in rows)
        made.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        made.add_row(*(f"{cell:,}" if _is_number(cell) else str(cell) for cell in row))
    return made


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def facts(pairs: Mapping[str, object]) -> Table:
    """Names and values, one line each."""
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(style="bold")
    made.add_column()
    for key, value in pairs.items():
        made.add_row(key, str(value))
    return made


def plain(value: object) -> Any:
    """`value` as JSON has it: bytes and addresses as "0x…", enums by name, dataclasses as objects."""
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(plain(answer.data), indent=2))
    else:
        # Lines are not folded: addresses and hashes are copied from here.
        console.print(answer.text, soft_wrap=isinstance(answer.text, str))


def _fail(name: str, message: str, code: int, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"error": name, "message": message}, indent=2))
    else:
        click.echo(f"error: {message}", err=True)
    sys.exit(code)


def _file_trouble(error: OSError | sqlite3.Error) -> str:
    """A file that cannot be read or written: the disk is full, it is another's, it is damaged."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"a file cannot be used: {error}"
