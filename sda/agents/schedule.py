"""When a clerk has to look at its rounds again, by the chain's clock."""

from __future__ import annotations

from collections.abc import Iterator

from sda.agents.clerk import ClerkAgent
from sda.round import State

LOOKS_IN_A_WINDOW = 40
"""While something may come up that no event on chain tells of: a draft, files, a turn to complain."""
LONGEST_SECONDS = 60


def next_due(agent: ClerkAgent, now: int, *, leaving: bool = False) -> int:
    """The next moment at which a pass may have something to do, though nothing happens on chain.

    Args:
        agent: The clerk's.
        now: The newest block's time, unix seconds.
        leaving: Whether the stake is to be withdrawn as soon as it can be.

    Returns:
        Unix seconds, above `now`.
    """
    return min(moment for moment in _moments(agent, now, leaving) if moment > now)


def _moments(agent: ClerkAgent, now: int, leaving: bool) -> Iterator[int]:
    registry = agent.registry
    end = registry.epoch_end(registry.epoch_now())
    yield end  # the next key is registered in the second half, an old one deleted later
    yield end - registry.settings().epoch_length // 2
    yield now + registry.settings().epoch_length
    if leaving:
        yield agent.status()[1].withdrawable_at
    for round_id in agent.open_seats():
        yield from _round_moments(agent, round_id, now)


def _round_moments(agent: ClerkAgent, round_id: int, now: int) -> Iterator[int]:
    state, terms, ends = agent.rounds.state(round_id), agent.rounds.terms(round_id), agent.rounds.deadlines(round_id)
    yield from (ends.collect_end, ends.complaint_end, ends.row_end)
    window = {
        State.COLLECTING: terms.collect_window,
        State.DISPUTING: terms.complaint_window,
        State.SETTLING: terms.complaint_window,
        State.ANSWERING: terms.row_window,
    }.get(state)
    if window is not None:
        yield now + min(max(window // LOOKS_IN_A_WINDOW, 1), LONGEST_SECONDS)
