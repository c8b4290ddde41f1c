"""Whole trainings on Anvil: what the model becomes, what the chain keeps, what survives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sda.agents.developer import DeveloperAgent
from sda.chain.devnet import Devnet
from sda.chain.rounds import Rounds
from sda.errors import LearningError, ProofError
from sda.learning.checkpoint import Checkpoint
from sda.learning.configuration import StopRules, UpdateRules
from sda.learning.member import Member, Part
from sda.learning.noticeboard import Noticeboard
from sda.learning.plain import train_in_the_clear
from sda.learning.server import ServerOptimiser
from sda.learning.training import Training
from sda.round import State
from tests.learning.school import COHORT, ONE, School, make_configuration, make_data
from tests.rounds.cast import Cast, killed


@pytest.fixture
def school(devnet: Devnet, tmp_path: Path) -> Iterator[School]:
    """Four clerks, a developer, four contributors; nothing was asked yet."""
    cast = Cast(devnet, tmp_path, clerks=4)
    yield School(cast)
    cast.relay.close()


def in_the_clear(school: School, rounds: int) -> Any:
    """The model after so many rounds of the same cohorts, without any of this."""
    *_, last = train_in_the_clear(school.configuration, school.by_position, school.seeds[:rounds])
    return last


def test_training__two_rounds__is_the_training_in_the_clear_and_everybody_is_paid(school: School) -> None:
    training = school.training()
    assert training.run(StopRules(rounds=2)) == "2 rounds are done"
    reports = training.checkpoint.reports
    assert [(each.outcome, each.contributors, each.settled) for each in reports] == [("counted", COHORT, True)] * 2
    # 24-bit slots: the sum differs from the exact one by a rounding step of each update; FedAdam divides by √v ≥ tau.
    assert training.checkpoint.vector == pytest.approx(in_the_clear(school, 2), abs=1e-3)
    rounds = school.cast.rounds
    for report in reports:
        assert set(report.gas) == {"request", "draw", "snapshot", "rows", "settle"}
        assert report.paid > COHORT * school.configuration.round.reward
        for member in school.members:
            amount, _ = member.agent.claim(report.round_id, training.agent.account)
            assert amount == school.configuration.round.reward
        assert rounds.pot(report.round_id).waiting == 0
    queries = [rounds.terms(report.round_id).query for report in reports]
    assert len(set(queries)) == 2
    assert reports[1].loss < reports[0].loss < training.score(np.zeros(6)).loss


STEPS: tuple[tuple[type, str], ...] = (
    (Noticeboard, "post"),
    (Checkpoint, "save"),  # announced
    (DeveloperAgent, "open"),
    (Checkpoint, "save"),  # opened
    (DeveloperAgent, "draw"),
    (DeveloperAgent, "snapshot"),
    (DeveloperAgent, "reveal"),
    (ServerOptimiser, "step"),
    (Training, "_end"),
)


def test_training__killed_at_every_step__goes_on_and_ends_the_same(school: School) -> None:
    """One round, in the course of which the developer's process ends before and after each step."""
    for owner, step in STEPS:
        for moment in ("before", "after"):
            if (owner, step, moment) == (Checkpoint, "save", "before"):
                continue  # as after the step before it
            with killed(owner, step, moment):  # type: ignore[arg-type]
                school.training().run(ONE)
    with killed(Rounds, "close", "after"):
        school.cast.silent = set(school.cast.clerks)  # they would close it
        training = school.training()
        assert training.reason_to_stop(ONE)
        school.node.increase_time(3600)
        training.run(ONE)
    training = school.training()
    training.run(ONE)
    assert school.cast.rounds.number() == 1, "no round was opened twice"
    assert [each.outcome for each in training.checkpoint.reports] == ["counted"]
    assert training.checkpoint.reports[0].settled
    assert training.checkpoint.vector == pytest.approx(in_the_clear(school, 1), abs=1e-3)


def test_round_that_fails__leaves_the_model_and_training_goes_on(school: School) -> None:
    """First too few contributors come, then no clerk answers, then all is well."""
    school.absent = {0, 1, 2}
    training = school.training()
    start = training.checkpoint.vector

    def rest(round_id: int | None, state: State) -> None:
        assert round_id is not None
        if state is State.COLLECTING and school.absent:
            school.contribute(round_id)
            school.node.increase_time(60)
            return
        school.rest(round_id, state)

    training._rest = rest
    first = training.step()
    assert first.outcome == "the round is abandoned"
    school.absent, school.cast.silent = set(), set(school.cast.clerks)
    second = training.step()
    assert second.outcome == "the round is failed"
    assert np.array_equal(training.checkpoint.vector, start)
    school.cast.silent = set()
    third = training.step()
    assert third.outcome == "counted"
    assert third.number == 0
    assert not np.array_equal(training.checkpoint.vector, start)
    assert len({school.cast.rounds.terms(each).query for each in range(3)}) == 3
    training.run(ONE)
    assert all(report.settled for report in training.checkpoint.reports)


def test_rounds_that_only_fail__end_the_training(school: School) -> None:
    school.absent = set(range(COHORT))
    training = school.training()
    training._rest = lambda round_id, state: (
        school.node.increase_time(700) if state is State.COLLECTING else school.rest(round_id, state)
    )
    assert training.run(StopRules(failures=1)) == "1 rounds failed in a row"


