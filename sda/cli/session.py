"""What every command needs to know: where things are kept, which chain, which password."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import cached_property
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sda.agents import ClerkAgent, ContributorAgent, DeveloperAgent
from sda.chain.contracts import Contracts
from sda.chain.standing import StandingOnChain
from sda.cli.extras import extra
from sda.contributor import Minima
from sda.engine import check_name
from sda.errors import KeyFileError
from sda.keys import ClerkKeys, Identity, Strength, load_account
from sda.messages import AccountKey, Domain
from sda.privacy.noise.dealing import draw
from sda.relay import LocalRelay, Relay
from sda.relay.client import SCHEMES, HttpRelay

if TYPE_CHECKING:
    from sda.privacy.ledger import Ledger

PASSWORD_VARIABLE = "SDA_PASSWORD"  # noqa: S105 - the variable's name, not a password


@dataclass(frozen=True)
class Session:
    """The options that stand before the command.

    Attributes:
        home: Directory of everything: `keys/NAME/`, `deployment.json`, `relay.sqlite`.
        urls: Of the nodes; the first takes transactions, all must agree on a round's terms.
        password_file: First line is the password of key files; None asks.
        light: Whether new key files use the light work factor, for devnets.
        relay_place: URL of a relay, or a file for one on this machine; by default `relay.sqlite` at home.
    """

    home: Path
    urls: tuple[str, ...]
    password_file: Path | None = None
    light: bool = False
    relay_place: str = ""

    @property
    def deployment_file(self) -> Path:
        """Where the deployment is written down."""
        return self.home / "deployment.json"

    @property
    def strength(self) -> Strength:
        """Work factor of new key files."""
        return Strength.LIGHT if self.light else Strength.STRONG

    @cached_property
    def contracts(self) -> Contracts:
        """The deployed contracts."""
        return Contracts.connect(self.deployment_file, *self.urls)

    @cached_property
    def relay(self) -> Relay:
        """The relay, for whoever is not the developer."""
        return self._open_relay()

    def _open_relay(self, developer: AccountKey | None = None) -> Relay:
        """A relay over HTTP, or one in a file; deadlines are the chain's, so a file's clock is the chain's too."""
        domain = Domain(self.contracts.chain.chain_id, self.contracts.rounds.address)
        if self.relay_place.startswith(SCHEMES):
            return HttpRelay(self.relay_place, domain, developer)
        standing = StandingOnChain(self.contracts.rounds.disputes)
        place = self.relay_place or self.home / "relay.sqlite"
        return LocalRelay(place, domain, clock=self.contracts.chain.now, standing=standing)

    @cached_property
    def password(self) -> str:
        """From the file, the environment, or the terminal.

        Raises:
            KeyFileError: The file cannot be read, or there is no terminal to ask at.
        """
        if self.password_file is not None:
            try:
                lines = self.password_file.read_text().splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise KeyFileError(f"{self.password_file}: cannot be read") from error
            return lines[0] if lines else ""
        if PASSWORD_VARIABLE in os.environ:
            return os.environ[PASSWORD_VARIABLE]
        return _ask("Password of the key file: ")

    @property
    def new_password(self) -> str:
        """As `password`; typed at the terminal, it is typed twice.

        Raises:
            KeyFileError: As `password`, or the second one differs.
        """
        asked = self.password_file is None and PASSWORD_VARIABLE not in os.environ
        if asked and self.password != _ask("The same again: "):
            raise KeyFileError("password: the two differ; nothing was changed")
        return self.password

    # ------------------------------------------------------------------ keys and agents

    def directory(self, name: str) -> Path:
        """Where the keys of a name are.

        Raises:
            KeyFileError: It is no name for a directory.
        """
        if not name or not name.replace("-", "").replace("_", "").isalnum():
            raise KeyFileError(f"key name {name!r}: must be letters, digits, - and _")
        return self.home / "keys" / name

    def ledger(self, name: str) -> Ledger:
        """The privacy ledger in a key's directory."""
        with extra("privacy"):
            from sda.privacy.ledger import Ledger
        return Ledger(self.directory(name))

    def account(self, name: str) -> AccountKey:
        """The account of a name."""
        return load_account(self.directory(name), self.password)

    def clerk_keys(self, name: str) -> ClerkKeys:
        """The clerk's keys of a name."""
        return ClerkKeys(self.directory(name), self.password, self.strength)

    def clerk(self, name: str) -> ClerkAgent:
        """A clerk's agent. Its account is opened first: no epoch key is written under a wrong password."""
        keys = self.clerk_keys(name)
        _ = keys.account
        return ClerkAgent(self.contracts, keys, self.relay, draw)

    def developer(self, name: str, executor: str = "processes") -> DeveloperAgent:
        """A developer's agent.

        Raises:
            ParameterError: No such executor.
        """
        check_name(executor)  # before a password is asked for
        directory = self.directory(name)
        identity = Identity.load(directory, self.password)
        return DeveloperAgent(self.contracts, identity, self._open_relay(identity.account), directory, executor)

    def contributor(self, name: str, minima: Minima | None = None) -> ContributorAgent:
        """A contributor's agent."""
        directory = self.directory(name)
        identity = Identity.load(directory, self.password)
        return ContributorAgent(self.contracts, identity, self.relay, directory, minima)


def _ask(prompt: str) -> str:
    """A password typed at the terminal; never one that would show, nor the standard input of a command."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)
            return getpass(prompt)
    except (EOFError, GetPassWarning):
        raise KeyFileError(f"no password: use --password-file or set {PASSWORD_VARIABLE}") from None


pass_session = click.make_pass_decorator(Session)
