"""A developer with a query: from asking it to its results, and the ledger of what it had released.

A round is counted before its collection is closed: what is released after that is in the ledger whenever the developer
crashes. That there is budget is seen before anything is paid.
"""

from __future__ import annotations

from typing import Any

from sda.agents import DeveloperAgent
from sda.chain.structs import Outcome
from sda.developer import Collected
from sda.privacy.counting import entry_of
from sda.privacy.ledger import Ledger
from sda.privacy.plan import Plan
from sda.privacy.query import Query
from sda.privacy.results import Results
from sda.round import RoundView


def ask(agent: DeveloperAgent, ledger: Ledger, plan: Plan, **agreed: Any) -> int:
    """Request a round; returns its id.

    Args:
        agent: The developer's, which pays.
        ledger: The developer's.
        plan: Of the query.
        agreed: Minimum, windows and money, as for `Terms.for_parameters`.

    Raises:
        BudgetError: The developer's budget does not allow it; nothing is paid.
        ContractError: The contract refused.
    """
    ledger.afford(agent.account.address, plan.loss)
    round_id, _ = agent.open(plan.terms(**agreed))
    return round_id


def draw(agent: DeveloperAgent, ledger: Ledger, query: Query, round_id: int) -> Outcome:
    """Draw the committee and count the round."""
    outcome, _ = agent.draw(round_id)
    if outcome is Outcome.DRAWN:
        _count(agent, ledger, query, round_id)
    return outcome


def close_collection(agent: DeveloperAgent, ledger: Ledger, query: Query, round_id: int) -> Collected:
    """Take the snapshot, after the round is counted; run it again after a crash.

    Raises:
        BudgetError: Other rounds have used the budget up.
        ParameterError: The round is another query's, or has too few contributions or too little noise.
        ProofError: It does not collect now.
    """
    _count(agent, ledger, query, round_id)
    collected, _ = agent.snapshot(round_id)
    return collected


def results(agent: DeveloperAgent, ledger: Ledger, query: Query, round_id: int) -> Results:
    """What a round found, once R rows are there.

    Raises:
        ParameterError: The round is another query's.
        ProofError: Too few rows, or the snapshot was not taken by this developer.
    """
    view, plan = _count(agent, ledger, query, round_id)
    sums = agent.reveal(round_id)
    ledger.release(agent.account.address, view.round_hash)
    closed, snapshot = view.closed, agent.rounds.published_snapshot(round_id)
    final = closed.answered_set(snapshot.closed_set) if closed else snapshot.closed_set
    return plan.decode(sums, final.count, final.noise.bit_count())


def _count(agent: DeveloperAgent, ledger: Ledger, query: Query, round_id: int) -> tuple[RoundView, Plan]:
    view = agent.rounds.view(round_id)
    plan = Plan.of(query, view.terms)
    ledger.reserve(agent.account.address, entry_of(view, plan))
    return view, plan
