"""A home directory to type commands in, on the session's chain. Everything in it was done by commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sda.chain.addresses import from_text
from sda.chain.devnet import Devnet
from tests.cli.shell import Shell
from tests.cli.steps import CLERKS, CONTRIBUTORS


@pytest.fixture(scope="package")
def town(_session_devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A developer, eight clerks with stakes, four contributors, and poor, who has a key; nothing was asked yet."""
    sda = Shell(tmp_path_factory.mktemp("town") / "home", _session_devnet.node.url)
    with sda.undone():
        _session_devnet.deployment.save(sda.home / "deployment.json")
        made = [sda.json("keys new developer --role developer")]
        made += [sda.json(f"keys new {name} --role clerk") for name in CLERKS]
        made += [sda.json(f"keys new {name} --role contributor") for name in CONTRIBUTORS]
        _session_devnet.fund([from_text(key["address"]) for key in made])
        sda("keys new poor --role clerk")
        for number, name in enumerate(CLERKS):
            sda(f"clerk register --key {name} --stake {100 + 50 * number}")
        yield sda


@pytest.fixture(scope="module")
def stage(town: Shell) -> Shell:
    """Where the tests of a module begin; modules about a later time have a fixture of this name."""
    return town


@pytest.fixture
def sda(stage: Shell, tmp_path: Path) -> Iterator[Shell]:
    """The command line; whatever a test does with it is undone."""
    with stage.branch(tmp_path) as shell:
        yield shell
