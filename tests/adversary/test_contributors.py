"""A contributor whose commitments are not those of its shares: it is left out, and the others' sum comes out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sda.audit import audit
from sda.errors import ContractError
from sda.messages import Contribution, Enrolment
from sda.relay import RefusedError
from sda.round import State
from tests.adversary.forger import other_correction, other_point
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast


def lie(cast: Cast, round_id: int, name: str, change: object) -> Contribution:
    """A contributor sends, signed, other commitments or corrections than those of its shares."""
    agent = cast.contributor(name)
    view = cast.rounds.view(round_id)
    honest = agent.outbox.prepare(view, agent.key, agent.enrol(), [1] * view.terms.length, agent.key.account.address)
    leaf = replace(honest.leaf, sums=change(honest.leaf.sums), signature=b"")  # type: ignore[operator]
    signed = leaf.sign(view.domain, agent.key.account, agent.enrolment.key.hash)
    sent = Contribution(signed, honest.padded)
    cast.relay.submit(sent.encode())
    return sent


# n = 5, R = 4: seat 4 is late.
@pytest.mark.parametrize("change", [other_point(0), other_point(3), other_correction(0)])
def test_wrong_commitment__is_excluded__and_the_rest_comes_out(cast: Cast, change: object) -> None:
    round_id = cast.open()
    total = cast.contribute(round_id, 2)
    sent = lie(cast, round_id, "liar", change)
    total = [left + right for left, right in zip(total, cast.contribute(round_id, 2), strict=True)]
    cast.developer.snapshot(round_id)
    cast.take_turns()
    assert [each.index for each in cast.rounds.disputes.exclusions(round_id)] == [5 + 2]
    cast.node.increase_time(make_terms().complaint_window + 1)
    assert cast.rounds.state(round_id) is State.SETTLING
    cast.run_all()
    cast.run_all()
    assert cast.developer.reveal(round_id) == total
    cast.settle()
    checks = audit(cast.rounds.view(round_id), cast.relay, cast.rounds.audit_events(round_id))
    assert [check for check in checks if not check.ok] == []
    liar = cast.contributor("liar")
    enrolment = Enrolment.decode(cast.relay.enrolments(sent.leaf.position, sent.leaf.position + 1))
    proof = cast.relay.claim_proof(sent.leaf.round_hash, liar.key.account.address)
    with pytest.raises(ContractError, match="AlreadyClaimed"):
        cast.rounds.claim(cast.developer.account, round_id, proof.index, sent.leaf, enrolment, proof.path)
    assert cast.contributors[0].claim(round_id, cast.developer.account)[0] == make_terms().reward
    assert cast.rounds.disputes.aside_until(liar.key.account.address) > 0


def test_put_aside__is_refused_at_the_door__and_returns_with_another_key(cast: Cast) -> None:
    round_id = cast.open()
    cast.contribute(round_id, 3)
    lie(cast, round_id, "liar", other_point(0))
    cast.developer.snapshot(round_id)
    old = cast.contributor("liar").enrolment.key
    cast.take_turns()
    liar = cast.contributor("liar")
    assert liar.enrolment.key != old, "of the old one a share was revealed"
    again = cast.open()
    with pytest.raises(RefusedError, match=r"put aside: .* sent a bad share"):
        liar.contribute(again, [1] * make_terms().length)
    cast.contribute(again, 3)
    cast.node.increase_time(cast.rounds.disputes.settings().aside_time)
    last = cast.open()
    cast.contribute(last, 2)
    liar.contribute(last, [1] * make_terms().length)
    assert cast.relay.position_of(liar.key.account.address) == liar.enrol()
    assert cast.relay.count(cast.rounds.view(last).round_hash) == 3


def test_rewards_earned_before__stay(cast: Cast) -> None:
    earlier = cast.open()
    cast.contribute(earlier, 3)
    cast.contributor("liar").contribute(earlier, [1] * make_terms().length)
    later = cast.open()
    cast.contribute(later, 3)
    lie(cast, later, "liar", other_point(1))
    for round_id in (earlier, later):
        cast.developer.snapshot(round_id)
    cast.take_turns()
    cast.node.increase_time(make_terms().complaint_window + 1)
    for _ in range(2):
        cast.run_all()
    cast.settle()
    liar = cast.contributor("liar")
    assert liar.claim(earlier, cast.developer.account)[0] == make_terms().reward
