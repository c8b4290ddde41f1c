"""A PyTorch network meets `sda.learning.models.Model`, and is trained in private rounds as any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from examples.pytorch.model import KIND, install
from sda.chain.devnet import Devnet
from sda.errors import LearningError
from sda.learning.configuration import UpdateRules
from sda.learning.models import ModelForm, evaluate, size_of
from sda.learning.plain import train_in_the_clear
from tests.learning.school import School, make_configuration, make_data
from tests.rounds.cast import Cast

install()
FORM = ModelForm(KIND, inputs=2, classes=2, hidden=3)


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path, clerks=4)
    yield cast
    cast.relay.close()


def test_shapes__are_the_modules__known_without_making_it() -> None:
    assert FORM.make().shapes == FORM.shapes
    assert FORM.make().vector.shape == (size_of(FORM.shapes),)


def test_first_weights__are_the_same_everywhere__and_follow_the_seed() -> None:
    assert (FORM.make().vector == FORM.make().vector).all()
    assert (ModelForm(KIND, 2, 2, 3, seed=1).make().vector != FORM.make().vector).any()


def test_gradient__is_the_slope_of_the_loss() -> None:
    model, (features, labels), step = FORM.make(), make_data(1), 1e-6
    start = model.vector
    _, slope = model.gradient(features, labels)
    for index in range(len(start)):
        losses = []
        for side in (-step, step):
            model.vector = start + side * np.eye(len(start))[index]
            losses.append(evaluate(model, features, labels).loss)
        assert slope[index] == pytest.approx((losses[1] - losses[0]) / (2 * step), abs=1e-6)


def test_vector__of_another_length_or_not_finite__is_refused() -> None:
    model = FORM.make()
    for wrong in (model.vector[:-1], np.full_like(model.vector, np.nan)):
        with pytest.raises(LearningError):
            model.vector = wrong


def test_training__is_the_training_in_the_clear(cast: Cast) -> None:
    configuration = make_configuration(model=FORM, update=UpdateRules(clip=1.0, slot_bits=24))
    school = School(cast, configuration)
    training = school.training()
    assert [training.step().outcome for _ in range(2)] == ["counted"] * 2
    *_, clear = train_in_the_clear(configuration, school.by_position, school.seeds)
    assert training.checkpoint.vector == pytest.approx(clear, abs=1e-4)
