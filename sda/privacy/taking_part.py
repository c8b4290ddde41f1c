"""A contributor in a private round.

The order is what matters: the terms on chain are checked against the query that was shown, the round is counted, and
only then is anything sent.
"""

from __future__ import annotations

from sda.agents import ContributorAgent
from sda.contributor import check_round
from sda.messages import Contribution
from sda.privacy.counting import entry_of
from sda.privacy.ledger import Ledger
from sda.privacy.metrics.metric import Point
from sda.privacy.plan import Plan
from sda.privacy.query import Query
from sda.relay.interface import Receipt


def contribute(
    agent: ContributorAgent, ledger: Ledger, query: Query, round_id: int, point: Point, payout: bytes | None = None
) -> tuple[Contribution, Receipt]:
    """Send a data point to a private round.

    Args:
        agent: The contributor's.
        ledger: Of its device.
        query: As it was shown to whoever consented.
        round_id: Of a round that collects.
        point: Its data.
        payout: As for the agent.

    Raises:
        ParameterError: The round asks something else, promises less, or is below the contributor's minima.
        ProofError: It does not collect now.
        BudgetError: The budget does not allow it.
        EncodingError: The data is not what the query allows.
    """
    view = agent.contracts.rounds.view(round_id)
    plan = Plan.of(query, view.terms)
    vector = plan.encode(point)
    check_round(view, agent.pinned, agent.minima, agent.contracts.chain.now())
    ledger.reserve(agent.key.account.address, entry_of(view, plan))
    return agent.contribute(round_id, vector, payout)
