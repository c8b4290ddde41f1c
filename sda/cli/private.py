"""Private rounds on a chain of one's own: `sda analytics open`, `contribute`, `close`, `results`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sda.chain.settings import in_tokens
from sda.chain.structs import Outcome
from sda.cli.analytics import EXTRA, committee_options, file_option, result_table
from sda.cli.contributor import minima_options
from sda.cli.extras import extra
from sda.cli.output import Answer, command, progress_console
from sda.cli.rounds import agreed_options, default_rate, draw_committee, key_option, round_argument, told
from sda.cli.session import Session, pass_session
from sda.cli.values import ADDRESS, UINT32
from sda.contributor import Minima
from sda.errors import EncodingError

query_argument = click.argument("query", type=file_option)


@click.group()
def group() -> None:
    """Holds the commands until `sda.cli.main` takes them."""


@command(
    group,
    "open",
    example="sda analytics open day.yaml --contributors 1000\n"
    "sda analytics open day.yaml --seats 26 --threshold 8 --packing 10 --silent 3 --minimum 500",
)
@query_argument
@key_option
@click.option("--contributors", type=click.IntRange(2, 2**24), default=1000, show_default=True, help="At most.")
@click.option("--minimum", type=UINT32, default=100, show_default=True, help="Contributors at least.")
@committee_options
@agreed_options
@click.option("--draw/--no-draw", default=True, show_default=True, help="Wait for the seed block and draw.")
@pass_session
def open_round(
    session: Session,
    /,
    query: Path,
    key: str,
    contributors: int,
    minimum: int,
    n: int,
    t: int,
    k: int,
    s: int,
    draw: bool,
    **agreed: Any,
) -> Answer:
    """Ask a query: request its round, pay for it and draw the committee, which then deals the noise.

    The developer's ledger must allow it. What to expect of the answer is told first: sda analytics quote.
    """
    with extra(EXTRA):
        from sda.privacy.asking import ask
        from sda.privacy.plan import Committee, Plan
        from sda.privacy.query import Query
        from sda.privacy.quote import quote
    plan = Plan.make(Query.load(query), Committee(n, t, k, s), contributors)
    if agreed["rate"] is None:
        agreed["rate"] = default_rate(plan.parameters)
    agent = session.developer(key)
    cost = agent.rounds.quote(plan.terms(minimum=minimum, **agreed))
    round_id = ask(agent, session.ledger(key), plan, minimum=minimum, **agreed)
    outcome = draw_committee(session, agent.account, round_id) if draw else None
    guarantee = quote(plan, contributors).guarantee
    paid = f"{in_tokens(cost.escrow)} tokens paid into escrow, {in_tokens(cost.deposit)} as deposit"
    return Answer(
        {
            "round": round_id,
            "outcome": outcome,
            "guarantee": guarantee,
            "escrow_units": cost.escrow,
            "deposit_units": cost.deposit,
        },
        "\n".join([f"round {round_id}: {paid}", guarantee, *([told(outcome, round_id)] if outcome else [])]),
        not draw or outcome is Outcome.DRAWN,
    )


@command(
    group,
    "contribute",
    example="sda analytics contribute 0 day.yaml --key alice --data alice.json\necho '{\"LightOn\": 3}' > alice.json",
)
@round_argument
@query_argument
@click.option("--key", required=True, help="Name of the contributor's key.")
@click.option("--data", type=file_option, required=True, help="One line: a JSON object, or .csv with a header.")
@click.option("--payout", type=ADDRESS, help="Where the reward goes; by default the contributor's account.")
@minima_options
@pass_session
def contribute(
    session: Session,
    round_id: int,
    query: Path,
    key: str,
    data: Path,
    payout: bytes | None,
    min_seats: int,
    min_threshold: int,
    min_contributors: int,
) -> Answer:
    """Answer a query that was shown to you.

    Refused if the round asks another, promises less, or exceeds your budget.
    """
    with extra(EXTRA):
        from sda.privacy import taking_part
        from sda.privacy.points import load_points
        from sda.privacy.query import Query
    asked = Query.load(query)
    points = load_points(data, asked.known)
    if len(points) != 1:
        raise EncodingError(f"data {data}: {len(points)} lines, must be one: a contributor sends its own data")
    agent = session.contributor(key, Minima(n=min_seats, t=min_threshold, minimum=min_contributors))
    ledger = session.ledger(key)
    contribution, receipt = taking_part.contribute(agent, ledger, asked, round_id, points[0], payout)
    size, spent = len(contribution.encode()), ledger.spent(agent.key.account.address)
    return Answer(
        {"round": round_id, "id": receipt.id, "position": receipt.position, "bytes": size, "spent_epsilon": spent},
        f"round {round_id}: sent {size:,} bytes; ε = {spent:.4g} is spent now, see: sda privacy ledger --key {key}",
    )


@command(group, "close", example="sda analytics close 0 day.yaml")
@round_argument
@query_argument
@key_option
@pass_session
def close(session: Session, round_id: int, query: Path, key: str) -> Answer:
    """Count the round in the developer's ledger, then close its collection. After a crash run it again."""
    with extra(EXTRA):
        from sda.privacy.asking import close_collection
        from sda.privacy.query import Query
    asked, agent = Query.load(query), session.developer(key)
    with progress_console.status("checking contributions and building the tree"):
        snapshot = close_collection(agent, session.ledger(key), asked, round_id).snapshot
    dealers = snapshot.noise.bit_count()
    return Answer(
        {"round": round_id, "count": snapshot.count, "dealers": dealers, "root": snapshot.root},
        f"round {round_id}: {snapshot.count:,} contributions and noise of {dealers} clerks",
    )


@command(
    group, "results", example="sda analytics results 0 day.yaml\nsda analytics results 0 day.yaml --chart sums.svg"
)
@round_argument
@query_argument
@key_option
@click.option("--csv", "csv_file", type=file_option, help="Also write the results here.")
@click.option("--chart", "chart_file", type=file_option, help="Also draw them here; .svg, .png or .pdf.")
@pass_session
def show_results(
    session: Session, round_id: int, query: Path, key: str, csv_file: Path | None, chart_file: Path | None
) -> Answer:
    """What the round found, with error bars, once enough rows are there."""
    with extra(EXTRA):
        from sda.privacy.asking import results
        from sda.privacy.chart import require_form, save_chart
        from sda.privacy.query import Query
    if chart_file is not None:
        require_form(chart_file)
    found = results(session.developer(key), session.ledger(key), Query.load(query), round_id)
    if csv_file is not None:
        csv_file.write_text(found.to_csv())
    if chart_file is not None:
        save_chart(found, chart_file)
    return Answer(found.as_dict(), result_table(found))
