"""Measured errors: root mean squares over many repetitions, of the clerks' real dealers and of randomised reports."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sda.privacy.experiment.scenarios import COMMITTEE, COMMON, RARE, Scenario

USERS = 1000
"""n of the claim."""
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
REFERENCE = 500_000
"""N of the direct comparison."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One measured error.

    Attributes:
        users: Contributors.
        error: Root mean square error of the estimated share of users, against the share among these users.
        population: The same against the share in a population of which they are a sample.
    """

    users: int
    error: float
    population: float


@dataclass(frozen=True)
class Comparison:
    """One scenario, for events of one share.

    Attributes:
        scenario: Its name.
        title: For people.
        share: Of users to whom the event occurs.
        epsilon, delta: Of both sides.
        clerks: Error of `USERS` with the noise of all n clerks.
        promised: The same with that of the h honest ones alone, the least that is promised.
        central: The same of a trusted curator's single draw of that scale, which is `promised` by theory.
        local: Errors of local randomisation, by size.
        law: N / n² at equal error, by theory, with the noise of h.
        equal: N at equal error, measured, all clerks' noise.
        equal_promised: The same with the noise of h.
        equal_population: The same for the share in the population, all clerks' noise.
    """

    scenario: str
    title: str
    share: float
    epsilon: float
    delta: float
    clerks: Point
    promised: Point
    central: float
    local: tuple[Point, ...]
    law: float
    equal: float
    equal_promised: float
    equal_population: float


def compare_all(scenarios: Iterable[Scenario], repetitions: int, seed: int) -> list[Comparison]:
    """Every scenario, for rare and for common events."""
    found = []
    for scenario in scenarios:
        noises = clerk_noise(scenario, repetitions)
        found += [compare(scenario, share, *noises, np.random.default_rng(seed)) for share in (RARE, COMMON)]
    return found


def clerk_noise(scenario: Scenario, draws: int) -> tuple[Floats, Floats]:
    """The noise in a count, in contributors, drawn by the dealers that clerks run: of h of them, and of all n."""
    plan = scenario.plan
    total, promised = np.zeros(draws), np.zeros(draws)
    for dealer in range(COMMITTEE.n):
        if dealer == COMMITTEE.dealers:
            promised = total.copy()
        total += np.asarray(plan.noise.draw(draws, plan.noise_bound), dtype=np.float64) / plan.units
    return promised, total


def compare(
    scenario: Scenario, share: float, of_honest: Floats, of_all: Floats, rng: np.random.Generator
) -> Comparison:
    """One scenario for events of one share, with what `clerk_noise` drew; as many repetitions of the rest."""
    repetitions = len(of_all)
    clerks, promised = _clerks(of_all, share, rng), _clerks(of_honest, share, rng)
    local = tuple(measure_local(scenario, share, users, repetitions, rng) for users in SIZES)
    reference = measure_local(scenario, share, REFERENCE, repetitions, rng)
    # The error of local randomisation falls with √N exactly, in both senses.
    equal = REFERENCE * (reference.error / clerks.error) ** 2
    return Comparison(
        scenario=scenario.name,
        title=scenario.title,
        share=share,
        epsilon=scenario.epsilon,
        delta=scenario.delta,
        clerks=clerks,
        promised=promised,
        central=math.sqrt(scenario.noise_variance(COMMITTEE.dealers)) / USERS,
        local=local,
        law=scenario.equal(1, COMMITTEE.dealers),
        equal=equal,
        equal_promised=REFERENCE * (reference.error / promised.error) ** 2,
        equal_population=REFERENCE * (reference.population / clerks.population) ** 2,
    )


def measure_local(scenario: Scenario, share: float, users: int, repetitions: int, rng: np.random.Generator) -> Point:
    """Error of local randomisation: sums of independent bits are binomial, so millions cost no more than thousands."""
    one, zero = scenario.chances()
    holders = rng.binomial(users, share, repetitions)
    ones = rng.binomial(holders, one) + rng.binomial(users - holders, zero)
    estimate = (ones - users * zero) / (one - zero) / users
    return Point(users, _rms(estimate - holders / users), _rms(estimate - share))


def _clerks(noise: Floats, share: float, rng: np.random.Generator) -> Point:
    sampled = rng.binomial(USERS, share, len(noise)) / USERS
    return Point(USERS, _rms(noise / USERS), _rms(sampled + noise / USERS - share))


def _rms(errors: Sequence[float] | Floats) -> float:
    return math.sqrt(float(np.mean(np.square(errors))))
