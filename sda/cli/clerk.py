"""`sda clerk`: staking, keys, and serving rounds."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from sda.chain.addresses import to_text
from sda.chain.settings import in_tokens
from sda.cli.output import Answer, command, example_epilog, facts, table
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
        f"clerk {clerk_id} can withdraw from {_time(clerk.withdrawable_at)}",
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


@command(group, "status", example="sda clerk status --key clerk-1 --json")
@key_option
@pass_session
def status(session: Session, key: str) -> Answer:
    """Show stake, weight, seats and keys."""
    agent = session.clerk(key)
    clerk_id, clerk = agent.status()
    total = agent.registry.total_weight()
    credit = agent.rounds.balance_of(agent.account.address)
    share = clerk.weight / total if total else 0.0
    data = {
        "clerk_id": clerk_id,
        **vars(clerk),
        "share_of_weight": share,
        "credited_units": credit,
        "epoch": agent.registry.epoch_now(),
    }
    text = facts(
        {
            "clerk": f"{clerk_id} ({to_text(clerk.operator)})",
            "stake": f"{in_tokens(clerk.stake)} tokens",
            "weight": f"{clerk.weight:,} of {total:,} ({share:.2%} of each draw)",
            "seats held": clerk.seats,
            "keys": f"up to epoch {clerk.key_epoch}; now is epoch {agent.registry.epoch_now()}",
            "credited": f"{in_tokens(credit)} tokens (sda collect takes them)",
            "leaving": _time(clerk.withdrawable_at) if clerk.withdrawable_at else "no",
            "key leaked": "yes: the bonds burn as their rounds end" if clerk.leaked else "no",
        }
    )
    return Answer(data, text)


@command(group, "run", example="sda clerk run --key clerk-1")
@key_option
@pass_session
def run(session: Session, key: str) -> Answer:
    """Do whatever is due, once: keys, jobs, rows, settlements. Run it again as often as you like."""
    deeds = session.clerk(key).run_once()
    rows = [("failed" if deed.failed else "done", deed.action, _round(deed.round_id), deed.detail) for deed in deeds]
    data = {"deeds": [vars(deed) for deed in deeds]}
    return Answer(
        data,
        table(("", "what", "round", "detail"), rows) if rows else "nothing is due",
        ok=not any(deed.failed for deed in deeds),
    )


def _round(round_id: int | None) -> str:
    return "" if round_id is None else str(round_id)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
