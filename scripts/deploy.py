"""Deploy the token, the generators, the beacon, the clerk registry and the rounds contract.

ape run deploy
ape run deploy --preset testnet --network ethereum:sepolia:node --account alice
ape run deploy --network ethereum:local:http://127.0.0.1:8545
"""

from __future__ import annotations

from pathlib import Path

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from scripts._shared import Steps, connected_chain, deploy, deployment_file, folder_option, pick
from sda.chain.addresses import to_text
from sda.chain.deploy import CONTRACTS
from sda.chain.settings import PRESETS


@click.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="devnet", show_default=True)
@folder_option
def cli(account: AccountAPI | None, preset: str, folder: Path) -> None:
    """Deploy all contracts and write down where they are."""
    steps, chain = Steps(), connected_chain()
    deployment = deploy(chain, pick(account), PRESETS[preset])
    file = deployment_file(folder, chain)
    deployment.save(file)
    for name in CONTRACTS:
        click.echo(f"{name:>12}  {to_text(getattr(deployment, name))}")
    steps.done(f"deployed on chain {chain.chain_id}; written to {file}")
