"""One small round with all its roles: asked for, drawn, contributed to, closed, answered, revealed, paid.

ape run run_round
ape run run_round --contributors 20 --silent 0 --network ethereum:local:http://127.0.0.1:8545
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from ape.cli import ConnectedProviderCommand

from scripts._shared import (
    Steps,
    connected_chain,
    contracts_on,
    folder_option,
    register_clerks,
    require_local,
)
from scripts._small_round import CLERKS, MINIMUM, Member, SmallRound, random_vector
from sda.chain.addresses import to_text
from sda.chain.contracts import Contracts
from sda.chain.settings import TOKEN
from sda.params import TEST


@click.command(cls=ConnectedProviderCommand)
@click.option("--contributors", type=click.IntRange(MINIMUM, 1000), default=6, show_default=True)
@click.option("--silent", type=click.IntRange(0, TEST.n - TEST.reconstruction), default=1, show_default=True)
@folder_option
def cli(contributors: int, silent: int, folder: Path) -> None:
    """Run a round and compare its sum with the plain one; deploys and stakes first where that is missing."""
    require_local()
    steps = Steps()
    contracts = contracts_on(connected_chain(), folder)
    clerks = register_clerks(contracts, max(CLERKS, contracts.registry.pool_size()))
    steps.done(f"{len(clerks)} clerks")
    with tempfile.TemporaryDirectory() as directory:
        play = SmallRound(contracts, clerks, Path(directory) / "relay.sqlite")
        view = play.open()
        steps.done(f"round {view.round_id}: committee {[seat.clerk_id for seat in view.seats]}")
        vectors = [random_vector() for _ in range(contributors)]
        members = play.contribute(view, vectors)
        steps.done(f"{len(members)} contributions")
        view = play.close_collection(view)
        steps.done("snapshot on chain, complaint window over")
        play.answer(view, silent)
        steps.done(f"rows on chain, {silent} of the seats silent")
        found, expected = play.reveal(), [sum(column) for column in zip(*vectors, strict=True)]
        play.settle(members)
        steps.done("settled, rewards claimed")
    report(contracts, view.round_id, members)
    click.echo(f"sum          {found}")
    if found != expected:
        raise click.ClickException(f"the plain sum is {expected}")
    click.echo("             equal to the plain sum")


def report(contracts: Contracts, round_id: int, members: list[Member]) -> None:
    """Who got what."""
    rounds, view = contracts.rounds, contracts.rounds.view(round_id)
    click.echo(f"state        {view.state.name.lower()}")
    for seat in view.seats:
        credit = rounds.balance_of(seat.operator) / TOKEN
        answered = "answered" if view.answered >> seat.index & 1 else "silent"
        click.echo(f"seat {seat.index}       clerk {seat.clerk_id:>3} {answered:>9}  {credit:.6f} credited")
    paid = sum(contracts.token.balance_of(member.key.account.address) for member in members)
    click.echo(f"contributors {len(members)}, {paid / TOKEN:.6f} paid")
    click.echo(f"contract     {to_text(rounds.address)}, round {round_id}")
