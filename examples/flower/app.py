"""A Flower app made private: what is marked [sda] was added, the rest is as it was.

Every client fits a line through its own points; FedAdam puts the lines together.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from sda.agents import ContributorAgent
from sda.chain.contracts import Contracts
from sda.contributor import Minima
from sda.keys import Identity
from sda.learning.flower import PrivateMod  # [sda]
from sda.messages import Domain
from sda.relay import LocalRelay, Relay
from sda.relay.client import SCHEMES, HttpRelay

PARAMETERS = 3


def contributor(context: Context) -> ContributorAgent:
    """Who this client is in private rounds: keys in SDA_HOME/contributor-N, chain and relay as the environment says."""
    home, place = Path(os.environ["SDA_HOME"]), os.environ["SDA_RELAY"]
    contracts = Contracts.connect(home / "deployment.json", os.environ["SDA_RPC"])
    domain = Domain(contracts.chain.chain_id, contracts.rounds.address)
    web = place.startswith(SCHEMES)
    relay: Relay = HttpRelay(place, domain) if web else LocalRelay(place, domain, clock=contracts.chain.now)
    directory = home / f"contributor-{context.node_config['partition-id']}"
    identity = Identity.load(directory, os.environ["SDA_PASSWORD"])
    return ContributorAgent(contracts, identity, relay, directory, Minima(n=3, t=1, minimum=3))


def train(message: Message, context: Context) -> Message:
    """Twenty steps of gradient descent on this client's points."""
    features, targets = points(int(context.node_config["partition-id"]))
    (arrays,) = message.content.array_records.values()
    weights = arrays["weights"].numpy()
    for _ in range(20):
        weights = weights - 0.1 * features.T @ (features @ weights - targets) / len(targets)
    content = RecordDict(
        {
            "arrays": ArrayRecord({"weights": Array(weights)}),
            "metrics": MetricRecord({"num-examples": 1, "largest-target": float(np.max(targets))}),
        }
    )
    return Message(content=content, reply_to=message)


app = ClientApp(mods=[PrivateMod(contributor)])  # [sda] mods=[…]
app.train()(train)


def points(client: int) -> tuple[np.ndarray, np.ndarray]:
    """A client's own."""
    generator = np.random.default_rng(client)
    features = generator.normal(size=(30, PARAMETERS))
    return features, features @ np.array([1.0, -2.0, 0.5]) + generator.normal(0, 0.1, 30)


def first_arrays() -> ArrayRecord:
    """The model before training."""
    return ArrayRecord({"weights": Array(np.zeros(PARAMETERS))})
