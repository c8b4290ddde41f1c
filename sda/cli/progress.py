"""Progress on long work, on standard error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sda.cli.output import progress_console

T = TypeVar("T")


def tell(line: str) -> None:
    """A step begins."""
    progress_console.print(f"[bold]·[/] {line}")


def track(label: str, items: Iterable[T], total: int) -> Iterator[T]:
    """The same items, with a bar."""
    columns = (
        TextColumn("[bold]·[/] {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=progress_console) as progress:
        yield from progress.track(items, total=total, description=f"{label:24}")
