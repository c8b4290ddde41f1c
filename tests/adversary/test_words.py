"""`sda dispute show` on real verdicts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sda.cli.disputes import _words
from sda.round import State
from tests.adversary.forger import Forger, other_point, other_sums
from tests.adversary.test_contributors import lie
from tests.adversary.test_withheld import mute
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast


def told(cast: Cast, round_id: int) -> list[str]:
    session: Any = SimpleNamespace(contracts=cast.contracts)
    return [_words(session, event) for event in cast.rounds.disputes.history(round_id) if "roundId" in event.values]


def test_a_contributor_left_out(cast: Cast) -> None:
    round_id = cast.open()
    cast.contribute(round_id)
    lie(cast, round_id, "liar", other_point(0))
    cast.developer.snapshot(round_id)
    cast.take_turns()
    cast.node.increase_time(make_terms().complaint_window + 1)
    cast.run_all()
    excluded, settled = told(cast, round_id)
    assert "committed to another share than it sent: its leaf 9 is left out and earns nothing" in excluded
    assert settled == "the leaves that were left out are settled: 4 contributors remain in the sum"


def test_a_false_tree(cast: Cast) -> None:
    round_id = cast.open()
    cast.contribute(round_id)
    Forger(cast, round_id).close({(1, 3): other_sums(other_point(3))})
    cast.run_all()
    (verdict,) = told(cast, round_id)
    assert verdict.startswith("a node of the developer's tree is not the sum of its children: 0x")
    assert cast.rounds.state(round_id) is State.FRAUD


def test_a_demand__answered_and_not(cast: Cast) -> None:
    round_id = cast.open()
    cast.contribute(round_id)
    lie(cast, round_id, "liar", other_point(0))
    cast.developer.snapshot(round_id)
    mute(cast)
    agent = cast.committee(round_id)[0]
    agent.run_once()
    cast.developer.answer_challenges(round_id)
    agent.run_once()
    cast.node.increase_time(cast.rounds.disputes.settings().challenge_window)
    agent.run_once()
    demanded, answered, again, silence = told(cast, round_id)
    assert demanded == "seat 0 could not get what is under node (4, 0) and demanded it for a bond of 1 tokens"
    assert answered == "the developer posted what was demanded, and got the bond"
    assert "node (3, " in again
    assert silence.startswith("the developer did not post what was demanded: 0x")
