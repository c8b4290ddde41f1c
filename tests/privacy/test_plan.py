"""A query for a committee: what is promised, what stands in the terms, and what contributors refuse."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto.encoding import pack, unpack
from sda.errors import ParameterError
from sda.privacy.noise.accounting import multiplier_for
from sda.privacy.plan import Committee, Plan
from sda.privacy.query import Query
from sda.privacy.quote import guarantee, quote
from sda.round import Terms
from tests.privacy.queries import AGREED, COMMITTEE, EVENTS, METRICS, people, query

WIDE = Committee(n=26, t=8, k=10, silent=3)
ALL = query(*METRICS.values())
COARSE = [
    each | ({"steps": 100} if each["metric"] in ("sum", "mean", "variance") else {})
    for each in METRICS.values()
    if each.get("most") != 7
]
"""Pure ε has noise for a few thousand units at most: steps with a small common multiple."""
PURE = query(*COARSE, privacy={"epsilon": 1})


def terms_of(asked: Query) -> Terms:
    return Plan.make(asked, COMMITTEE, 1000).terms(**AGREED)


@pytest.mark.parametrize("asked", [ALL, PURE], ids=["gaussian", "laplace"])
def test_terms__carry_the_plan(asked: Query) -> None:
    plan = Plan.make(asked, COMMITTEE, 1000)
    terms = plan.terms(**AGREED)
    assert Plan.of(asked, terms) == plan
    assert terms.parameters == plan.parameters
    assert (terms.silent, terms.query) == (COMMITTEE.silent, asked.word)


@settings(deadline=None)
@given(
    epsilon=st.floats(0.02, 20),
    delta=st.sampled_from([0, 1e-9, 1e-5, 0.1]),
    events=st.integers(1, 5),
    silent=st.integers(0, 4),
)
def test_plan__any_privacy__promises_no_more_epsilon_and_hardly_less(
    epsilon: float, delta: float, events: int, silent: int
) -> None:
    privacy = {"epsilon": epsilon} | ({"delta": delta} if delta else {})
    asked = query({"metric": "count", "events": EVENTS[:events]}, privacy=privacy)
    plan = Plan.make(asked, replace(COMMITTEE, silent=silent), 1000)
    assert plan.epsilon <= epsilon
    assert plan.epsilon >= 0.99 * epsilon or plan.noise.sigma < 0.1
    assert Plan.of(asked, plan.terms(**AGREED)) == plan
    if delta:
        assert plan.noise.dealer_sigma >= 1.5
        central = multiplier_for(epsilon, delta) * plan.layout.sensitivity.l2
        assert 1 <= plan.spread(plan.committee.dealers).sd / central <= 1.0026


def test_plan__with_everybody_present__is_within_132_hundredths_of_central_privacy() -> None:
    for asked in (ALL, query(METRICS["count"])):
        plan = Plan.make(asked, WIDE, 1000)
        central = multiplier_for(1, 1e-6) * plan.layout.sensitivity.l2
        assert plan.spread(WIDE.n).sd / central <= 1.32


def tampered(**changes: Any) -> Terms:
    return replace(terms_of(ALL), **changes)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (tampered(sigma=terms_of(ALL).sigma * 99 // 100), "sigma = .*: must be larger: ε would be 1.0"),
        (tampered(sigma=0), "sigma = 0: must be above 0"),
        (tampered(sigma=1), "sigma = .*: must be σ_i = σ/√h at least 1.5 integer units"),
        (tampered(silent=2), "sigma = .*: must be larger|noise_bound"),
        (tampered(t=4), "sigma|noise_bound"),
        (tampered(bits=terms_of(ALL).bits + 1), "sigma = .*: must be larger"),
        (tampered(bits=3), "bits = 3: must be at least 15"),
        (tampered(length=5), "length = 5: must be .*, the query's coordinates"),
        (tampered(offset=1), "offset = 1: must be 0"),
        (tampered(noise_bound=terms_of(ALL).noise_bound - 1), "noise_bound = .*: must be at least"),
        (tampered(query=PURE.word), "query = .*: must be .*, the query that was shown"),
        (tampered(silent=5), r"silent = 5: must be in \[0, n - t - 1 = 4\]"),
    ],
)
def test_terms__with_less_than_the_query_promises__are_refused(terms: Terms, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Plan.of(ALL, terms)


def test_plan__more_slots_than_a_round_can_hold__says_how_to_split() -> None:
    wide = {"metric": "histogram", "value": "seconds", "bins": list(range(1500))}
    with pytest.raises(
        ParameterError, match=r"ask in 3 rounds, each with its share of ε and δ: metric 0 \| metric 1"
    ) as caught:
        Plan.make(query(*[wide] * 3), COMMITTEE, 1_000_000)
    assert caught.value.value == "4497 coordinates"
    with pytest.raises(ParameterError, match="'metric 0' alone needs 99999: divide its events, bins or leaves"):
        Plan.make(query({**wide, "bins": list(range(100_000))}), COMMITTEE, 1000)


def test_plan__steps_without_a_common_multiple__says_what_to_choose() -> None:
    odd = [{"metric": "frequency", "most": most} for most in (9973, 9967, 9949)]
    with pytest.raises(ParameterError, match="common multiple up to 4294967295: choose equal ones"):
        Plan.make(query(*odd), COMMITTEE, 1000)


@pytest.mark.parametrize("silent", [-1, 5, True])
def test_committee__without_an_honest_dealer__is_refused(silent: int) -> None:
    with pytest.raises(ParameterError, match="one honest dealer at least"):
        Committee(8, 3, 3, silent)


@pytest.mark.parametrize("asked", [ALL, PURE], ids=["gaussian", "laplace"])
def test_round__with_noise_in_its_slots__decodes_to_the_plain_figures_within_their_intervals(asked: Query) -> None:
    """The vectors as contributors send them, packed and summed, each noise vector offset by T (PROTOCOL §11.13)."""
    plan, data = Plan.make(asked, COMMITTEE, 1000), people(300)
    p = plan.parameters
    vectors = [plan.encode(point) for point in data]
    noise = [plan.noise.draw(p.length, plan.noise_bound) for _ in range(COMMITTEE.n)]
    total = [sum(column) for column in zip(*(pack(vector, p) for vector in vectors), strict=True)]
    sums = unpack(total, p, len(data))
    noisy = [sum(column) for column in zip(sums, *noise, strict=True)]
    offset = COMMITTEE.n * plan.noise_bound
    assert all(0 <= each + offset < 1 << p.slot_bits for each in noisy)
    results = plan.decode(noisy, len(data), COMMITTEE.n)
    held = [
        estimate.low - 1e-6 <= true <= estimate.high + 1e-6
        for result, metric in zip(results.metrics, asked.metrics, strict=True)
        if metric.kind != "top"
        for estimate, true in zip(result.estimates, metric.truth(data), strict=True)
    ]
    # About 50 figures at 95%, some of them of one coordinate each: fewer than two thirds would be no accident.
    assert sum(held) >= len(held) * 2 / 3
    assert math.isclose(results.epsilon, 1, rel_tol=1e-6)


def test_quote__says_what_to_expect_and_what_it_costs() -> None:
    plan = Plan.make(query(METRICS["count"], METRICS["mean"]), WIDE, 1000)
    made = quote(plan, 1000)
    assert made.overhead == pytest.approx(math.sqrt(23 / 15))
    assert made.sd_expected == pytest.approx(made.sd_promised * made.overhead)
    assert made.expected[0].half == pytest.approx(1.96 * made.sd_expected, rel=1e-3)
    assert made.rho == pytest.approx(0.5 / plan.loss.multiplier**2 if plan.loss.multiplier else 0)
    words = guarantee(plan)
    assert words.count(".") == words.count("0.") + 1
    assert all(part in words for part in ("t = 8", "s = 3", "26 clerks", "ε = 1", "δ = 1e-06", "t + 1 = 9"))
    assert "δ = 2^-64" in guarantee(Plan.make(PURE, WIDE, 1000))
