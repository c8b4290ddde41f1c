"""What a query's word says on chain, and the noise that a clerk draws from the terms alone."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.errors import ParameterError
from sda.privacy.noise.dealing import draw, noise_of
from sda.privacy.noise.gaussian import GaussianNoise
from sda.privacy.noise.laplace import LaplaceNoise
from sda.privacy.noise.promise import Mechanism, Promise
from sda.privacy.plan import Plan
from sda.privacy.query import MAXIMUM_EPSILON, MINIMUM_DELTA, MINIMUM_EPSILON
from tests.privacy.queries import AGREED, COMMITTEE, METRICS, query

GAUSSIAN = Plan.make(query(METRICS["count"]), COMMITTEE, 1000)
LAPLACE = Plan.make(query(METRICS["count"], privacy={"epsilon": 1}), COMMITTEE, 1000)

epsilons = st.floats(MINIMUM_EPSILON, MAXIMUM_EPSILON)
deltas = st.one_of(st.just(0.0), st.floats(MINIMUM_DELTA, 0.99))


@settings(deadline=None)
@given(epsilons, deltas)
def test_promise__goes_through_the_word__rounded_up_a_little(epsilon: float, delta: float) -> None:
    promise = Promise.of(Promise.make(epsilon, delta).word(b"query"))
    assert epsilon <= promise.epsilon <= epsilon * (1 + 2**-22)
    assert delta <= promise.delta <= delta * (1 + 2**-22)
    assert promise.mechanism is (Mechanism.GAUSSIAN if delta else Mechanism.LAPLACE)


def test_promise__word__depends_on_all_of_it() -> None:
    words = {Promise.make(e, d).word(q) for e in (1.0, 2.0) for d in (0.0, 1e-6, 1e-5) for q in (b"a", b"b")}
    assert len(words) == 12
    assert all(len(word) == 32 for word in words)


@pytest.mark.parametrize(
    "word",
    [
        bytes(32),
        GAUSSIAN.query.word[:31],
        b"\x03" + GAUSSIAN.query.word[1:],
        b"\x02" + GAUSSIAN.query.word[1:],
        b"\x01" + LAPLACE.query.word[1:],
        *(struct.pack(">Bff", 1, e, d).ljust(32) for e, d in ((0, 0.1), (-1, 0.1), (51, 0.1), (1, 1.0), (1, -0.1))),
        *(struct.pack(">Bff", 1, e, d).ljust(32) for e, d in ((float("nan"), 0.1), (1, float("nan")))),
        struct.pack(">Bff", 1, float("inf"), 0.1).ljust(32),
    ],
)
def test_promise__of_a_word_that_is_none__is_refused(word: bytes) -> None:
    with pytest.raises(ParameterError, match="the word of a private query"):
        Promise.of(word)


@pytest.mark.parametrize("plan", [GAUSSIAN, LAPLACE], ids=["gaussian", "laplace"])
def test_draw__from_the_terms_alone__is_what_the_plan_relies_on(plan: Plan) -> None:
    terms = plan.terms(**AGREED)
    noise = noise_of(terms)
    assert noise == plan.noise
    assert isinstance(noise, GaussianNoise if terms.query[0] == 1 else LaplaceNoise)
    vector = draw(terms)
    assert len(vector) == terms.length
    assert all(isinstance(each, int) and abs(each) <= terms.noise_bound for each in vector)


@pytest.mark.parametrize(("plan", "sums"), [(GAUSSIAN, 200_000), (LAPLACE, 500_000)], ids=["gaussian", "laplace"])
def test_draw__of_h_dealers__is_within_a_hundredth_of_theory(plan: Plan, sums: int) -> None:
    """So many sums that 1% are more than six standard errors, of a Gaussian's root mean square and of a Laplace's."""
    terms = replace(plan.terms(**AGREED), n=5, t=2, silent=1, length=sums)
    total = np.sum([draw(terms), draw(terms)], axis=0)
    assert float(total.std()) == pytest.approx(terms.sigma / 2**16, rel=0.01)


def test_draw__twice__differs() -> None:
    terms = replace(GAUSSIAN.terms(**AGREED), length=64)
    assert draw(terms) != draw(terms)


def test_draw__for_a_round_that_takes_no_noise__is_refused() -> None:
    terms = GAUSSIAN.terms(**AGREED)
    with pytest.raises(ParameterError, match="sigma = 0: must be above 0"):
        draw(replace(terms, sigma=0))
    with pytest.raises(ParameterError, match="the word of a private query"):
        draw(replace(terms, query=bytes(32)))


def test_draw__noise_too_wide_for_a_table__is_refused_before_any_is_made() -> None:
    wide = replace(LAPLACE.terms(**AGREED), sigma=2**60, noise_bound=2**63)
    with pytest.raises(ParameterError, match="smaller for pure ε"):
        draw(wide)
