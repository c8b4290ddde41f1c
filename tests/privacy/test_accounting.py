"""What releases cost, beside other ways to compute it."""

from __future__ import annotations

import math

import pytest
from dp_accounting import GaussianDpEvent
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from sda.errors import ParameterError
from sda.privacy.noise.accounting import Loss, epsilon_of, multiplier_for

DELTA = 1e-6


def gaussian(multiplier: float) -> Loss:
    return Loss(multiplier, 0.0, 0.0)


def pure(epsilon: float) -> Loss:
    return Loss(None, epsilon, 0.0)


@settings(deadline=None)
@given(st.floats(0.05, 10), st.sampled_from([1e-3, 1e-6, 1e-9]))
def test_multiplier__is_what_its_epsilon_needs(epsilon: float, delta: float) -> None:
    multiplier = multiplier_for(epsilon, delta)
    assert epsilon_of([gaussian(multiplier)], delta) == pytest.approx(epsilon, rel=1e-6)


@pytest.mark.parametrize("rounds", [1, 2, 10])
def test_epsilon__of_gaussian_rounds__lies_between_the_exact_and_the_renyi_accountants(rounds: int) -> None:
    found = epsilon_of([gaussian(3.0)] * rounds, DELTA)
    by_pld, by_rdp = PLDAccountant(), RdpAccountant()
    by_pld.compose(GaussianDpEvent(3.0), rounds)
    by_rdp.compose(GaussianDpEvent(3.0), rounds)
    assert found == pytest.approx(by_pld.get_epsilon(DELTA), rel=1e-3)
    assert found <= by_rdp.get_epsilon(DELTA)


def test_epsilon__of_pure_rounds__adds_up_and_does_better_where_a_delta_is_granted() -> None:
    assert epsilon_of([pure(0.5)], 0.0) == 0.5
    assert epsilon_of([pure(0.5)] * 3, 0.0) == pytest.approx(1.5)
    many = epsilon_of([pure(0.1)] * 100, DELTA)
    # Kairouz, Oh, Viswanath 2015, a bound on composition that PLD must not exceed.
    bound = 100 * 0.1 * math.expm1(0.1) / (math.exp(0.1) + 1) + 0.1 * math.sqrt(200 * math.log(1 / DELTA))
    assert many <= bound < 10


@settings(deadline=None)
@given(st.floats(0.3, 30), st.sampled_from([1e-3, 1e-6, 1e-9]))
def test_epsilon__of_a_gaussian_round__solves_the_exact_equation(multiplier: float, delta: float) -> None:
    """Balle, Wang 2018, theorem 8, by other functions; in logarithms where the terms nearly cancel."""
    epsilon = epsilon_of([gaussian(multiplier)], delta)
    first = norm.cdf(0.5 / multiplier - epsilon * multiplier)
    second = math.exp(epsilon + norm.logcdf(-0.5 / multiplier - epsilon * multiplier))
    assert first - second <= delta * (1 + 1e-6)
    assert first - second >= delta * (1 - 1e-6) or epsilon == 0


@pytest.mark.parametrize(("epsilon", "rounds"), [(0.1, 5), (0.1, 40), (1.0, 3)])
def test_epsilon__of_pure_rounds__is_that_of_the_optimal_composition(epsilon: float, rounds: int) -> None:
    """Kairouz, Oh, Viswanath 2015, theorem 3.3: k answers, i of which were lies, have losses (k - 2i)·ε."""

    def delta_at(target: float) -> float:
        chance = [math.comb(rounds, i) * math.exp((rounds - i) * epsilon) for i in range(rounds + 1)]
        gain = [max(0.0, -math.expm1(target - (rounds - 2 * i) * epsilon)) for i in range(rounds + 1)]
        return math.fsum(c * g for c, g in zip(chance, gain, strict=True)) / (1 + math.exp(epsilon)) ** rounds

    found = epsilon_of([pure(epsilon)] * rounds, DELTA)
    assert delta_at(found) <= DELTA * (1 + 1e-9)
    assert delta_at(found - 2e-4 * rounds) > DELTA or found == pytest.approx(epsilon * rounds)


def test_epsilon__of_mixed_rounds__exceeds_each_part_and_not_their_sum() -> None:
    parts = [gaussian(5.0), pure(0.3), pure(0.3), pure(0.2)]
    whole = epsilon_of(parts, DELTA)
    assert max(epsilon_of(parts[:1], DELTA), 0.8) < whole <= epsilon_of(parts[:1], DELTA) + 0.8 + 1e-3


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.floats(1, 50).map(gaussian), st.floats(0.01, 1).map(pure)), min_size=1, max_size=4))
def test_epsilon__of_more_rounds__is_never_less(losses: list[Loss]) -> None:
    # The grid of the distributions is 1e-4, and each part is rounded up on it.
    assert epsilon_of(losses[:-1], DELTA) <= epsilon_of(losses, DELTA) + 1e-3


def test_epsilon__what_closeness_and_overflow_add__is_paid() -> None:
    plain = epsilon_of([gaussian(3.0)], DELTA)
    dear = epsilon_of([Loss(3.0, 0.01, 0.5 * DELTA)], DELTA)
    assert dear == pytest.approx(epsilon_of([gaussian(3.0)], 0.5 * DELTA * math.exp(-0.01)) + 0.01)
    assert dear > plain + 0.01
    assert epsilon_of([Loss(3.0, 0.0, DELTA)], DELTA / 2) == math.inf


def test_epsilon__beyond_any_protection__is_still_a_number() -> None:
    assert epsilon_of([pure(50.0)] * 20 + [gaussian(0.01)], DELTA) > 1000
    assert epsilon_of([], DELTA) == 0


@pytest.mark.parametrize(
    "loss", [(0.0, 0, 0), (-1.0, 0, 0), (math.inf, 0, 0), (1.0, -1, 0), (1.0, 0, 1), (None, math.nan, 0)]
)
def test_loss__that_cannot_be__is_refused(loss: tuple[float | None, float, float]) -> None:
    with pytest.raises(ParameterError):
        Loss(*loss)
