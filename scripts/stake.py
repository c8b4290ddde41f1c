"""Register test accounts as clerks, with unequal stakes.

ape run stake --clerks 12
ape run stake --clerks 12 --network ethereum:local:http://127.0.0.1:8545
"""

from __future__ import annotations

from pathlib import Path

import click
from ape.cli import ConnectedProviderCommand

from scripts._shared import (
    FIRST_CLERK,
    WEIGHT_UNIT,
    Steps,
    connected_chain,
    contracts_on,
    folder_option,
    register_clerks,
    require_local,
)


@click.command(cls=ConnectedProviderCommand)
@click.option("--clerks", type=click.IntRange(1, 100), default=12, show_default=True, help="How many.")
@folder_option
def cli(clerks: int, folder: Path) -> None:
    """Register clerks, funded by the first test account; those that are registered stay as they are."""
    require_local()
    steps = Steps()
    contracts = contracts_on(connected_chain(), folder)
    register_clerks(contracts, clerks)
    pool, weight = contracts.registry.pool_size(), contracts.registry.total_weight() / WEIGHT_UNIT
    steps.done(f"{clerks} clerks, test accounts {FIRST_CLERK} and up; pool {pool}, weight {weight:.2f}")
