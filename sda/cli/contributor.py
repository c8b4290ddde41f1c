"""`sda contribute` and `sda claim`: what a contributor's device does."""

from __future__ import annotations

from typing import Any

import click

from sda.chain.addresses import to_text
from sda.chain.settings import in_tokens
from sda.cli.output import Answer, command
from sda.cli.session import Session, pass_session
from sda.cli.values import ADDRESS, ROUND_ID, read_vector
from sda.contributor import Minima

round_argument = click.argument("round_id", metavar="ROUND", type=ROUND_ID)


@click.group()
def group() -> None:
    """Holds the commands until `sda.cli.main` takes them."""


def minima_options(function: Any) -> Any:
    """What a contributor insists on."""
    options = (
        click.option("--min-seats", type=int, default=8, show_default=True, help="Refuse smaller committees."),
        click.option("--min-threshold", type=int, default=3, show_default=True, help="Refuse a smaller t."),
        click.option("--min-contributors", type=int, default=100, show_default=True, help="Refuse smaller rounds."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@command(
    group,
    "contribute",
    example="sda contribute 0 --key alice --vector day.csv\necho '[0, 1, 1]' | sda contribute 0 --key bob --vector -",
)
@round_argument
@click.option("--key", required=True, help="Name of the contributor's key.")
@click.option("--vector", required=True, help="CSV or JSON file of integers, or - for standard input.")
@click.option("--payout", type=ADDRESS, help="Where the reward goes; by default the contributor's account.")
@minima_options
@pass_session
def contribute(
    session: Session,
    round_id: int,
    key: str,
    vector: str,
    payout: bytes | None,
    min_seats: int,
    min_threshold: int,
    min_contributors: int,
) -> Answer:
    """Send a vector to a round: nobody sees it but as part of the sum. Sending it again is harmless."""
    values = read_vector(vector)
    minima = Minima(n=min_seats, t=min_threshold, minimum=min_contributors)
    contribution, receipt = session.contributor(key, minima).contribute(round_id, values, payout)
    size = len(contribution.encode())
    return Answer(
        {"round": round_id, "id": receipt.id, "position": receipt.position, "bytes": size},
        f"round {round_id}: sent {size:,} bytes; receipt 0x{receipt.id.hex()}",
    )


@command(group, "claim", example="sda claim 0 --key alice")
@round_argument
@click.option("--key", required=True, help="Name of the contributor's key.")
@click.option("--gas-key", help="Name of a key that pays the gas instead.")
@pass_session
def claim(session: Session, round_id: int, key: str, gas_key: str | None) -> Answer:
    """Check that the contribution was counted, and take its reward."""
    agent = session.contributor(key)
    sender = session.account(gas_key) if gas_key else None
    amount, receipt = agent.claim(round_id, sender)
    return Answer(
        {"round": round_id, "units": amount, "transaction": receipt.transaction},
        f"round {round_id}: {in_tokens(amount)} tokens paid for {to_text(agent.key.account.address)}'s contribution",
    )
