"""`sda balance` and `sda collect`: what an account has, and what rounds owe it."""

from __future__ import annotations

import click

from sda.chain.addresses import from_text, to_text
from sda.chain.checks import RowChecks
from sda.chain.contracts import Contracts
from sda.chain.disputes import Disputes
from sda.chain.settings import in_tokens
from sda.cli.output import Answer, command, facts
from sda.cli.session import Session, pass_session
from sda.cli.values import ADDRESS


@click.group()
def group() -> None:
    """Holds the commands until `sda.cli.main` takes them."""


@command(group, "balance", example="sda balance clerk-1\nsda balance 0x… --json")
@click.argument("who")
@pass_session
def balance(session: Session, who: str) -> Answer:
    """Show what an account (a key's name or an address) holds, and what is credited to it."""
    address = from_text(who) if who.startswith("0x") else session.account(who).address
    contracts = session.contracts
    bonds = sum(holder.balance_of(address) for holder in _bond_holders(contracts))
    data = {
        "address": to_text(address),
        "ether_wei": contracts.chain.balance(address),
        "token_units": contracts.token.balance_of(address),
        "credited_units": contracts.rounds.balance_of(address),
        "bonds_units": bonds,
    }
    text = facts(
        {
            "address": data["address"],
            "ether": f"{contracts.chain.balance(address) / 10**18:.4f}",
            "tokens": in_tokens(contracts.token.balance_of(address)),
            "credited by rounds": in_tokens(contracts.rounds.balance_of(address)) + "  (sda collect takes it)",
            "bonds paid back": in_tokens(bonds) + "  (sda collect takes it)",
        }
    )
    return Answer(data, text)


@command(group, "collect", example="sda collect --key clerk-1")
@click.option("--key", required=True, help="Name of the key whose credit is taken.")
@click.option("--to", type=ADDRESS, help="Receives the tokens; by default the key's own account.")
@pass_session
def collect(session: Session, key: str, to: bytes | None) -> Answer:
    """Take everything that is credited to an account: fees, refunds, bounties, bonds paid back."""
    account, rounds = session.account(key), session.contracts.rounds
    target = to or account.address
    amount, receipt = 0, None
    for holder in _bond_holders(session.contracts):
        if bonds := holder.balance_of(account.address):
            receipt = holder.withdraw(account, target)
            amount += bonds
    if not amount or rounds.balance_of(account.address):
        credited, receipt = rounds.withdraw(account, target)
        amount += credited
    return Answer(
        {"units": amount, "to": to_text(target), "transaction": receipt.transaction if receipt else None},
        f"{in_tokens(amount)} tokens sent to {to_text(target)}",
    )


def _bond_holders(contracts: Contracts) -> tuple[Disputes, RowChecks]:
    """Contracts that credit bonds."""
    return contracts.rounds.disputes, contracts.rounds.checks
