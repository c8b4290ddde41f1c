"""Drafts on a chain: what is wrong is dropped before the snapshot; nobody complains, and no point is revealed."""

from __future__ import annotations

from sda.chain.structs import Round
from sda.round import State
from tests.adversary.forger import other_point
from tests.adversary.test_contributors import lie
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast


def finished(cast: Cast, round_id: int) -> Round:
    """The round, after everybody did what is due."""
    cast.take_turns()
    cast.past_complaints()
    cast.run_all()
    cast.settle()
    assert cast.rounds.state(round_id) is State.COMPLETED
    return cast.rounds.round(round_id)


def test_a_liar_in_the_draft__is_dropped__and_nothing_happens_to_it(cast: Cast) -> None:
    round_id = cast.open()
    total = cast.contribute(round_id, 3)
    sent = lie(cast, round_id, "liar", other_point(2))
    cast.developer.draft(round_id)
    deeds = [deed for deed in cast.run_all() if deed.action == "draft reviewed"]
    assert len(deeds) == make_terms().n
    assert [deed for deed in cast.run_all() if deed.action == "draft reviewed"] == [], "one draft, one review"
    named = {each.seat: each.leaves for each in cast.developer.reviews(round_id)}
    assert named[2] == (make_terms().n + 3,)
    collected, _ = cast.developer.snapshot(round_id)
    assert [each.position for each in collected.dropped] == [sent.leaf.position]
    assert finished(cast, round_id).excluded == 0
    assert cast.developer.reveal(round_id) == total
    liar = cast.contributor("liar")
    assert cast.rounds.disputes.aside_until(liar.key.account.address) == 0
    assert not cast.rounds.disputes.is_retired(liar.enrolment.key.hash)


def test_what_was_decided__is_not_decided_again(cast: Cast) -> None:
    """A snapshot may be on its way when the developer's process dies: the next one must be the same."""
    round_id = cast.open()
    cast.contribute(round_id, 3)
    lie(cast, round_id, "liar", other_point(0))
    cast.developer.draft(round_id)
    view = cast.rounds.view(round_id)
    decided = cast.developer._left_out(view, cast.developer.draft(round_id))
    assert decided == ([], []), "nobody had reviewed the draft yet"
    cast.run_all()
    assert any(each.leaves for each in cast.developer.reviews(round_id))
    collected, _ = cast.new_developer().snapshot(round_id)
    assert collected.dropped == ()


def test_without_a_draft__clerks_find_nothing_to_do(cast: Cast) -> None:
    round_id = cast.open()
    cast.contribute(round_id, 3)
    assert cast.run_all() == []
