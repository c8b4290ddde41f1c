"""`sda keys`: making and listing key files."""

from __future__ import annotations

import json

import click

from sda.chain.addresses import to_text
from sda.cli.output import Answer, command, example_epilog, table
from sda.cli.session import Session, pass_session
from sda.errors import KeyFileError
from sda.keys import ClerkKeys, Identity


@click.group("keys", epilog=example_epilog("sda keys new alice --role contributor"))
def group() -> None:
    """Key files: encrypted at rest, readable by their owner only."""


@command(group, "new", example="sda keys new alice --role contributor")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["contributor", "developer", "clerk"]),
    required=True,
    help="A clerk's encryption keys are made per epoch, when it registers.",
)
@pass_session
def new(session: Session, name: str, role: str) -> Answer:
    """Make an account, and for contributors and developers the secret their G1 keys follow from."""
    directory = session.directory(name)
    if directory.exists():
        raise KeyFileError(f"key {name!r}: exists already in {directory}; nothing was changed")
    password = session.new_password
    if role == "clerk":
        address = ClerkKeys(directory, password, session.strength).create_account().address
    else:
        address = Identity.create(directory, password, session.strength).account.address
    return Answer(
        {"name": name, "role": role, "address": to_text(address), "directory": str(directory)},
        f"{name}: {to_text(address)}\nkept in {directory}; whoever has the file and the password is {name}",
    )


@command(group, "list", example="sda keys list --json")
@pass_session
def list_keys(session: Session) -> Answer:
    """List the key files, without opening them."""
    found = []
    for path in sorted((session.home / "keys").glob("*/account.json")):
        try:
            address = "0x" + str(json.loads(path.read_text())["address"]).removeprefix("0x")
        except (OSError, ValueError, KeyError, TypeError):
            address = "not a key file"
        found.append({"name": path.parent.name, "address": address})
    rows = [(key["name"], key["address"]) for key in found]
    return Answer({"keys": found}, table(("name", "address"), rows))
