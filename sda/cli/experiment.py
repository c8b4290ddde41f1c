"""`sda experiment`: what the privacy of the clerks' noise buys, and whether it is there; measured."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from sda.cli.analytics import EXTRA
from sda.cli.extras import extra
from sda.cli.output import Answer, command, example_epilog, table
from sda.cli.progress import tell

if TYPE_CHECKING:
    from sda.privacy.auditing import Finding


@click.group("experiment", epilog=example_epilog("sda experiment rappor-vs-clerks"))
def group() -> None:
    """Experiments on privacy and accuracy."""


@command(
    group, "rappor-vs-clerks", example="sda experiment rappor-vs-clerks\nsda experiment rappor-vs-clerks --out docs"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("rappor-vs-clerks"),
    show_default=True,
    help="Gets figures/; the tables of experiment.md in it are rewritten.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the simulated users.")
@click.option(
    "--repetitions", type=click.IntRange(min=100), default=50_000, show_default=True, help="Behind every error."
)
def rappor_vs_clerks(out: Path, seed: int, repetitions: int) -> Answer:
    """How many users local privacy needs for the error of 1,000 users with noise from the clerks, at equal ε.

    Takes a minute or two.
    """
    with extra(EXTRA):
        from sda.privacy.experiment import page
    data = page.run(out, seed, tell, repetitions)
    return Answer(data, _shown(data, out))


@command(group, "audit", example="sda experiment audit --runs 200000")
@click.option(
    "--runs", type=click.IntRange(min=1000), default=200_000, show_default=True, help="Releases on each side."
)
@click.option("--failure", type=click.FloatRange(1e-12, 0.5), default=1e-6, show_default=True)
def audit(runs: int, failure: float) -> Answer:
    """Try to convict the noise: a lower bound on ε from many releases on neighbouring data.

    With t clerks leaving theirs out and s silent it must not exceed the promised ε; with one honest clerk fewer it
    does.
    """
    with extra(EXTRA):
        from sda.privacy.auditing import audit_promises
    found = audit_promises(runs, failure, tell)
    ok = all(each.convicts == (each.dealers < each.promised) for each in found)
    return Answer(
        {"ok": ok, "findings": [asdict(each) | {"convicts": each.convicts} for each in found]}, _findings(found), ok
    )


def _shown(data: dict[str, Any], out: Path) -> RenderableType:
    rows = [
        (
            each["title"],
            f"{each['share']:g}",
            f"{each['law']:.2f} n²",
            f"{each['equal']:,.0f}",
            f"{each['equal_population']:,.0f}",
        )
        for each in data["comparisons"]
    ]
    columns = ("at equal ε (and δ)", "share", "law", "local users like 1,000", "for the population's share")
    strings = [(f"RAPPOR, {each['users']:,} users", f"{each['error']:.2e}", each["found"]) for each in data["rappor"]]
    strings += [
        (f"1,000 users with clerks, {w}", f"{each['error']:.2e}", each["found"]) for w, each in data["clerks"].items()
    ]
    return Group(
        table(columns, rows),
        Text(""),
        table(("100 strings", "error of a share", "found"), strings),
        Text(f"\nfigures and data are in {out / 'figures'}"),
    )


def _findings(found: list[Finding]) -> RenderableType:
    rows = [
        (
            each.mechanism,
            f"{each.dealers} of {each.promised}",
            f"{each.claimed:g}",
            f"{each.bound:.3f}",
            "yes" if each.convicts else "no",
        )
        for each in found
    ]
    return table(("noise", "honest dealers", "promised ε", "ε is at least", "broken"), rows)
