"""A local chain that is ready to use, and there again after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from sda.chain.client import Chain
from sda.chain.contracts import Contracts
from sda.chain.devnet import ETHER, Devnet, named_account
from sda.chain.node import Anvil
from sda.chain.settings import DEVNET, TOKEN
from sda.crypto.keys import SecretKey
from sda.errors import ChainError


def test_named_accounts_are_funded(devnet: Devnet) -> None:
    developer, clerk = named_account("developer"), named_account("clerk 1")
    assert developer.address != clerk.address
    assert developer.address == named_account("developer").address
    devnet.fund([developer.address, clerk.address], wei=3 * ETHER, tokens=5 * TOKEN)
    contracts = Contracts.of(devnet.chain, devnet.deployment)
    for account in (developer, clerk):
        assert devnet.chain.balance(account.address) == 3 * ETHER
        assert contracts.token.balance_of(account.address) == 5 * TOKEN


def test_it_survives_a_restart(tmp_path: Path) -> None:
    state, file = tmp_path / "state.json", tmp_path / "deployment.json"
    clerk, secret = named_account("clerk"), SecretKey.generate()
    stake = DEVNET.registry.minimum_stake
    with Devnet(Anvil(state=state), file=file) as devnet:
        devnet.fund([clerk.address])
        contracts = Contracts.of(devnet.chain, devnet.deployment)
        permit = contracts.token.permit(clerk, contracts.registry.address, 2 * stake)
        clerk_id, _ = contracts.registry.register(clerk, secret, stake, permit)
        before = devnet.deployment

    with Devnet(Anvil(state=state), file=file) as devnet:
        assert devnet.deployment == before
        contracts = Contracts.connect(file, devnet.node.url)
        assert contracts.registry.clerk(clerk_id).operator == clerk.address
        assert contracts.registry.keys([clerk_id], 0) == {clerk_id: secret.public}


def test_it_deploys_again_where_the_chain_is_new(tmp_path: Path) -> None:
    file = tmp_path / "deployment.json"
    with Devnet(Anvil(), file=file) as devnet:
        before = devnet.deployment
        devnet.chain.transact(devnet.deployer, devnet.deployer.address, b"")
    with Devnet(Anvil(), file=file) as devnet:
        assert devnet.deployment == before, "the same deployer, the same nonces, the same addresses"
        devnet.deployment.check(Chain(devnet.node.url))


def test_it_is_not_there_before_its_start_and_after_its_end() -> None:
    devnet = Devnet()
    with pytest.raises(ChainError, match="is not running"):
        _ = devnet.chain
    with devnet:
        url = devnet.node.url
    with pytest.raises(ChainError, match="is not running"):
        _ = devnet.deployment
    with pytest.raises(ChainError):
        Chain(url)


def test_a_failed_deployment_leaves_no_node_behind(tmp_path: Path) -> None:
    file = tmp_path / "deployment.json"
    file.write_text("{}")
    devnet = Devnet(file=file)
    with pytest.raises(ChainError, match="is not a deployment file"):
        devnet.start()
    assert not devnet.node.running
