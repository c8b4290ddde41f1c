"""A contributor in a private round, and what its ledger learns of the round's end.

The order is what matters: the terms on chain are checked against the query that was shown, the round is counted, and
only then is a vector encoded and sent.
"""

from __future__ import annotations

import math

from sda.agents import ContributorAgent
from sda.contributor import check_round
from sda.errors import ParameterError
from sda.messages import Contribution
from sda.privacy.ledger import Entry, Ledger, Status
from sda.privacy.metrics.metric import Point
from sda.privacy.plan import Plan
from sda.privacy.query import Query
from sda.relay.interface import Receipt
from sda.round import RoundView, State, Terms

WITHOUT_ROWS = frozenset({State.MISSED, State.UNDRAWABLE, State.ABANDONED, State.FRAUD})
"""Rounds that ended before clerks send rows."""
WITH_ROWS = frozenset({State.ANSWERING, State.COMPLETED, State.FAILED})
"""Rounds in which a row may have been broadcast. That none is on chain proves nothing: a reverted transaction showed
it too."""


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


def entry_of(view: RoundView, plan: Plan) -> Entry:
    """What a ledger holds of a round."""
    return Entry(view.round_hash, view.round_id, plan.query.canonical, plan.loss)


def note_end(ledger: Ledger, owner: bytes, entry: Entry, state: State) -> Status:
    """Bring an entry up to date with the state of its round on chain."""
    if state in WITH_ROWS and entry.status is not Status.RELEASED:
        ledger.release(owner, entry.round_hash)
        return Status.RELEASED
    if state in WITHOUT_ROWS and entry.status is Status.RESERVED:
        ledger.discard(owner, entry.round_hash)
        return Status.UNUSED
    return entry.status


def check_entry(entry: Entry, terms: Terms) -> None:
    """Audit an entry: the terms on chain carry this query, and cost what is counted.

    Raises:
        ParameterError: They do not.
    """
    plan = Plan.of(Query.from_yaml(entry.query), terms)
    if not math.isclose(plan.loss.rho, entry.loss.rho, rel_tol=1e-9):
        raise ParameterError("loss", entry.loss, f"{plan.loss}, as the terms on chain have it")
