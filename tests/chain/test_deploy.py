"""Deploying, and the file that says where the contracts are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sda.chain.addresses import ZERO_ADDRESS, to_text
from sda.chain.client import Chain
from sda.chain.contracts import Contracts
from sda.chain.deploy import Deployment, created_address, deploy, generators_init_code, init_code
from sda.chain.node import Anvil
from sda.chain.settings import DEVNET, TESTNET, TOKEN, preset
from sda.crypto.curve import generators, to_bytes128
from sda.errors import ChainError, ContractError, ParameterError
from sda.messages.account import AccountKey

# ---------------------------------------------------------------------- on chain


def test_what_is_deployed_is_what_was_asked(chain: Chain, deployment: Deployment) -> None:
    contracts = Contracts.of(chain, deployment)
    assert deployment.settings == DEVNET
    assert contracts.registry.settings() == DEVNET.registry
    assert contracts.rounds.settings() == DEVNET.rounds
    assert contracts.rounds.number() == 0
    assert contracts.token.total_supply() == DEVNET.supply


def test_the_generators_are_the_code_of_a_contract(chain: Chain, deployment: Deployment) -> None:
    code = chain.code(deployment.generators)
    assert code == b"\0" + b"".join(map(to_bytes128, generators(64)))
    assert generators_init_code().endswith(code)


@pytest.mark.parametrize("name", ["devnet", "testnet"])
def test_every_preset_is_accepted_by_the_contracts(name: str, chain: Chain, deployer: AccountKey) -> None:
    settings = preset(name)
    deployment = deploy(chain, deployer, settings)
    contracts = Contracts.of(chain, deployment)
    assert contracts.rounds.settings() == settings.rounds
    assert contracts.registry.settings() == settings.registry
    assert contracts.token.balance_of(deployer.address) == settings.supply


def test_the_testnet_preset_follows_the_protocol() -> None:
    assert TESTNET.rounds.seed_delay >= 64, "two epochs of 32 slots"
    assert TESTNET.registry.unbonding_period > 3 * TESTNET.rounds.maximum_window
    assert TESTNET.registry.draw_window <= 8191, "EIP-2935"


def test_two_deployments_live_side_by_side(chain: Chain, deployment: Deployment, deployer: AccountKey) -> None:
    second = deploy(chain, deployer, DEVNET)
    assert second.rounds != deployment.rounds
    assert second.block > deployment.block
    second.check(chain)
    deployment.check(chain)


def test_settings_that_a_contract_refuses(chain: Chain, deployment: Deployment, deployer: AccountKey) -> None:
    values = list(DEVNET.registry.values)
    values[2] = 0  # capMultiple, which `RegistrySettings` would not let through
    places = (to_text(deployment.token), to_text(deployment.rounds), to_text(ZERO_ADDRESS))
    with pytest.raises(ContractError) as caught:
        chain.transact(deployer, None, init_code("ClerkRegistry", *places, tuple(values)))
    assert str(caught.value) == "InvalidSettings(field=capMultiple)"


BOND = DEVNET.registry.minimum_stake // DEVNET.registry.maximum_seats


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("maximum_window", DEVNET.rounds.maximum_window + 1, "unbonding_period"),
        ("no_data_burn", BOND + 1, "no_data_burn"),
        ("abort_burn", 16 * DEVNET.rounds.no_data_burn - 1, "abort_burn"),
    ],
)
def test_settings_that_do_not_fit_each_other(field: str, value: int, named: str) -> None:
    rounds = replace(DEVNET.rounds, **{field: value})
    with pytest.raises(ParameterError, match=named):
        replace(DEVNET, rounds=rounds)


def test_a_draw_must_happen_while_the_chain_remembers_its_seed() -> None:
    with pytest.raises(ParameterError, match="draw_window = 8192"):
        replace(DEVNET, registry=replace(DEVNET.registry, draw_window=8192))


def test_a_contract_that_is_meant_for_another_address(chain: Chain, deployer: AccountKey) -> None:
    """The address of the rounds contract is known beforehand."""
    nonce = chain.nonce(deployer.address)
    receipt = chain.transact(deployer, None, generators_init_code())
    assert receipt.created == created_address(deployer.address, nonce)


# ---------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("registry", "minimum_stake", 0),
        ("registry", "minimum_stake", 2**96),
        ("registry", "minimum_stake", True),
        ("registry", "cap_multiple", 0),
        ("registry", "cap_multiple", 256),
        ("registry", "maximum_seats", 0),
        ("registry", "unbonding_period", 0),
        ("registry", "epoch_length", -1),
        ("registry", "draw_window", 2**32),
        ("registry", "registration_fee", -1),
        ("rounds", "seed_delay", 0),
        ("rounds", "minimum_window", 0),
        ("rounds", "maximum_window", 1),
        ("rounds", "draw_bounty", 1.5),
        ("rounds", "abort_burn", "1"),
    ],
)
def test_impossible_settings_are_named(part: str, field: str, value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        replace(getattr(DEVNET, part), **{field: value})
    assert caught.value.field == field
    assert caught.value.value == value


def test_an_unknown_preset() -> None:
    with pytest.raises(ParameterError, match="one of devnet, testnet"):
        preset("mainnet")


# ---------------------------------------------------------------------- the file


def test_a_deployment_survives_its_file(tmp_path: Path, chain: Chain, deployment: Deployment) -> None:
    path = tmp_path / "deep" / "deployment.json"
    deployment.save(path)
    deployment.save(path)
    assert Deployment.load(path) == deployment
    assert [entry.name for entry in path.parent.iterdir()] == ["deployment.json"]
    assert Contracts.connect(path, *chain.urls).deployment == deployment


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match=r"nothing\.json: no deployment there; run `sda devnet`"):
        Deployment.load(tmp_path / "nothing.json")


def _without(name: str) -> Any:
    return lambda content: {key: value for key, value in content.items() if key != name}


def _with(**changes: Any) -> Any:
    return lambda content: {**content, **changes}


@pytest.mark.parametrize(
    "change",
    [
        lambda _: [],
        lambda _: "text",
        lambda _: None,
        _without("version"),
        _without("rounds"),
        _without("settings"),
        _with(version=1),
        _with(chain_id="31337"),
        _with(chain_id=True),
        _with(block=-1),
        _with(token="0x1234"),
        _with(token=None),
        _with(token="0xZZ" + "0" * 38),
        _with(settings={}),
        _with(settings={"supply": TOKEN, "registry": {}, "rounds": {}}),
    ],
)
def test_a_damaged_file(change: Any, tmp_path: Path, deployment: Deployment) -> None:
    path = tmp_path / "deployment.json"
    deployment.save(path)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ChainError, match="is not a deployment file"):
        Deployment.load(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_a_file_that_is_no_json(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    path.write_bytes(content)
    with pytest.raises(ChainError, match="is not a deployment file"):
        Deployment.load(path)


def test_a_mistyped_address(tmp_path: Path, deployment: Deployment) -> None:
    path = tmp_path / "deployment.json"
    deployment.save(path)
    content = json.loads(path.read_text())
    letter = next(place for place, letter in enumerate(content["token"]) if place > 1 and letter.isalpha())
    mistyped = content["token"][:letter] + content["token"][letter].swapcase() + content["token"][letter + 1 :]
    path.write_text(json.dumps({**content, "token": mistyped}))
    with pytest.raises(ChainError, match="checksum"):
        Deployment.load(path)


def test_the_wrong_chain(deployment: Deployment) -> None:
    with (
        Anvil(chain_id=4242) as other,
        pytest.raises(ChainError, match="on chain 31337, the node is on 4242"),
    ):
        deployment.check(Chain(other.url))


def test_a_chain_that_was_started_anew(deployment: Deployment) -> None:
    with Anvil() as other, pytest.raises(ChainError, match="token: there is no contract at 0x"):
        deployment.check(Chain(other.url))
