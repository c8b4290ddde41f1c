"""Trainings with noise by the clerks: what they promise, how it is kept, and that everybody counts it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sda.chain.devnet import Devnet
from sda.errors import LearningError, ParameterError
from sda.learning.configuration import Configuration, PrivacyRules, UpdateRules
from sda.learning.plain import train_in_the_clear
from sda.learning.privacy import PrivateCode
from sda.learning.server import ServerOptimiser
from sda.privacy.counting import check_entry
from sda.privacy.ledger import Budget, BudgetError, Ledger, Status
from sda.privacy.noise.accounting import epsilon_of
from sda.privacy.noise.dealing import noise_of
from sda.privacy.noise.promise import Promise
from sda.privacy.noise.vector import gaussian_noise
from sda.round import State
from tests.learning.school import COHORT, School, make_configuration
from tests.rounds.cast import Cast

RULES = PrivacyRules(epsilon=8.0, delta=1e-5, rounds=3)


def private(rules: PrivacyRules = RULES) -> Configuration:
    update, server = UpdateRules(1.0, slot_bits=30), ServerOptimiser("fedavg", rate=1.0)
    return make_configuration(server=server, update=update, privacy=rules)


def code_of(configuration: Configuration) -> PrivateCode:
    assert configuration.private is not None
    return configuration.private


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path, clerks=4)
    yield cast
    cast.relay.close()


# ---------------------------------------------------------------------- the plan


@pytest.mark.parametrize("rounds", [1, 3, 25])
@pytest.mark.parametrize("epsilon", [0.5, 8.0])
def test_all_rounds_together__cost_what_is_promised__and_hardly_less(epsilon: float, rounds: int) -> None:
    planned = code_of(private(PrivacyRules(epsilon, 1e-5, rounds)))
    spent = epsilon_of([planned.loss] * rounds, 1e-5)
    assert 0.99 * epsilon < spent <= epsilon
    assert epsilon_of([planned.loss] * (rounds + 1), 1e-5) > epsilon


def test_updates_and_noise__fit_into_the_slots__with_the_most_bits() -> None:
    configuration = private()
    planned, parameters = code_of(configuration), configuration.parameters
    assert parameters.slot_bits <= 30
    finer = replace(planned.code, bits=planned.code.bits + 1)
    assert finer.bits > planned.code.bits
    assert planned.bound == planned.noise.bound(planned.code.length, 3)
    wider = gaussian_noise(RULES.epsilon, RULES.delta, finer.sensitivity, finer.length, 2, RULES.rounds)
    assert wider is not None
    assert (COHORT * ((1 << finer.bits) - 1) + 2 * 3 * wider.bound(finer.length, 3)).bit_length() > 30


def test_the_terms__tell_clerks_what_to_draw__and_anyone_what_it_costs() -> None:
    configuration = private()
    terms, planned = configuration.terms(b"\7" * 32), code_of(configuration)
    assert noise_of(terms) == planned.noise
    promise = Promise.of(terms.query)
    assert promise.word(b"\7" * 32) == terms.query
    assert epsilon_of([planned.loss], promise.delta) <= promise.epsilon
    assert promise.delta == pytest.approx(1e-5 / 3)


@pytest.mark.parametrize(
    ("field", "rules"),
    [
        ("privacy.epsilon", {"epsilon": 0.0}),
        ("privacy.epsilon", {"epsilon": math.nan}),
        ("privacy.delta", {"delta": 1.0}),
        ("privacy.rounds", {"rounds": 0}),
        ("privacy.silent", {"silent": 2}),
    ],
)
def test_rules_out_of_range__are_named(field: str, rules: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=field):
        private(replace(RULES, **rules))  # type: ignore[arg-type]


def test_slots_without_room_for_the_noise__are_refused() -> None:
    with pytest.raises(ParameterError, match="slot_bits"):
        make_configuration(update=UpdateRules(1.0, slot_bits=8), privacy=RULES)


# ---------------------------------------------------------------------- on a chain


def test_training__moves_by_the_mean_and_all_noise__and_everybody_counts_it(cast: Cast) -> None:
    configuration = private()
    school = School(cast, configuration)
    training = school.training()
    assert training.step().outcome == "counted"
    *_, clear = train_in_the_clear(replace(configuration, privacy=None), school.by_position, school.seeds)
    scale = configuration.code.scale
    noise = np.sum(cast.noise, axis=0) / scale / COHORT
    assert len(cast.noise) == configuration.round.n
    assert training.checkpoint.vector == pytest.approx(clear + noise, abs=3 / scale)
    assert np.abs(noise).max() > 10 / scale

    view = cast.rounds.view(0)
    ledgers = [(school.ledger, cast.developer.account.address)]
    ledgers += [(member.ledger(), member.agent.key.account.address) for member in school.members if member.ledger]
    for ledger, owner in ledgers:
        (entry,) = ledger.entries(owner)
        assert entry.loss == code_of(configuration).loss
        check_entry(entry, view)
        assert 0 < ledger.spent(owner, 1e-5) < RULES.epsilon
    assert school.ledger.entries(cast.developer.account.address)[0].status is Status.RELEASED


def test_a_device_without_budget__sends_nothing(cast: Cast) -> None:
    school = School(cast, private())
    poor = school.members[0]
    assert poor.ledger is not None
    poor.ledger().set_budget(poor.agent.key.account.address, Budget(0.01, 1e-5))
    with pytest.raises(BudgetError):
        school.training().step()
    assert poor.ledger().entries(poor.agent.key.account.address) == []
    assert cast.relay.count(cast.rounds.view(0).round_hash) == 0


def test_a_developer_without_budget__pays_nothing(cast: Cast) -> None:
    school = School(cast, private())
    school.ledger.set_budget(cast.developer.account.address, Budget(0.01, 1e-5))
    with pytest.raises(BudgetError):
        school.training().step()
    assert cast.rounds.number() == 0


def test_a_training_with_noise__without_a_ledger__is_refused(cast: Cast) -> None:
    school = School(cast, private())
    with pytest.raises(LearningError, match="ledger"):
        school.training(ledger=None)


def test_a_round_with_other_noise_than_promised__is_refused(cast: Cast) -> None:
    configuration = private()
    planned = code_of(configuration)
    weaker = replace(configuration.terms(b"\1" * 32), sigma=planned.noise.scaled_sigma // 2)
    round_id, _ = cast.developer.open(weaker)
    cast.node.mine(cast.rounds.settings().seed_delay + 1)
    cast.developer.draw(round_id)
    assert cast.rounds.state(round_id) is State.COLLECTING
    with pytest.raises(LearningError, match="sigma"):
        planned.entry(cast.rounds.view(round_id), b"\1" * 32)


def test_a_ledger__tells_an_entry_from_another_rounds(cast: Cast, tmp_path: Path) -> None:
    configuration = private()
    round_id, _ = cast.developer.open(configuration.terms(b"\1" * 32))
    cast.node.mine(cast.rounds.settings().seed_delay + 1)
    cast.developer.draw(round_id)
    view = cast.rounds.view(round_id)
    entry = code_of(configuration).entry(view, b"\1" * 32)
    check_entry(entry, view)
    with pytest.raises(ParameterError, match="query"):
        check_entry(replace(entry, query=entry.query[:-1]), view)
    assert entry.loss.multiplier is not None
    with pytest.raises(ParameterError, match="loss"):
        check_entry(replace(entry, loss=replace(entry.loss, multiplier=entry.loss.multiplier / 2)), view)
    assert Ledger(tmp_path / "somewhere").entries(b"\0" * 20) == []
