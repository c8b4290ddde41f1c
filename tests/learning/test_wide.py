"""A training whose updates fill several chunks: wide rounds, the same model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sda.chain.devnet import Devnet
from sda.learning.configuration import UpdateRules
from sda.learning.costs import gas_by_step
from sda.learning.models import ModelForm
from sda.learning.plain import train_in_the_clear
from tests.learning.school import School, make_configuration
from tests.rounds.cast import Cast


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path, clerks=4)
    yield cast
    cast.relay.close()


def test_training__in_wide_rounds__is_the_training_in_the_clear(cast: Cast) -> None:
    """36 parameters in slots of 34 bits fill six elements: three chunks of two columns each."""
    base = make_configuration(model=ModelForm("softmax", 2, 12), update=UpdateRules(1.0, slot_bits=34))
    configuration = replace(base, round=replace(base.round, chunk=3))
    assert configuration.parameters.chunks == 3
    school = School(cast, configuration)
    training = school.training()
    reports = [training.step() for _ in range(2)]
    assert [report.outcome for report in reports] == ["counted"] * 2
    assert cast.rounds.round(0).wide
    gas = gas_by_step(cast.contracts, 0)
    assert gas.keys() >= {"request", "draw", "snapshot", "rows"}
    assert gas["rows"] > configuration.round.n * 50_000
    *_, clear = train_in_the_clear(configuration, school.by_position, school.seeds)
    assert training.checkpoint.vector == pytest.approx(clear, abs=1e-6)