def test_others_who_are_faster__do_no_harm(school: School) -> None:
    """Somebody draws, and a clerk settles, between the developer's look and its transaction."""
    training, rounds = school.training(), school.cast.rounds
    stranger = school.cast.clerks[1].account
    real_draw, real_close = training.agent.draw, training.agent.close

    def draw(round_id: int) -> Any:
        rounds.draw(stranger, round_id)
        return real_draw(round_id)

    def close(round_id: int) -> Any:
        rounds.close(stranger, round_id)
        return real_close(round_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.agent, "draw", draw)
        patch.setattr(training.agent, "close", close)
        training.run(ONE)
    assert [(each.outcome, each.settled) for each in training.checkpoint.reports] == [("counted", True)]


def test_fewer_than_the_cohort__enough_at_the_end_of_the_window__count(school: School) -> None:
    school.absent = {2}
    training = school.training()
    report = training.step()
    assert (report.outcome, report.contributors) == ("counted", COHORT - 1)
    assert training.checkpoint.vector == pytest.approx(in_the_clear(school, 1), abs=1e-3)


def test_configuration__changed_half_way__is_refused_and_the_field_named(school: School) -> None:
    school.training().checkpoint.save(school.directory)
    other = make_configuration(server=ServerOptimiser("fedadam", rate=0.2))
    with pytest.raises(LearningError, match=r"begun otherwise, server\.rate: was 0\.1, is 0\.2"):
        school.training(other)


def test_checkpoint__damaged__is_refused(school: School) -> None:
    school.directory.mkdir(exist_ok=True)
    for content in (b"", b"PK\x03\x04 and nothing else", b"\x93NUMPY"):
        (school.directory / "training.npz").write_bytes(content)
        with pytest.raises(LearningError, match="is no checkpoint of a training"):
            school.training()


# ---------------------------------------------------------------------- contributors


def collecting(school: School) -> int:
    """The round that a training opened and drew."""
    with killed(DeveloperAgent, "draw", "after"):
        school.training().run(ONE)
    return school.cast.rounds.number() - 1


def test_member__sends_again__the_same_bytes(school: School) -> None:
    round_id = collecting(school)
    member = school.members[0]
    assert member.take_part(round_id) is Part.SENT
    view = school.cast.rounds.view(round_id)
    before = member.agent.outbox.stored(view, member.agent.key.account.address)
    assert member.take_part(round_id) is Part.SENT
    assert member.agent.outbox.stored(view, member.agent.key.account.address) == before
    assert school.cast.relay.count(view.round_hash) == 1


def test_member__another_model_than_on_chain__is_refused(school: School) -> None:
    round_id = collecting(school)
    query = school.cast.rounds.terms(round_id).query
    board = school.directory / "announcements"
    announcement = Noticeboard(board).fetch(query)
    lie = replace(announcement, vector=announcement.vector + 1e-9)
    (board / f"{query.hex()}.model").write_bytes(lie.encode())
    with pytest.raises(LearningError, match="another model, configuration or cohort"):
        school.members[0].take_part(round_id)


def test_member__whose_data_does_not_fit__sends_nothing(school: School) -> None:
    round_id = collecting(school)
    features, labels = make_data(1)
    spoilt = features.copy()
    spoilt[0, 0] = np.nan
    cases = {
        "is empty": (features[:0], labels[:0]),
        r"must be \(examples, 2\)": (features[:, :1], labels),
        "one for each example": (features, labels[1:]),
        "must be finite": (spoilt, labels),
        r"integers in \[0, 2\)": (features, labels + 1),
    }
    agent = school.members[0].agent
    for message, data in cases.items():
        with pytest.raises(LearningError, match=message):
            Member(agent, *data, school.members[0].board).take_part(round_id)
    view = school.cast.rounds.view(round_id)
    assert agent.outbox.stored(view, agent.key.account.address) is None


def test_member__whose_data_perplexes_the_model__sits_out(school: School) -> None:
    """The model knows the points; labels turned round are none of them."""
    view, announcement = school.cast.rounds.view(collecting(school)), school.training()._announced()
    strict = make_configuration(update=UpdateRules(clip=1.0, slot_bits=24, perplexity=1.5))
    *_, learned = train_in_the_clear(strict, school.by_position, [(bytes(32), school.positions)] * 20)
    asked = replace(announcement, configuration=strict, vector=learned)
    member = school.members[0]
    assert member.make_vector(view, asked) is not None
    assert replace(member, labels=1 - member.labels).make_vector(view, asked) is None


def test_sum_that_makes_the_model_worse__is_put_aside(school: School) -> None:
    """All contributors' labels are turned round: each update looks like any other, their sum does harm."""
    school.configuration = make_configuration(update=UpdateRules(clip=1.0, slot_bits=24, tolerance=0.1))
    for member in school.members:
        member.labels = 1 - member.labels
    training = school.training()
    report = training.step()
    assert report.outcome.startswith("its sum is of no use: it raises the loss on the public set")
    assert not training.checkpoint.vector.any()


def test_member__not_invited__sends_nothing(school: School) -> None:
    """A fifth contributor enrols after the announcement."""
    round_id = collecting(school)
    agent = school.cast.contributor("late")
    assert Member(agent, *make_data(5), school.members[0].board).take_part(round_id) is Part.NOT_INVITED


def test_member__too_late__is_refused(school: School) -> None:
    round_id = collecting(school)
    member = school.members[0]
    assert member.take_part(round_id) is Part.SENT
    school.node.increase_time(700)
    with pytest.raises(ProofError, match="takes no contributions"):
        school.members[1].take_part(round_id)
