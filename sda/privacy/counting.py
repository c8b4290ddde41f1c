"""A round on chain and its entry in a ledger: how it is counted, how it ends, whether it is what was counted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sda.errors import ParameterError
from sda.privacy.ledger import Entry, Ledger
from sda.privacy.noise.accounting import Loss, epsilon_of
from sda.privacy.noise.noise import OVERFLOW_DELTA
from sda.privacy.noise.promise import Promise
from sda.privacy.plan import Plan
from sda.privacy.query import Query
from sda.round import RoundView, State, Terms

WITH_ROWS = frozenset({State.ANSWERING, State.COMPLETED, State.FAILED})
"""Rounds in which a row may have been broadcast. That none is on chain proves nothing: a reverted transaction showed
it too."""
ANNOUNCED = b"announcement:"
"""Begins the entry of a round whose query is known by its hash alone: a step of a training."""
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
    if entry.query.startswith(ANNOUNCED):
        _check_announced(entry, view)
        return
    loss = Plan.of(Query.from_yaml(entry.query), view.terms).loss
    if loss != entry.loss:
        raise ParameterError("loss", entry.loss, f"{loss}, as the terms on chain have it")


def _check_announced(entry: Entry, view: RoundView) -> None:
    """What the terms promise covers what is counted."""
    promise = Promise.of(view.terms.query)
    if promise.word(entry.query.removeprefix(ANNOUNCED)) != view.terms.query:
        raise ParameterError("query", f"0x{view.terms.query.hex()}", "the word of what was announced")
    if (epsilon := epsilon_of([entry.loss], promise.delta)) > promise.epsilon:
        raise ParameterError("loss", epsilon, f"at most {promise.epsilon:g}, as the terms on chain promise")


@dataclass(frozen=True)
class Announced:
    """A round as its terms on chain announce it, to somebody who need not know its query.

    Attributes:
        round_id: On its contract.
        state: Of the round.
        promise: From its query's word; None if it has no noise, or none that it tells of.
        released: Whether there is a snapshot: from then on its sum may have been told.
    """

    round_id: int
    state: State
    promise: Promise | None
    released: bool

    @classmethod
    def of(cls, round_id: int, state: State, terms: Terms, released: bool) -> Announced:
        """From what the chain says."""
        try:
            promise = Promise.of(terms.query) if terms.sigma else None
        except ParameterError:
            promise = None
        return cls(round_id, state, promise, released)


def announced_epsilon(rounds: Iterable[Announced], delta: float) -> float:
    """ε that somebody who took part in all these rounds lost at most, if they keep what they announce; infinite if one
    announces nothing, or the δ of all together exceed this one.

    Whether σ is what a round's ε needs is seen by whoever has its query: contributors check it before they send.
    """
    released = [each.promise for each in rounds if each.released]
    promises = [promise for promise in released if promise is not None]
    if len(promises) < len(released):
        return math.inf
    losses = [Loss(None, promise.epsilon, max(promise.delta, OVERFLOW_DELTA)) for promise in promises]
    return epsilon_of(losses, delta)
