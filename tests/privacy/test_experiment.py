"""The experiment: what is measured is what theory says, and the page is written whole or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from sda.errors import ParameterError
from sda.privacy.experiment import bloom, measure, page
from sda.privacy.experiment.scenarios import COMMITTEE, COMMON, RARE, Scenario, scenarios
from sda.privacy.local.response import Response

BY_NAME = {each.name: each for each in scenarios()}
DRAWS = 20_000
TOLERANCE = 0.05
"""More than six standard errors of a root mean square over so many draws, of a Laplace's too."""


@pytest.mark.parametrize("name", BY_NAME)
def test_scenario__both_sides__have_the_epsilon_that_it_says(name: str) -> None:
    scenario = BY_NAME[name]
    assert scenario.plan.query.epsilon == scenario.epsilon
    assert scenario.plan.query.delta == scenario.delta
    if name.startswith("rappor"):
        # One bit, or two of 100 that change: ε of what is compared is RAPPOR's own.
        assert 0 < scenario.epsilon < 3
    one, zero = scenario.chances()
    assert 0 < zero < one < 1


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
def test_law__of_one_event_at_pure_epsilon__is_half_the_square(epsilon: float) -> None:
    """v = e^ε/(e^ε - 1)² a user, σ² = 2·e^ε/(e^ε - 1)²: N = n²/2 whatever ε is."""
    scenario = Scenario("x", "x", 1, 1, epsilon, 0.0, Response(epsilon))
    assert scenario.equal(1000, COMMITTEE.dealers) == pytest.approx(500_000, rel=2e-3)


def test_law__of_many_events__tends_to_the_square() -> None:
    assert BY_NAME["many"].equal(1000, COMMITTEE.dealers) == pytest.approx(1e6, rel=0.05)


@pytest.mark.parametrize("name", BY_NAME)
def test_clerk_noise__measured__is_that_of_theory(name: str) -> None:
    scenario = BY_NAME[name]
    promised, everybody = measure.clerk_noise(scenario, DRAWS)
    for noise, dealers in ((promised, COMMITTEE.dealers), (everybody, COMMITTEE.n)):
        found = math.sqrt(float(np.mean(np.square(noise))))
        assert found == pytest.approx(math.sqrt(scenario.noise_variance(dealers)), rel=TOLERANCE)


def test_clerk_noise__of_26_with_3_silent_and_8_corrupt__is_at_most_132_hundredths_of_central() -> None:
    scenario = BY_NAME["many"]
    ratio = scenario.noise_variance(COMMITTEE.n) / scenario.noise_variance(COMMITTEE.dealers)
    assert math.sqrt(ratio) == pytest.approx(math.sqrt(26 / 15))
    assert math.sqrt(ratio) <= 1.32


@pytest.mark.parametrize("share", [RARE, COMMON])
@pytest.mark.parametrize("name", ["one-pure", "rappor-report"])
def test_local__measured__is_that_of_theory(name: str, share: float) -> None:
    """Binomial variances of holders and others, by hand; seeds fixed."""
    scenario, users = BY_NAME[name], 100_000
    one, zero = scenario.chances()
    variance = (share * one * (1 - one) + (1 - share) * zero * (1 - zero)) / (one - zero) ** 2 / users
    found = measure.measure_local(scenario, share, users, 20_000, np.random.default_rng(1))
    assert found.error == pytest.approx(math.sqrt(variance), rel=0.02)
    assert found.population == pytest.approx(math.sqrt(variance + share * (1 - share) / users), rel=0.02)


def test_claim__thousand_users_with_clerks__are_worth_half_a_million() -> None:
    """Rare events at equal (ε, δ), many a user, with the noise of all 26 clerks; and at RAPPOR's common parameters."""
    for name, least in (("many", 500_000), ("rappor-bit", 450_000)):
        scenario = BY_NAME[name]
        noises = measure.clerk_noise(scenario, DRAWS)
        found = measure.compare(scenario, RARE, *noises, np.random.default_rng(1))
        assert found.equal >= least
        assert found.equal_promised > found.equal
    assert scenario.equal(1000, COMMITTEE.dealers) == pytest.approx(900_000, rel=0.02)


def test_shares__are_zipfs() -> None:
    shares = bloom.shares()
    assert sum(shares) == pytest.approx(1)
    assert shares[0] == pytest.approx(10 * shares[9])


def test_page__is_rewritten_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    text = f"before\n{page.START}old\n{page.END}\nafter\n"
    (tmp_path / page.PAGE).write_text(text)
    told: list[str] = []
    data = page.run(tmp_path, 1, told.append, 500)
    written = (tmp_path / page.PAGE).read_text()
    assert written.startswith(f"before\n{page.START}| at equal ε")
    assert written.endswith(f"{page.END}\nafter\n")
    assert "old" not in written
    assert json.loads((tmp_path / page.FIGURES / page.DATA).read_text()) == json.loads(json.dumps(data))
    assert len(data["comparisons"]) == 2 * len(BY_NAME)
    for name in ("error-against-users", "square-law", "rappor-decoder"):
        assert "<svg" in (tmp_path / page.FIGURES / f"{name}.svg").read_text()
    assert len(told) == 3


def test_page__without_its_marks__is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / page.PAGE).write_text("no marks")
    with pytest.raises(ParameterError, match="once each"):
        page.run(tmp_path, 1, lambda _: None)
    assert not (tmp_path / page.FIGURES).exists()


def test_page__in_the_documentation__shows_the_data_beside_it() -> None:
    docs = Path(__file__).parents[2] / "docs"
    data = json.loads((docs / page.FIGURES / page.DATA).read_text())
    assert page.tables(data) in (docs / page.PAGE).read_text()
