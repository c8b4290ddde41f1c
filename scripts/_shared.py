"""What the scripts share: the chain behind Ape's provider, the deployment on it, accounts."""

from __future__ import annotations

import time
from pathlib import Path

import click
from ape import Contract, accounts, networks
from ape.api import AccountAPI
from ape.contracts import ContractInstance
from ape.utils.testing import generate_dev_accounts
from ethpm_types import ContractType

from sda.chain.addresses import from_text, to_text
from sda.chain.artifacts import load
from sda.chain.client import Chain, Receipt
from sda.chain.contracts import Contracts
from sda.chain.deploy import Deployment, deploy_through
from sda.chain.points import key_struct, proof_struct
from sda.chain.settings import Settings, preset
from sda.chain.token import NO_PERMIT
from sda.crypto.field import Q
from sda.crypto.hashes import word
from sda.crypto.keys import SecretKey
from sda.errors import ChainError
from sda.keys import derive
from sda.messages.account import AccountKey

FOLDER = Path(".demo") / "ape"
"""Where the scripts keep the deployment, and the relay of a round."""

FIRST_CLERK = 2
"""Test account 0 deploys and funds, 1 is the developer, the clerks follow."""

WEIGHT_UNIT = 4096
"""Of a weight in the draw: log2(1 + stake / minimum) in units of 1/4096."""

folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Where the deployment file is kept.",
)


def connected_chain() -> Chain:
    """The chain that Ape is connected to."""
    return Chain(networks.provider.http_uri)


def deployment_file(folder: Path, chain: Chain) -> Path:
    """The deployment file of a chain."""
    return folder / f"deployment-{chain.chain_id}.json"


def require_local() -> None:
    """Refuse a network whose clock and accounts are not ours."""
    network = networks.provider.network
    if not network.is_local:
        raise click.UsageError(
            f"this script plays all roles with test accounts, on a local network only, not on {network.name}:"
            " use `sda` there"
        )


def pick(account: AccountAPI | None) -> AccountAPI:
    """The account that was asked for; on a local network the first test account by default."""
    if account is not None:
        return account
    if not networks.provider.network.is_local:
        raise click.UsageError("--account: needed on a network that is not local")
    return accounts.test_accounts[0]


def test_account(index: int) -> AccountAPI:
    """A test account; those beyond the ones that the node funds have nothing yet."""
    test_accounts = accounts.test_accounts
    (derived,) = generate_dev_accounts(test_accounts.mnemonic, 1, start_index=index)
    return test_accounts.init_test_account(index, derived.address, derived.private_key)


def account_key(account: AccountAPI) -> AccountKey:
    """A test account as the roles use it."""
    return AccountKey(bytes.fromhex(account.private_key.removeprefix("0x")))


def deploy(chain: Chain, account: AccountAPI, settings: Settings) -> Deployment:
    """Deploy all contracts from any of Ape's accounts."""

    def create(code: bytes) -> Receipt:
        transaction = networks.provider.network.ecosystem.create_transaction(data=code)
        receipt = account.call(transaction)
        return Receipt(
            transaction=bytes.fromhex(receipt.txn_hash.removeprefix("0x")),
            block=receipt.block_number,
            gas_used=receipt.gas_used,
            created=from_text(receipt.contract_address),
        )

    return deploy_through(chain, from_text(account.address), create, settings)


def contracts_on(chain: Chain, folder: Path) -> Contracts:
    """The contracts on a local chain; deployed now if they are not there."""
    try:
        return Contracts.of(chain, Deployment.load(deployment_file(folder, chain)))
    except ChainError as error:
        click.echo(f"deploying ({error})")
    deployment = deploy(chain, pick(None), preset("devnet"))
    deployment.save(deployment_file(folder, chain))
    return Contracts.of(chain, deployment)


def register_clerks(contracts: Contracts, count: int) -> dict[int, AccountAPI]:
    """Make test accounts clerks, the later ones with more stake; pay for it from the first test account.

    Returns:
        Clerk id → account, of the first `count` clerks.
    """
    registry, funder = contracts.registry, pick(None)
    settings = contracts.deployment.settings.registry
    token = instance("SDAToken", contracts.token.address)
    staking = instance("ClerkRegistry", registry.address)
    clerks: dict[int, AccountAPI] = {}
    for number in range(count):
        clerk = test_account(FIRST_CLERK + number)
        address = from_text(clerk.address)
        if not registry.clerk_of(address):
            stake = settings.minimum_stake * (2 + number) // 2
            payment = stake + settings.registration_fee
            funder.transfer(clerk, "10 ether")
            token.transfer(clerk, payment, sender=funder)
            token.approve(staking, payment, sender=clerk)
            epoch = registry.epoch_now()
            key = epoch_key(clerk, epoch)
            proof = registry.prove_key(address, key, epoch)
            staking.register(key_struct(key.public), proof_struct(proof), stake, NO_PERMIT.struct, sender=clerk)
        clerks[registry.clerk_of(address)] = clerk
    return clerks


def epoch_key(clerk: AccountAPI, epoch: int) -> SecretKey:
    """A test clerk's key of an epoch.

    It follows from the account, whose secret everybody knows; a real one is random (`sda.keys.ClerkKeys`).
    """
    secret = derive(account_key(clerk).to_bytes(), b"SDA test clerk", word(epoch))
    return SecretKey(int.from_bytes(secret, "big") % Q)


def instance(name: str, address: bytes) -> ContractInstance:
    """One of our contracts as Ape knows contracts.

    `project.SDAToken.at(…)` would do the same after compiling everything. The package's own artifacts need no
    compiler, and are what the tests deploy.
    """
    artifact = load(name)
    kind = ContractType.model_validate({"contractName": name, "abi": list(artifact.abi)})
    return Contract(to_text(address), contract_type=kind)


class Steps:
    """Prints what happens, and how long it took."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def done(self, text: str) -> None:
        """One step is over."""
        now = time.monotonic()
        click.echo(f"{now - self._since:7.2f} s  {text}")
        self._since = now
