"""RAPPOR with Bloom filters and its decoder: what hashing and regression add to the error, and which strings are
found."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sda.privacy.experiment.measure import USERS
from sda.privacy.experiment.scenarios import COMMITTEE, EVENTS
from sda.privacy.local.decoder import decode
from sda.privacy.local.rappor import Rappor, simulate
from sda.privacy.plan import Plan
from sda.privacy.query import Query

PARAMETERS = Rappor(bits=128, hashes=2, cohorts=8)
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
CONFIDENCE_SDS = 3.3
"""A count is found with clerks if it exceeds so many standard deviations: the decoder's 5% among 100 strings."""


@dataclass(frozen=True)
class Decoded:
    """How well the shares of all strings are known.

    Attributes:
        users: N.
        error: Root mean square over strings and repetitions of the error of a share.
        found: Strings found, of `EVENTS`, on average.
    """

    users: int
    error: float
    found: float


def shares() -> list[float]:
    """Of strings by popularity: each user holds one, as in Zipf's law."""
    weights = 1 / np.arange(1, EVENTS + 1)
    return [float(weight) for weight in weights / weights.sum()]


def measure_bloom(repetitions: int, seed: int) -> list[Decoded]:
    """RAPPOR over all sizes, f, p and q the common ones."""
    rng = np.random.default_rng(seed)
    return [_rappor(users, repetitions, rng) for users in SIZES]


def measure_clerks(epsilon: float, repetitions: int, seed: int) -> Decoded:
    """The same strings in a round of `USERS` with the noise of all clerks, at the same pure ε."""
    events = [f"event-{number}" for number in range(EVENTS)]
    query = {"events": events, "privacy": {"epsilon": epsilon}, "metrics": [{"metric": "count", "per_user": 1}]}
    plan = Plan.make(Query.from_mapping(query), COMMITTEE, USERS)
    rng = np.random.default_rng(seed)
    errors, found = [], []
    for _ in range(20 * repetitions):
        holders = rng.multinomial(USERS, shares())
        noise = np.sum([plan.noise.draw(EVENTS, plan.noise_bound) for _ in range(COMMITTEE.n)], axis=0) / plan.units
        errors.append(noise / USERS)
        found.append(int((holders + noise > CONFIDENCE_SDS * plan.spread(COMMITTEE.n).sd).sum()))
    return Decoded(USERS, math.sqrt(float(np.mean(np.square(errors)))), float(np.mean(found)))


def _rappor(users: int, repetitions: int, rng: np.random.Generator) -> Decoded:
    values = [f"event-{number}" for number in range(EVENTS)]
    errors, found = [], []
    for _ in range(repetitions):
        holders = rng.multinomial(users, shares())
        decoded = decode(PARAMETERS, simulate(PARAMETERS, values, holders.tolist(), rng), values)
        errors.append([(each.count - true) / users for each, true in zip(decoded, holders, strict=True)])
        found.append(sum(each.found for each in decoded))
    return Decoded(users, math.sqrt(float(np.mean(np.square(errors)))), float(np.mean(found)))
