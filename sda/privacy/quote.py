"""What a developer is told before it pays: the error to expect, what over-provisioning costs, and the promise."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sda.messages.contribution import contribution_size
from sda.privacy.noise.noise import OVERFLOW_DELTA
from sda.privacy.noise.promise import Mechanism
from sda.privacy.plan import Plan


@dataclass(frozen=True)
class Expected:
    """Of one metric: half the interval of one figure, with n - s noise leaves; None if it depends on the data."""

    name: str
    kind: str
    half: float | None


@dataclass(frozen=True)
class Quote:
    """Before a round is requested.

    Attributes:
        guarantee: In one sentence.
        count: N that was assumed.
        epsilon, delta, rho: Of the release.
        sd_promised: Standard deviation of the noise in one coordinate, in whole ranges, that h dealers make.
        sd_expected: The same with the noise of the n - s dealers that the contract insists on.
        sd_everybody: The same with all n.
        overhead, overhead_everybody: √((n-s)/h) and √(n/h), the price of tolerating s silent and t corrupt clerks.
        expected: By metric.
        coordinates, bits, slot_bits, row_length, contribution_bytes: What the round carries.
    """

    guarantee: str
    count: int
    epsilon: float
    delta: float
    rho: float
    sd_promised: float
    sd_expected: float
    sd_everybody: float
    overhead: float
    overhead_everybody: float
    expected: tuple[Expected, ...]
    coordinates: int
    bits: int
    slot_bits: int
    row_length: int
    contribution_bytes: int


def quote(plan: Plan, count: int) -> Quote:
    """The quote of a plan for so many contributors."""
    c, p = plan.committee, plan.parameters
    present = c.n - c.silent
    spread = plan.spread(present)
    metrics = plan.query.metrics
    return Quote(
        guarantee=guarantee(plan),
        count=count,
        epsilon=plan.query.epsilon,
        delta=plan.query.delta or OVERFLOW_DELTA,
        rho=plan.loss.rho,
        sd_promised=plan.spread(c.dealers).sd,
        sd_expected=spread.sd,
        sd_everybody=plan.spread(c.n).sd,
        overhead=math.sqrt(present / c.dealers),
        overhead_everybody=math.sqrt(c.n / c.dealers),
        expected=tuple(Expected(m.name, m.kind, m.expected_error(count, spread)) for m in metrics),
        coordinates=p.length,
        bits=p.bits,
        slot_bits=p.slot_bits,
        row_length=p.row_length,
        contribution_bytes=contribution_size(p),
    )


def guarantee(plan: Plan) -> str:
    """The promise in one sentence, naming t and s."""
    c, query = plan.committee, plan.query
    if query.mechanism is Mechanism.GAUSSIAN:
        strength = f"(ε = {query.epsilon:g}, δ = {query.delta:g})"
    else:
        strength = f"ε = {query.epsilon:g} (δ = 2^-64, that a slot overflows)"
    return (
        f"As long as at most t = {c.t} of the {c.n} clerks are corrupt (they may tell the developer their noise, or"
        f" leave it out) and at most s = {c.silent} others' noise is missing, the result is {strength} differentially"
        f" private for each contributor: replacing its data by any other changes the chance of no result by more"
        f" than that allows; with t + 1 = {c.t + 1} corrupt clerks nothing is promised."
    )
