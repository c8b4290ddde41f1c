"""Models, their gradients and hashes; local training; server optimisers against their formulas written out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.crypto.hashes import keccak
from sda.errors import LearningError, ParameterError
from sda.learning.device import LocalTraining, perplexity
from sda.learning.models import (
    MLP,
    Model,
    ModelForm,
    Softmax,
    check_data,
    evaluate,
    model_hash,
    register,
    size_of,
)
from sda.learning.server import OPTIMISERS, ServerOptimiser
from tests.learning.school import make_configuration, make_data

MODELS: dict[str, Model] = {"softmax": Softmax(4, 3), "mlp": MLP(4, 5, 3, seed=2)}


def some_batch() -> tuple[Any, Any]:
    """Seven examples of four features in three classes."""
    generator = np.random.default_rng(8)
    return generator.normal(size=(7, 4)), generator.integers(0, 3, 7)


@pytest.mark.parametrize("name", MODELS)
def test_gradient__is_the_slope_of_the_loss(name: str) -> None:
    """By central differences in every coordinate."""
    model, (features, labels) = MODELS[name], some_batch()
    start = np.random.default_rng(9).normal(size=size_of(model.shapes)) * 0.5
    model.vector = start
    _, slope = model.gradient(features, labels)
    step = 1e-5
    for index in range(len(start)):
        losses = []
        for sign in (1, -1):
            moved = start.copy()
            moved[index] += sign * step
            model.vector = moved
            losses.append(model.gradient(features, labels)[0])
        assert slope[index] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_predict__is_the_class_of_least_loss(name: str) -> None:
    model, (features, _) = MODELS[name], some_batch()
    for row, predicted in zip(features, model.predict(features), strict=True):
        losses = [model.gradient(row[None], np.array([label]))[0] for label in range(3)]
        assert losses[predicted] == min(losses)


@pytest.mark.parametrize("name", MODELS)
def test_vector__is_a_copy_and_refuses_what_does_not_fit(name: str) -> None:
    model = MODELS[name]
    taken = model.vector
    taken += 1.0
    assert not np.array_equal(model.vector, taken)
    for bad in (taken[:-1], np.append(taken, 0.0), np.full_like(taken, np.nan)):
        with pytest.raises(LearningError, match="parameters"):
            model.vector = bad


def test_loss__of_scores_beyond_floating_point__is_finite() -> None:
    model = Softmax(1, 2)
    model.vector = np.array([1e6, -1e6, 0.0, 0.0])
    loss, slope = model.gradient(np.array([[1.0]]), np.array([1]))
    assert loss == pytest.approx(2e6)
    assert np.isfinite(slope).all()


def test_model_hash__is_keccak_of_shapes_and_parameters() -> None:
    shapes, vector = ((1, 2), (2,)), np.array([0.5, -1.0, 2.0, 0.0])
    head = bytes.fromhex("000000020000000200000001000000020000000100000002")
    body = bytes.fromhex("3fe0000000000000bff000000000000040000000000000000000000000000000")
    assert model_hash(shapes, vector) == keccak(head + body)


def test_model_hash__differs_with_every_bit_and_shape() -> None:
    vector = np.array([0.5, -1.0, 2.0, 0.0])
    hashes = {model_hash(shapes, vector) for shapes in (((4,),), ((2, 2),), ((2,), (2,)), ((4, 1),))}
    hashes.add(model_hash(((4,),), np.nextafter(vector, 3)))
    assert len(hashes) == 5
    with pytest.raises(LearningError, match="must be"):
        model_hash(((3,),), vector)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"kind": "cnn"}, "kind"), ({"inputs": 0}, "inputs"), ({"classes": 1}, "classes"), ({"hidden": 3}, "hidden")],
)
def test_form__out_of_range__names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ParameterError, match=f"^{field} = "):
        ModelForm(**{"kind": "softmax", "inputs": 2, "classes": 2, **changes})


@pytest.mark.parametrize("form", [ModelForm("softmax", 4, 3), ModelForm("mlp", 4, 3, hidden=5)])
def test_form__has_the_shapes_of_what_it_makes(form: ModelForm) -> None:
    assert form.make().shapes == form.shapes


def test_check_data__labels_of_another_type__are_refused() -> None:
    with pytest.raises(LearningError, match="labels: must be integers"):
        check_data(np.zeros((2, 1)), np.array([0.0, 1.0]), 1, 2)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- on the device


def test_update__is_gradient_descent_and_leaves_the_model() -> None:
    """One pass in one batch is one step down the gradient."""
    model, (features, labels) = Softmax(4, 3), some_batch()
    _, slope = model.gradient(features, labels)
    update = LocalTraining(epochs=1, batch=7, rate=0.25).update(model, features, labels, [1])
    assert update == pytest.approx(-0.25 * slope)
    assert not model.vector.any()


def test_update__proximal__pulls_back_to_the_start() -> None:
    """Two steps, the second from x1: the term adds -rate·μ·(x1 - x0)."""
    model, (features, labels) = Softmax(4, 3), some_batch()
    plain = LocalTraining(epochs=2, batch=7, rate=0.25).update(model, features, labels, [1])
    first = LocalTraining(epochs=1, batch=7, rate=0.25).update(model, features, labels, [1])
    pulled = LocalTraining(epochs=2, batch=7, rate=0.25, proximal=0.8).update(model, features, labels, [1])
    assert pulled == pytest.approx(plain - 0.25 * 0.8 * first)


def test_update__that_goes_astray__is_an_error_and_leaves_the_model() -> None:
    model = Softmax(1, 2)
    with pytest.raises(LearningError, match="finite"), np.errstate(all="ignore"):
        LocalTraining(epochs=50, batch=1, rate=1e300).update(model, np.array([[1e10], [-1e10]]), np.array([0, 0]), [1])
    assert not model.vector.any()


def test_perplexity__of_a_model_that_knows_nothing__is_the_number_of_classes() -> None:
    features, labels = make_data(1, 40)
    model = Softmax(2, 2)
    assert perplexity(model, features, labels) == pytest.approx(2)
    model.vector = LocalTraining().update(model, features, labels, [1])
    assert perplexity(model, features, labels) < 1.2
    assert perplexity(model, features, 1 - labels) > 2, "labels turned round"


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("epochs", 1001), ("batch", 0), ("rate", 0.0), ("rate", math.inf), ("proximal", -0.1)],
)
def test_local_training__out_of_range__names_the_field(field: str, value: float) -> None:
    with pytest.raises(ParameterError, match=f"^{field} = "):
        LocalTraining(**{field: value})  # type: ignore[arg-type]


# ---------------------------------------------------------------------- at the server

vectors = st.lists(st.floats(-10, 10), min_size=3, max_size=3).map(np.array)


@given(st.lists(vectors, min_size=1, max_size=5))
def test_fedavg__adds_the_mean_update(updates: list[Any]) -> None:
    optimiser, vector = ServerOptimiser("fedavg", rate=0.5), np.zeros(3)
    for update in updates:
        vector, state = optimiser.step(vector, update, {})
        assert state == {}
    assert vector == pytest.approx(0.5 * sum(updates))


@given(st.lists(vectors, min_size=1, max_size=5))
def test_fedavgm__is_a_geometric_sum(updates: list[Any]) -> None:
    """After T rounds x = rate · Σ_t Δ_t · (1 + β + … + β^(T-1-t))."""
    optimiser = ServerOptimiser("fedavgm", rate=0.5, momentum=0.9)
    vector, state = np.zeros(3), optimiser.begin(3)
    for update in updates:
        vector, state = optimiser.step(vector, update, state)
    weights = [sum(0.9**power for power in range(len(updates) - index)) for index in range(len(updates))]
    assert vector == pytest.approx(0.5 * sum(w * u for w, u in zip(weights, updates, strict=True)))


@given(st.lists(vectors, min_size=1, max_size=5))
def test_fedadam__is_algorithm_2(updates: list[Any]) -> None:
    """Coordinate by coordinate, in plain numbers."""
    rate, first, second, tau = 0.3, 0.9, 0.99, 0.01
    optimiser = ServerOptimiser("fedadam", rate, first, second, tau)
    vector, state = np.zeros(3), optimiser.begin(3)
    for update in updates:
        vector, state = optimiser.step(vector, update, state)
    for index in range(3):
        x, m, v = 0.0, 0.0, tau**2
        for update in updates:
            delta = float(update[index])
            m = first * m + (1 - first) * delta
            v = second * v + (1 - second) * delta**2
            x += rate * m / (math.sqrt(v) + tau)
        assert vector[index] == pytest.approx(x)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_step__leaves_what_it_is_given(name: str) -> None:
    optimiser = ServerOptimiser(name)
    vector, state = np.ones(2), optimiser.begin(2)
    before = {key: value.copy() for key, value in state.items()}
    optimiser.step(vector, np.array([1.0, -1.0]), state)
    assert np.array_equal(vector, np.ones(2))
    assert all(np.array_equal(state[key], before[key]) for key in before)


def test_step__to_infinity__is_an_error() -> None:
    with pytest.raises(LearningError, match="would not be finite"), np.errstate(all="ignore"):
        ServerOptimiser("fedavg", rate=1e300).step(np.zeros(1), np.array([1e300]), {})


@pytest.mark.parametrize(
    ("field", "value"), [("name", "sgd"), ("rate", 0.0), ("tau", -1.0), ("momentum", 1.0), ("decay", -0.1)]
)
def test_optimiser__out_of_range__names_the_field(field: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"^{field} = "):
        ServerOptimiser(**{field: value})


def test_evaluate__counts_and_averages() -> None:
    model = Softmax(1, 2)
    model.vector = np.array([-1.0, 1.0, 0.0, 0.0])
    features, labels = np.array([[1.0], [-1.0], [1.0], [1.0]]), np.array([1, 0, 0, 1])
    score = evaluate(model, features, labels)
    right, wrong = math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))
    assert score.accuracy == 0.75
    assert score.loss == pytest.approx((3 * right + wrong) / 4)


def test_register__a_model_of_another_making__is_trained_like_ours() -> None:
    """A softmax without bias, made known under a name of its own; the name is then taken."""

    class Unbiased(Softmax):
        def gradient(self, features: Any, labels: Any) -> tuple[float, Any]:
            loss, slope = super().gradient(features, labels)
            slope[-self.shapes[1][0] :] = 0.0
            return loss, slope

    register(
        "unbiased",
        lambda form: Softmax.shapes_of(form.inputs, form.classes),
        lambda form: Unbiased(form.inputs, form.classes),
    )
    model = make_configuration(model=ModelForm("unbiased", 2, 2)).model.make()
    update = LocalTraining().update(model, *make_data(1), [1])
    assert update[:4].any()
    assert not update[4:].any()
    with pytest.raises(ParameterError, match="a name that is not taken"):
        register("unbiased", lambda form: (), lambda form: model)
