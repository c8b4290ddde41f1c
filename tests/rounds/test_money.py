"""Rounds of several parameters with silent, wrong and helpless seats: the sum, and every balance to the last unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sda.errors import ProofError
from sda.params import DEMO, TEST, Parameters
from sda.round import State
from tests.rounds.conftest import MakeStage
from tests.rounds.ledger import Behaviour, Holdings, expected, finish, withdraw_all

ALL_NEEDED = Parameters(n=4, t=2, k=2, length=20, bits=1, maximum=50)
MANY_LATE = Parameters(n=10, t=1, k=1, length=60, bits=8, maximum=50)
SIGNED = Parameters(n=6, t=2, k=2, length=90, bits=16, maximum=50, offset=30_000)
BIG = Parameters(n=16, t=7, k=4, length=100, bits=1, maximum=2000)

COMPLETED = [
    pytest.param(TEST, Behaviour(claims=4), id="all-right"),
    pytest.param(TEST, Behaviour(silent=(4,), claims=2), id="one-silent"),
    pytest.param(TEST, Behaviour(wrong=(0,), claims=0), id="one-wrong"),
    pytest.param(DEMO, Behaviour(silent=(7,), wrong=(2,), claims=1), id="silent-and-wrong"),
    pytest.param(DEMO, Behaviour(no_data=(5, 6), claims=4), id="without-data"),
    pytest.param(ALL_NEEDED, Behaviour(claims=3), id="every-row-needed"),
    pytest.param(MANY_LATE, Behaviour(silent=(0, 1, 2, 3), wrong=(4, 5), no_data=(6, 7), claims=4), id="late-rows"),
    pytest.param(SIGNED, Behaviour(silent=(1,), wrong=(5,), claims=2), id="signed-and-long-rows"),
    pytest.param(BIG, Behaviour(silent=(0, 15), wrong=(1, 14), no_data=(8,), claims=4), id="n16"),
]

FAILED = [
    pytest.param(TEST, Behaviour(silent=(0, 1, 2, 3, 4)), id="all-silent"),
    pytest.param(TEST, Behaviour(silent=(0,), wrong=(1,)), id="one-row-short"),
    pytest.param(DEMO, Behaviour(wrong=(0, 1, 2), no_data=(3,)), id="wrong-and-without-data"),
    pytest.param(ALL_NEEDED, Behaviour(silent=(3,)), id="every-row-needed"),
]


@pytest.mark.parametrize(("parameters", "did"), [*COMPLETED, *FAILED])
def test_round(make_stage: MakeStage, parameters: Parameters, did: Behaviour) -> None:
    stage = make_stage(parameters)
    stage.request()
    before = Holdings.of(stage)
    stage.draw()
    stage.contribute(4)
    collected = stage.collect()
    stage.rounds.snapshot(stage.developer, stage.round_id, collected.snapshot)
    for seat in stage.view().seats:
        if seat.index in did.no_data:
            stage.rounds.declare_no_data(stage.account(seat), stage.round_id, seat.index)
    stage.node.increase_time(stage.terms.complaint_window + 1)
    stage.answer_all(silent=(*did.silent, *did.no_data), wrong=did.wrong)

    rows = len(did.right(parameters.n))
    if rows >= parameters.reconstruction:
        assert stage.reveal() == stage.expected
    else:
        with pytest.raises(ProofError, match=f"has {rows} accepted rows, must have {parameters.reconstruction}"):
            stage.reveal()

    if did.silent:
        stage.node.increase_time(stage.terms.row_window)
    finish(stage, did)
    wanted = State.COMPLETED if rows >= parameters.reconstruction else State.FAILED
    assert stage.rounds.state(stage.round_id) is wanted
    assert Holdings.of(stage) == expected(before, stage, did, count=4)


def test_round__given_up(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.request()
    before, quote = Holdings.of(stage), stage.rounds.quote(stage.terms)
    stage.draw()
    stage.contribute(1)
    stage.rounds.abandon(stage.developer, stage.round_id)
    withdraw_all(stage)
    burned, flat = stage.rounds.settings().abort_burn, stage.terms.flat_fee
    committee = {stage.account(seat).address for seat in stage.view().seats}
    assert Holdings.of(stage) == replace(
        before,
        developer=before.developer + quote.total - burned - stage.terms.n * flat,
        clerks={who: amount + flat * (who in committee) for who, amount in before.clerks.items()},
        supply=before.supply - burned,
        rounds=0,
    )


def test_round__nobody_had_data__is_given_up(make_stage: MakeStage) -> None:
    stage = make_stage(ALL_NEEDED)
    stage.request()
    before, quote = Holdings.of(stage), stage.rounds.quote(stage.terms)
    stage.draw()
    stage.contribute(2)
    stage.contribute(1)
    stage.rounds.snapshot(stage.developer, stage.round_id, stage.collect().snapshot)
    for seat in stage.view().seats:
        stage.rounds.declare_no_data(stage.account(seat), stage.round_id, seat.index)
    assert stage.rounds.state(stage.round_id) is State.ABANDONED
    stage.rounds.close(stage.accounts[0], stage.round_id)
    withdraw_all(stage)
    settings = stage.rounds.settings()
    burned = settings.no_data_burn
    committee = {stage.account(seat).address for seat in stage.view().seats}
    assert Holdings.of(stage) == replace(
        before,
        developer=before.developer + quote.total - settings.abort_burn - 4 * burned,
        clerks={who: amount - burned * (who in committee) for who, amount in before.clerks.items()},
        supply=before.supply - settings.abort_burn - 8 * burned,
        registry=before.registry - 4 * burned,
        stakes=before.stakes - 4 * burned,
        rounds=0,
    )


def test_round__never_drawn(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.request()
    before, quote = Holdings.of(stage), stage.rounds.quote(stage.terms)
    settings = stage.contracts.deployment.settings
    stage.node.mine(settings.rounds.seed_delay + settings.registry.draw_window + 2)
    stage.rounds.close(stage.accounts[0], stage.round_id)
    withdraw_all(stage)
    burned = settings.rounds.abort_burn + stage.terms.n * stage.terms.flat_fee
    assert Holdings.of(stage) == replace(
        before, developer=before.developer + quote.total - burned, supply=before.supply - burned, rounds=0
    )
