"""The audit itself: its bounds hold, it convicts what is broken, and it acquits the clerks' noise.

A bound is wrong with the chance that the audit is given; here 1e-9.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from sda.errors import ParameterError
from sda.privacy.auditing import COMMITTEE, audit, audit_promises, lower_bound
from sda.privacy.plan import Plan
from tests.privacy.queries import METRICS, query

FAILURE = 1e-9
RUNS = 60_000


@settings(deadline=None)
@given(st.integers(0, 2000), st.integers(0, 2000), st.sampled_from([0.0, 0.01]))
def test_lower_bound__beside_binomial_tails__holds(hits: int, other_hits: int, delta: float) -> None:
    """If P and Q were any closer than the bound says, one of both counts would be rarer than failure / 2."""
    bound = lower_bound(hits, other_hits, 2000, delta, 0.01)
    if bound == -math.inf:
        return
    for p in (0.05, 0.3, 0.7, 0.95):
        q = (p - delta) / math.exp(bound - 1e-6)
        if 0 < q < 1:
            seen = (binom.sf(hits - 1, 2000, p), binom.cdf(other_hits, 2000, q))
            assert min(seen) <= 0.005 * (1 + 1e-6)


def test_lower_bound__nothing_seen__says_nothing() -> None:
    assert lower_bound(0, 0, 1000, 0.0, 0.01) == -math.inf
    assert lower_bound(5, 0, 1000, 0.5, 0.01) == -math.inf
    assert lower_bound(1000, 1000, 1000, 0.0, 0.01) < 0 < lower_bound(1000, 10, 1000, 0.0, 0.01)


def test_audit__promised_dealers_acquitted__one_fewer_convicted() -> None:
    """t corrupt clerks leave theirs out and s are silent: h are left, which is what the plan relies on."""
    found = audit_promises(RUNS, FAILURE, lambda _: None)
    assert {each.mechanism for each in found} == {"gaussian", "laplace"}
    for each in found:
        assert each.convicts == (each.dealers < COMMITTEE.dealers), each
        assert each.bound > 0.5 * each.claimed, "the audit has power"


def test_audit__more_dealers__leak_less() -> None:
    plan = Plan.make(query(METRICS["count"], privacy={"epsilon": 1}), COMMITTEE, 1000)
    found = audit(plan, {}, {"on": 1.0, "off": 1.0}, COMMITTEE.n, RUNS // 4, FAILURE)
    assert found.bound < 1
    assert (found.dealers, found.promised) == (4, 2)


def test_audit__without_any_noise__convicts_at_once() -> None:
    plan = Plan.make(query(METRICS["count"], privacy={"epsilon": 1}), COMMITTEE, 1000)
    assert audit(plan, {}, {"on": 1.0}, 0, 1000, FAILURE).convicts


def test_audit__that_cannot_tell__is_refused() -> None:
    plan = Plan.make(query(METRICS["count"]), COMMITTEE, 1000)
    with pytest.raises(ParameterError, match="runs = 999: must be at least 1000"):
        audit(plan, {}, {"on": 1.0}, 1, 999)
    with pytest.raises(ParameterError, match="one whose vector differs"):
        audit(plan, {"on": 1.0}, {"on": 2.0}, 1, 1000)
