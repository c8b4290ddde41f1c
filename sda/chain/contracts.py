"""All contracts of a deployment, ready for use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sda.chain.client import Chain
from sda.chain.contract import LOG_RANGE
from sda.chain.deploy import Deployment
from sda.chain.registry import Registry
from sda.chain.rounds import Rounds
from sda.chain.token import Token


@dataclass(frozen=True)
class Contracts:
    """The contracts of a deployment on a chain.

    Attributes:
        chain: The connection.
        deployment: Where they are.
        token, registry, rounds: The wrappers.
    """

    chain: Chain
    deployment: Deployment
    token: Token
    registry: Registry
    rounds: Rounds

    def touched(self, first: int, last: int) -> bool:
        """Whether any of the contracts announced anything in these blocks; one node that says so is enough."""
        disputes, checks = self.rounds.disputes, self.rounds.checks
        addresses = [self.registry.address, self.rounds.address]
        addresses += [disputes.address, disputes.frauds.address, checks.address]
        return last - first >= LOG_RANGE or self.chain.has_logs(addresses, first, last)

    @classmethod
    def of(cls, chain: Chain, deployment: Deployment) -> Contracts:
        """The contracts of a deployment, once it is checked that they are there.

        Raises:
            ChainError: Another chain, or an address without code.
        """
        deployment.check(chain)
        since = deployment.block
        registry = Registry(chain, deployment.registry, since)
        return cls(
            chain=chain,
            deployment=deployment,
            token=Token(chain, deployment.token, since),
            registry=registry,
            rounds=Rounds(chain, deployment.rounds, registry, since),
        )

    @classmethod
    def connect(cls, file: Path, *urls: str) -> Contracts:
        """The contracts of a deployment file, through these nodes.

        Args:
            file: As `Deployment.save` wrote it.
            urls: Of the nodes; the first takes transactions, all must agree on what is signed.

        Raises:
            UnreachableError: A node does not answer.
            ChainError: No such file, another chain, or an address without code.
        """
        deployment = Deployment.load(file)
        return cls.of(Chain(*urls, chain_id=deployment.chain_id), deployment)
