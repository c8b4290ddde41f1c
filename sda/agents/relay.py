"""The relay's agent: a service whose rounds, deadlines and verdicts are those on the chain."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from fastapi import FastAPI

from sda.chain.contracts import Contracts
from sda.chain.following import FollowedRounds
from sda.chain.standing import StandingOnChain
from sda.messages import Domain
from sda.relay.local import LocalRelay
from sda.relay.service import Limits, make_app

VARIABLE = "SDA_RELAY_CONFIGURATION"
"""In the environment: what the processes of one service are to do."""


@dataclass(frozen=True)
class Configuration:
    """What a process of the service needs to know.

    Attributes:
        deployment: File of the deployment.
        urls: Of the nodes.
        database: A file, or the URL of a PostgreSQL database.
        limits: Fields of `Limits` that are not as by default.
    """

    deployment: str
    urls: tuple[str, ...]
    database: str
    limits: dict[str, int]

    def to_json(self) -> str:
        """For the environment."""
        return json.dumps(asdict(self))


def application() -> FastAPI:
    """The application of one process, as the environment says."""
    configuration = Configuration(**json.loads(os.environ[VARIABLE]))
    contracts = Contracts.connect(Path(configuration.deployment), *configuration.urls)
    return make_relay(contracts, configuration.database, Limits(**configuration.limits))


def make_relay(contracts: Contracts, place: str | Path, limits: Limits | None = None) -> FastAPI:
    """The relay of a deployment; `state.rounds` of the application follows the chain until it is stopped.

    Args:
        contracts: Of the deployment.
        place: A file, or the URL of a PostgreSQL database.
        limits: What it takes on.

    Raises:
        RelayError: The database is not to be had, or another contract's.
    """
    domain = Domain(contracts.chain.chain_id, contracts.rounds.address)
    rounds = FollowedRounds(contracts)
    standing = StandingOnChain(contracts.rounds.disputes)
    relay = LocalRelay(place, domain, clock=rounds.now, standing=standing, find=rounds.find)
    app = make_app(relay, domain, limits=limits, refresh=rounds.look, health=rounds.health)
    app.state.rounds = rounds
    rounds.start(relay.open_round)
    return app
