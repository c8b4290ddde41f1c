"""The command `sda`."""

from __future__ import annotations

from pathlib import Path

import click
from platformdirs import user_data_path

from sda import __version__
from sda.cli import (
    analytics,
    audit,
    contributor,
    devnet,
    disputes,
    experiment,
    keys,
    learn,
    privacy,
    private,
    relay,
    rounds,
    serving,
    wallet,
)
from sda.cli.demo import demo
from sda.cli.session import Session

DEFAULT_URL = "http://127.0.0.1:8545"


@click.group(epilog="Try it: sda demo. Then: sda devnet, in one terminal, and the commands in another.")
@click.version_option(__version__, prog_name="sda")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="SDA_HOME",
    default=lambda: user_data_path("sda"),
    show_default="the user's data directory",
    help="Keys, deployment and relay are kept here.",
)
@click.option(
    "--rpc",
    "urls",
    multiple=True,
    envvar="SDA_RPC",
    default=(DEFAULT_URL,),
    show_default=True,
    help="A node. Give several: they must agree on what is signed; the first takes transactions.",
)
@click.option(
    "--relay",
    "relay_place",
    envvar="SDA_RELAY",
    default="",
    show_default="relay.sqlite at home",
    help="URL of a relay (sda relay serve), or a relay's file on this machine.",
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="First line is the password of key files. Otherwise SDA_PASSWORD, or a prompt.",
)
@click.option(
    "--light-keys",
    "light",
    is_flag=True,
    envvar="SDA_LIGHT_KEYS",
    help="New key files open fast. Only for devnets: a stolen one is soon opened.",
)
@click.pass_context
def main(
    context: click.Context, home: Path, urls: tuple[str, ...], relay_place: str, password_file: Path | None, light: bool
) -> None:
    """Private sums, computed by staked clerks, checked by a contract, and paid for."""
    context.obj = Session(home, urls, password_file, light, relay_place)


for group in (
    keys.group,
    serving.group,
    rounds.group,
    disputes.group,
    relay.group,
    analytics.group,
    privacy.group,
    experiment.group,
    learn.group,
):
    main.add_command(group)
for command in (private.open_round, private.contribute, private.close, private.show_results):
    analytics.group.add_command(command)
for command in (
    devnet.devnet,
    devnet.deploy,
    contributor.contribute,
    contributor.claim,
    wallet.balance,
    wallet.collect,
    audit.audit,
    demo,
):
    main.add_command(command)
