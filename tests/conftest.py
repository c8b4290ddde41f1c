"""Fixtures for everything that runs on a real chain: one Anvil per session, put back after every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sda.chain.client import Chain
from sda.chain.deploy import Deployment
from sda.chain.devnet import Devnet
from sda.chain.node import Anvil
from sda.chain.registry import Registry
from sda.chain.rounds import Rounds
from sda.chain.rpc import request
from sda.chain.token import Token
from sda.messages.account import AccountKey


@pytest.fixture(scope="session")
def _session_devnet() -> Iterator[Devnet]:
    with Devnet() as devnet:
        yield devnet


@pytest.fixture
def devnet(_session_devnet: Devnet) -> Iterator[Devnet]:
    """A local chain with the contracts on it and nothing else; whatever a test does to it is undone."""
    url = _session_devnet.node.url
    snapshot = request(url, "evm_snapshot", [])
    yield _session_devnet
    assert request(url, "evm_revert", [snapshot])


@pytest.fixture
def node(devnet: Devnet) -> Anvil:
    """The node under the chain: it mines and moves the clock."""
    return devnet.node


@pytest.fixture
def chain(devnet: Devnet) -> Chain:
    """A connection to it."""
    return Chain(devnet.node.url)


@pytest.fixture
def deployment(devnet: Devnet) -> Deployment:
    """Where the contracts are."""
    return devnet.deployment


@pytest.fixture
def deployer(devnet: Devnet) -> AccountKey:
    """Holds the tokens."""
    return devnet.deployer


@pytest.fixture
def token(chain: Chain, deployment: Deployment) -> Token:
    """The token."""
    return Token(chain, deployment.token, deployment.block)


@pytest.fixture
def registry(chain: Chain, deployment: Deployment) -> Registry:
    """The clerk registry."""
    return Registry(chain, deployment.registry, deployment.block)


@pytest.fixture
def rounds(chain: Chain, deployment: Deployment, registry: Registry) -> Rounds:
    """The rounds contract."""
    return Rounds(chain, deployment.rounds, registry, deployment.block)


@pytest.fixture
def account(devnet: Devnet) -> AccountKey:
    """A fresh account with ether and tokens."""
    key = AccountKey.generate()
    devnet.fund([key.address])
    return key


@pytest.fixture
def accounts(devnet: Devnet) -> list[AccountKey]:
    """Twelve fresh accounts with ether and tokens."""
    keys = [AccountKey.generate() for _ in range(12)]
    devnet.fund([key.address for key in keys])
    return keys
