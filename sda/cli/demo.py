"""`sda demo`: one verified, paid round before your eyes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from sda.chain.settings import in_tokens
from sda.cli.output import Answer, command, facts, progress_console, table
from sda.errors import ParameterError

if TYPE_CHECKING:
    from sda.demo.run import Story

T = TypeVar("T")

BAR = 28
SHOWN_EVENTS = 12


@click.group()
def group() -> None:
    """Holds the command until `sda.cli.main` takes it."""


@command(group, "demo", example="sda demo\nsda demo --contributors 200 --json")
@click.option("--contributors", type=click.IntRange(100, 2000), default=1000, show_default=True)
@click.option("--clerks", type=click.IntRange(12, 64), default=16, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulated days; secrets are fresh.")
def demo(contributors: int, clerks: int, seed: int) -> Answer:
    """Run one round on a local chain: 100 voice-assistant events, a silent clerk, a lying clerk."""
    try:
        from sda.demo.run import Demo
    except ModuleNotFoundError as error:
        raise ParameterError("extra", error.name, "installed: pip install 'sda[demo]'") from error
    home = Path(tempfile.mkdtemp(prefix="sda-demo-"))
    story = Demo(home, contributors, clerks, tell, track, seed).run()
    ok = story.matches and all(check.ok for check in story.checks)
    return Answer({**vars(story), "home": str(home), "ok": ok}, _shown(story, home), ok)


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


def _shown(story: Story, home: Path) -> RenderableType:
    return Group(
        Text(
            f"\nWho used what today ({story.contributors:,} contributors, top {SHOWN_EVENTS} of 100 events)",
            "bold",
        ),
        _chart(story.totals),
        Text(
            f"equal to the plain sum of all days: {'yes' if story.matches else 'NO'}"
            f'  (one of the things said: "{story.sample}")'
        ),
        Text("\nClerks (tokens)", "bold"),
        _clerks(story),
        Text("\nGas", "bold"),
        table(("step", "gas"), list(story.gas.items())),
        Text("\nMeasured", "bold"),
        facts(
            {
                "contribution": f"{story.contribution_ms:.1f} ms, {story.contribution_bytes:,} bytes, one message",
                "clerk": f"{story.clerk_us:.1f} µs per contributor, every check included, points cached",
                "rewards claimed": f"{story.claims:,}",
                "tokens burned": in_tokens(story.burned) + " (fees of registration, slashes)",
                "audit": f"{sum(check.ok for check in story.checks)} of {len(story.checks)} checks hold",
                "all of it": f"{story.seconds:.0f} s",
            }
        ),
        Text(
            f"\nWhere to look next: keys, relay and deployment of this run are in {home}. Run the same by hand with"
            " sda devnet (README, section Commands); docs/FORMATS.md has every byte, contracts/interfaces the rules.",
        ),
    )


def _chart(totals: dict[str, int]) -> RenderableType:
    top = sorted(totals.items(), key=lambda item: -item[1])[:SHOWN_EVENTS]
    most = max(1, top[0][1])
    rows = [(name, "█" * max(1, round(BAR * total / most)), total) for name, total in top]
    return table(("event", "", "contributors"), rows)


def _clerks(story: Story) -> RenderableType:
    rows = [
        (
            line.name,
            in_tokens(line.stake),
            line.weight,
            "" if line.seat is None else f"seat {line.seat}",
            line.deed,
            in_tokens(line.paid) if line.paid else "",
            in_tokens(line.slashed) if line.slashed else "",
        )
        for line in story.clerks
    ]
    return table(("clerk", "stake", "weight", "drawn", "what it did", "paid", "slashed"), rows)
