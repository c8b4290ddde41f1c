"""`sda analytics`: what a query costs and promises, and what it finds."""

from __future__ import annotations

import math
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from sda.cli.extras import extra
from sda.cli.output import Answer, command, example_epilog, facts, table
from sda.cli.progress import tell, track

if TYPE_CHECKING:
    from sda.privacy.metrics.metric import Estimate
    from sda.privacy.plan import Committee
    from sda.privacy.quote import Quote
    from sda.privacy.results import Results

EXTRA = "privacy"
_SHOWN = 20

file_option = click.Path(path_type=Path, dir_okay=False)


@click.group(
    "analytics", epilog=example_epilog("sda analytics run docs/examples/day.yaml --data docs/examples/day.csv")
)
def group() -> None:
    """Private analytics: queries with noise from the clerks."""


def committee_options(function: Any) -> Any:
    """Options of the committee."""
    options = (
        click.option("--seats", "n", type=int, default=8, show_default=True, help="n, clerks of the round."),
        click.option("--threshold", "t", type=int, default=3, show_default=True, help="t, corrupt ones tolerated."),
        click.option("--packing", "k", type=int, default=3, show_default=True, help="k; t + k rows complete a round."),
        click.option("--silent", "s", type=int, default=1, show_default=True, help="s, whose noise may be missing."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@command(
    group,
    "quote",
    example="sda analytics quote docs/examples/day.yaml --contributors 1000\n"
    "sda analytics quote docs/examples/day.yaml --seats 26 --threshold 8 --packing 10 --silent 3",
)
@click.argument("query", type=file_option)
@click.option("--contributors", type=click.IntRange(2, 2**24), default=1000, show_default=True)
@committee_options
def quote_query(query: Path, contributors: int, n: int, t: int, k: int, s: int) -> Answer:
    """Say what error to expect, what it costs, and what is promised, before anything is paid."""
    with extra(EXTRA):
        from sda.privacy.plan import Committee, Plan
        from sda.privacy.query import Query
        from sda.privacy.quote import quote
    plan = Plan.make(Query.load(query), Committee(n, t, k, s), contributors)
    made = quote(plan, contributors)
    word = {"query_word": plan.query.word}
    return Answer({**asdict(made), **word}, _quoted(made, plan.committee, plan.query.confidence))


@command(
    group,
    "run",
    example="sda analytics run docs/examples/day.yaml --data docs/examples/day.csv\n"
    "sda analytics run day.yaml --data day.jsonl --csv sums.csv --chart sums.svg --silent 0",
)
@click.argument("query", type=file_option)
@click.option(
    "--data", type=file_option, required=True, help="One contributor a line: JSON Lines, or .csv with a header."
)
@committee_options
@click.option("--csv", "csv_file", type=file_option, help="Also write the results here.")
@click.option("--chart", "chart_file", type=file_option, help="Also draw them here; .svg, .png or .pdf.")
def run(
    query: Path, data: Path, n: int, t: int, k: int, s: int, csv_file: Path | None, chart_file: Path | None
) -> Answer:
    """Run a query over everybody's data in one real round on a local chain.

    Every role is played here, so this protects nobody: it shows what a query gives.
    """
    with extra(EXTRA):
        from sda.privacy.chart import require_form, save_chart
        from sda.privacy.plan import Committee
        from sda.privacy.points import load_points
        from sda.privacy.query import Query
        from sda.privacy.quote import quote
        from sda.privacy.rehearsal import Rehearsal
    if chart_file is not None:
        require_form(chart_file)
    asked, committee = Query.load(query), Committee(n, t, k, s)
    points = load_points(data, asked.known)
    home = Path(tempfile.mkdtemp(prefix="sda-analytics-"))
    rehearsal = Rehearsal(home, asked, points, committee, tell, track)
    made = quote(rehearsal.plan, len(points))
    tell(made.guarantee)
    done = rehearsal.run()
    if csv_file is not None:
        csv_file.write_text(done.results.to_csv())
    if chart_file is not None:
        save_chart(done.results, chart_file)
    ledger = f"ε = {done.spent:.3g} by a contributor's ledger, at its budget's δ"
    measured = {"exact": done.exact, "spent": done.spent, "seconds": done.seconds, "home": str(home)}
    shown = Group(
        result_table(done.results), Text(f"\n{ledger}; {done.seconds:.0f} s; files of this run are in {home}")
    )
    return Answer({**done.results.as_dict(), "guarantee": made.guarantee, **measured}, shown, done.exact)


def _quoted(quote: Quote, committee: Committee, confidence: float) -> RenderableType:
    c = committee
    rows = [
        (each.name, each.kind, "depends on the data" if each.half is None else f"± {each.half:,.4g}")
        for each in quote.expected
    ]
    noise = (
        f"{quote.sd_promised:.4g} from the {c.dealers} honest clerks that are relied on; {quote.sd_expected:.4g}"
        f" expected, {quote.sd_everybody:.4g} if nobody is missing"
    )
    shown = {
        "noise (sd)": noise,
        "price of that": f"√((n-s)/h) = {quote.overhead:.3f}; √(n/h) = {quote.overhead_everybody:.3f} times the error",
        "release": f"ε = {quote.epsilon:g}, δ = {quote.delta:.3g}, ρ = {quote.rho:.4g}",
        "vector": f"{quote.coordinates:,} coordinates of {quote.bits} bits, slots of {quote.slot_bits}",
        "contribution": f"{quote.contribution_bytes:,} bytes, m = {quote.row_length}",
    }
    return Group(
        Text(quote.guarantee + "\n"),
        table(("metric", "kind", f"{100 * confidence:g}% of figures within, {quote.count:,} contributors"), rows),
        Text(""),
        facts(shown),
    )


def result_table(results: Results) -> RenderableType:
    """For people: every figure with its interval."""
    rows = [
        (metric.name if index == 0 else "", each.label, _number(each.value), _interval(each), each.unit)
        for metric in results.metrics
        for index, each in enumerate(metric.estimates[:_SHOWN])
    ]
    head = f"\n{results.title}: {results.count:,} contributors, noise of {results.dealers} clerks"
    interval = f"{100 * results.confidence:g}% interval"
    return Group(Text(head, "bold"), table(("metric", "", "value", interval, "unit"), rows))


def _number(value: float) -> str:
    return f"{value:,.6g}" if math.isfinite(value) else "cannot be told"


def _interval(each: Estimate) -> str:
    low = f"{each.low:,.6g}" if math.isfinite(each.low) else "-∞"
    high = f"{each.high:,.6g}" if math.isfinite(each.high) else "∞"
    return f"{low} to {high}"
