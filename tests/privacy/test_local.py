"""Local randomisation beside its definitions: chances, privacy by enumeration, unbiased estimates, the decoder.

Simulations have fixed seeds.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.errors import ParameterError
from sda.privacy.local.decoder import decode, true_bits
from sda.privacy.local.rappor import Client, Rappor, add_up, simulate
from sda.privacy.local.response import LocalQuery, Response, bit_epsilon
from tests.privacy.queries import METRICS, people, query

SMALL = Rappor(bits=4, hashes=1, cohorts=1)
PUBLISHED = Rappor()


# ---------------------------------------------------------------------- randomised response


def chance_of(response: Response, places: list[int], bits: tuple[int, ...]) -> float:
    return math.prod(response.kept if a == b else 1 - response.kept for a, b in zip(places, bits, strict=True))


@pytest.mark.parametrize(("epsilon", "delta", "changed"), [(1.0, 0.0, 1), (1.0, 0.0, 4), (2.0, 1e-3, 6), (1, 0.01, 9)])
def test_response__any_two_vectors__are_as_close_as_it_says(epsilon: float, delta: float, changed: int) -> None:
    """The hockey-stick divergence summed over all answers."""
    response = Response(bit_epsilon(epsilon, delta, changed))
    ones, zeros = [1] * changed, [0] * changed
    outputs = list(itertools.product((0, 1), repeat=changed))
    beyond = math.fsum(
        max(0.0, chance_of(response, ones, each) - math.exp(epsilon) * chance_of(response, zeros, each))
        for each in outputs
    )
    assert beyond <= delta + 1e-12
    if delta:
        more = Response(response.epsilon * 1.02)
        assert delta < math.fsum(
            max(0.0, chance_of(more, ones, each) - math.exp(epsilon) * chance_of(more, zeros, each)) for each in outputs
        )
    else:
        assert response.epsilon == epsilon / changed


def test_response__reports__tell_bits_as_often_as_they_should() -> None:
    response, random = Response(1.0), Random(1)
    reports = np.array([response.report([0.0, 1.0, 0.25], random) for _ in range(20_000)])
    kept = math.e / (1 + math.e)
    assert reports.mean(axis=0) == pytest.approx([1 - kept, kept, 0.25 * kept + 0.75 * (1 - kept)], abs=0.02)
    assert response.estimate(list(reports.sum(axis=0)), 20_000) == pytest.approx([0, 20_000, 5_000], abs=900)


def test_response__without_a_generator__uses_the_systems() -> None:
    assert {tuple(Response(0.1).report([0, 1] * 8)) for _ in range(3)} != {(0, 1) * 8}


@settings(deadline=None)
@given(st.floats(0.05, 5))
def test_response__variance__is_that_of_the_estimate(epsilon: float) -> None:
    """Of one report of a bit that is 0: the estimate takes two values with known chances."""
    response = Response(epsilon)
    values = response.estimate([0], 1) + response.estimate([1], 1)
    chances = (response.kept, 1 - response.kept)
    mean = sum(c * v for c, v in zip(chances, values, strict=True))
    assert mean == pytest.approx(0, abs=1e-6)
    variance = sum(c * v * v for c, v in zip(chances, values, strict=True))
    assert response.variance(1) == pytest.approx(variance, rel=1e-6)


def test_local_query__decodes_to_the_plain_figures_within_their_intervals() -> None:
    asked = query(METRICS["count"], METRICS["mean"], METRICS["histogram"], privacy={"epsilon": 40})
    data, random, local = people(2000), Random(3), LocalQuery(asked)
    ones = [sum(column) for column in zip(*(local.report(point, random) for point in data), strict=True)]
    results = local.decode(ones, len(data))
    assert results.dealers == 0
    held = [
        estimate.low <= true <= estimate.high
        for result, metric in zip(results.metrics, asked.metrics, strict=True)
        for estimate, true in zip(result.estimates, metric.truth(data), strict=True)
    ]
    assert sum(held) >= len(held) - 1


# ---------------------------------------------------------------------- RAPPOR


def report_chances(rappor: Rappor, value: str) -> dict[tuple[int, ...], float]:
    """Of every report, over every permanent response: the two steps as published, one bit after another."""
    true = rappor.bloom(value, 0)
    chances: Counter[tuple[int, ...]] = Counter()
    for permanent in itertools.product((0, 1), repeat=rappor.bits):
        first = math.prod(
            rappor.f / 2 + (1 - rappor.f) * (bit == (index in true)) for index, bit in enumerate(permanent)
        )
        for report in itertools.product((0, 1), repeat=rappor.bits):
            ones = (rappor.q if bit else rappor.p for bit in permanent)
            chances[report] += first * math.prod(
                one if said else 1 - one for one, said in zip(ones, report, strict=True)
            )
    return chances


def two_values(rappor: Rappor) -> tuple[str, str]:
    """Whose Bloom filters have no bit in common."""
    values = [f"value {number}" for number in range(50)]
    return next(
        (a, b)
        for a, b in itertools.combinations(values, 2)
        if len({*rappor.bloom(a, 0), *rappor.bloom(b, 0)}) == 2 * rappor.hashes
    )


@pytest.mark.parametrize("rappor", [SMALL, Rappor(4, 2, 1), Rappor(4, 1, 1, f=0.25, p=0.25, q=0.9)])
def test_rappor__one_report__loses_exactly_its_epsilon(rappor: Rappor) -> None:
    a, b = (report_chances(rappor, value) for value in two_values(rappor))
    assert math.fsum(a.values()) == pytest.approx(1)
    assert max(math.log(a[each] / b[each]) for each in a) == pytest.approx(rappor.report_epsilon)


def test_rappor__all_reports_for_ever__lose_no_more_than_the_permanent_response() -> None:
    """Which they reveal in the end: the ratio of its chances."""
    f, h = PUBLISHED.f, PUBLISHED.hashes
    ratio = ((1 - f / 2) / (f / 2)) ** (2 * h)
    assert pytest.approx(math.log(ratio)) == PUBLISHED.permanent_epsilon
    assert PUBLISHED.report_epsilon < PUBLISHED.permanent_epsilon


def test_rappor__one_bit__has_the_epsilon_of_its_chances() -> None:
    single = Rappor(bits=1, hashes=1, cohorts=1)
    ratios = (single.one / single.zero, (1 - single.zero) / (1 - single.one))
    assert single.yes_or_no_epsilon == pytest.approx(math.log(max(ratios)))


def test_rappor__common_parameters__are_the_published_ones() -> None:
    assert (PUBLISHED.one, PUBLISHED.zero) == (0.6875, 0.5625)
    assert PUBLISHED.permanent_epsilon == pytest.approx(4 * math.log(3))
    assert PUBLISHED.report_epsilon == pytest.approx(2 * math.log(0.6875 * 0.4375 / (0.5625 * 0.3125)))


def test_client__permanent_response__is_drawn_once_a_value() -> None:
    client = Client(PUBLISHED, 3, Random(1))
    first = list(client.permanent("a"))
    reports = [client.report("a") for _ in range(4000)]
    assert client.permanent("a") == first
    means = np.mean(reports, axis=0)
    assert means == pytest.approx([PUBLISHED.q if bit else PUBLISHED.p for bit in first], abs=0.06)
    assert "_permanent" not in repr(client)


def test_clients__reports__have_the_law_that_is_simulated() -> None:
    """Both as z-scores of q* and p*: seeds fixed, five standard errors."""
    rappor, random = Rappor(bits=16, hashes=2, cohorts=2), Random(5)
    values = ["x"] * 3000 + ["y"] * 1000
    reports = []
    for index, value in enumerate(values):
        cohort = index % 2
        reports.append((cohort, Client(rappor, cohort, random).report(value)))
    counts = add_up(rappor, reports)
    simulated = simulate(rappor, ["x", "y"], [3000, 1000], np.random.default_rng(5))
    assert counts.reports.tolist() == [2000, 2000]
    for found in (counts, simulated):
        for cohort in range(2):
            number = int(found.reports[cohort])
            holders = np.zeros(16)
            for value, many in (("x", 0.75), ("y", 0.25)):
                holders[rappor.bloom(value, cohort)] += many
            holders = np.minimum(holders, 1)
            error = np.sqrt(number * rappor.bit_variance) * 1.3 + 60  # + members of a cohort vary when simulated
            assert np.abs(true_bits(rappor, found)[cohort] - holders * number).max() <= 5 * error


def test_true_bits__of_expected_counts__are_exact() -> None:
    """The published formula undone: c = q*·t + p*·(N - t)."""
    rappor = Rappor(bits=3, hashes=1, cohorts=1)
    true = np.array([[10.0, 0.0, 100.0]])
    counts = simulate(rappor, ["a"], [100], np.random.default_rng(1))
    expected = rappor.one * true + rappor.zero * (100 - true)
    assert true_bits(rappor, type(counts)(expected, counts.reports)) == pytest.approx(true)


def test_decoder__many_users__finds_what_they_hold_and_nothing_else() -> None:
    values = [f"value {number}" for number in range(20)]
    holders = [400_000, 300_000, 200_000, 100_000] + [0] * 16
    counts = simulate(PUBLISHED, values, holders, np.random.default_rng(1))
    found = decode(PUBLISHED, counts, values)
    assert [each.value for each in found if each.found] == values[:4]
    for each, true in zip(found[:4], holders, strict=False):
        assert abs(each.count - true) <= 5 * each.error
    assert all(each.count < 20_000 for each in found[4:])


def test_decoder__of_nobody__finds_nothing() -> None:
    counts = simulate(PUBLISHED, ["a"], [0], np.random.default_rng(1))
    assert [each.found for each in decode(PUBLISHED, counts, ["a", "b"])] == [False, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hashes": 0}, "hashes = 0"),
        ({"bits": 1, "hashes": 2}, "hashes = 2: must be in .1, bits = 1"),
        ({"cohorts": 0}, "cohorts = 0"),
        ({"f": 0}, r"f = 0: must be in \(0, 1\)"),
        ({"f": 1}, "f = 1"),
        ({"p": 0.8}, "p = 0.8: must be in .0, q = 0.75"),
        ({"q": 1.5}, "q = 1.5: must be at most 1"),
    ],
)
def test_rappor__parameters_that_cannot_be__are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Rappor(**changes)
