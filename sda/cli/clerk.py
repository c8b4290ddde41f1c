"""`sda clerk`: staking, keys, and serving rounds."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from sda.chain.addresses import to_text
from sda.chain.settings import in_tokens
from sda.cli.output import Answer, command, example_epilog
from sda.cli.session import Session, pass_session
from sda.cli.values import ADDRESS, AMOUNT

key_option = click.option("--key", required=True, help="Name of the clerk's key.")


@click.group("clerk", epilog=example_epilog("sda clerk register --key clerk-1 --stake 250"))
def group() -> None:
    """Stake, serve rounds, earn, leave."""


@command(group, "register", example="sda clerk register --key clerk-1 --stake 250")
@key_option
@click.option("--stake", type=AMOUNT, required=True, help="Tokens; the registration fee comes on top.")
@pass_session
def register(session: Session, key: str, stake: int) -> Answer:
    """Register with a stake, and a new encryption key for this epoch."""
    clerk_id, receipt = session.clerk(key).register(stake)
    return Answer(
        {"clerk_id": clerk_id, "stake_units": stake, "transaction": receipt.transaction},
        f"{key} is clerk {clerk_id} with {in_tokens(stake)} tokens at stake",
    )


@command(group, "stake", example="sda clerk stake --key clerk-1 --amount 100")
@key_option
@click.option("--amount", type=AMOUNT, required=True, help="Tokens to add.")
@pass_session
def add_stake(session: Session, key: str, amount: int) -> Answer:
    """Add to the stake."""
    agent = session.clerk(key)
    receipt = agent.add_stake(amount)
    clerk_id, clerk = agent.status()
    return Answer(
        {"clerk_id": clerk_id, "stake_units": clerk.stake, "transaction": receipt.transaction},
        f"clerk {clerk_id} now has {in_tokens(clerk.stake)} tokens at stake",
    )


@command(group, "unbond", example="sda clerk unbond --key clerk-1")
@key_option
@pass_session
def unbond(session: Session, key: str) -> Answer:
    """Stop being drawn and start the wait. Seats held already must still be served."""
    agent = session.clerk(key)
    agent.unbond()
    clerk_id, clerk = agent.status()
    return Answer(
        {"clerk_id": clerk_id, "withdrawable_at": clerk.withdrawable_at, "seats": clerk.seats},
        f"clerk {clerk_id} can withdraw from {time_text(clerk.withdrawable_at)}",
    )


@command(group, "withdraw", example="sda clerk withdraw --key clerk-1")
@key_option
@click.option("--to", type=ADDRESS, help="Receives the stake; by default the clerk's own account.")
@pass_session
def withdraw(session: Session, key: str, to: bytes | None) -> Answer:
    """Take the whole stake, after the wait and with no seat held."""
    agent = session.clerk(key)
    _, clerk = agent.status()
    receipt = agent.withdraw(to)
    target = to_text(to or agent.account.address)
    return Answer(
        {"units": clerk.stake, "to": target, "transaction": receipt.transaction},
        f"{in_tokens(clerk.stake)} tokens sent to {target}",
    )


def time_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
