"""A round on chain and its entry in a ledger: how it is counted, how it ends, whether it is what was counted."""

from __future__ import annotations

from sda.errors import ParameterError
from sda.privacy.ledger import Entry, Ledger
from sda.privacy.plan import Plan
from sda.privacy.query import Query
from sda.round import RoundView, State

WITH_ROWS = frozenset({State.ANSWERING, State.COMPLETED, State.FAILED})
"""Rounds in which a row may have been broadcast. That none is on chain proves nothing: a reverted transaction showed
it too."""
ENDED_EARLY = frozenset({State.ABANDONED, State.FRAUD})


def entry_of(view: RoundView, plan: Plan) -> Entry:
    """What a ledger holds of a round."""
    return Entry(view.round_hash, view.round_id, plan.query.canonical, plan.loss)


def note_end(ledger: Ledger, owner: bytes, view: RoundView) -> None:
    """Bring an entry up to date with its round on chain.

    A round that ended without a snapshot never had a set for which a clerk could send a row: it stops counting. One
    that ended between its snapshot and its rows goes on counting: nobody can tell what was broadcast.
    """
    if view.state in WITH_ROWS:
        ledger.release(owner, view.round_hash)
    elif view.state in ENDED_EARLY and view.closed is None:
        ledger.discard(owner, view.round_hash)


def check_entry(entry: Entry, view: RoundView) -> None:
    """Audit an entry: it is of this round, whose terms carry its query and cost what is counted.

    Raises:
        ParameterError: It is not, or they do not.
    """
    if view.round_hash != entry.round_hash:
        raise ParameterError("round", entry.round_id, "the round that is counted: this is another chain or contract")
    loss = Plan.of(Query.from_yaml(entry.query), view.terms).loss
    if loss != entry.loss:
        raise ParameterError("loss", entry.loss, f"{loss}, as the terms on chain have it")
