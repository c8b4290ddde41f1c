"""Looking for privacy that is not there: a lower bound on ε from many releases on neighbouring data.

If a release is (ε, δ)-private, an event has probabilities P and Q on neighbouring data with P ≤ e^ε·Q + δ. From how
often it happened in so many runs follow, with Clopper and Pearson, bounds that hold but for a stated chance: P ≥ p, Q
≤ q and so ε ≥ ln((p - δ) / q). A bound above the promised ε convicts the noise; the chance that it does so wrongly is
the stated one.

References: M. Jagielski, J. Ullman, A. Oprea, Auditing differentially private machine learning, 2020; C. Clopper, E.
Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial, 1934.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from sda.errors import ParameterError
from sda.privacy.metrics.metric import Point
from sda.privacy.plan import Committee, Plan
from sda.privacy.query import Query

THRESHOLDS = 400
COMMITTEE = Committee(n=4, t=1, k=1, silent=1)
"""So small that one dealer is half of the noise that is promised."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """Of an audit.

    Attributes:
        mechanism: Of the noise.
        claimed: ε that the plan promises.
        bound: ε is at least this, but for a chance of `failure`; may be negative.
        runs: Releases on each side, half of them to choose the event.
        dealers: Whose noise was in them.
        promised: h, dealers that the plan relies on.
        failure: Chance that the true ε is below `bound`.
    """

    mechanism: str
    claimed: float
    bound: float
    runs: int
    dealers: int
    promised: int
    failure: float

    @property
    def convicts(self) -> bool:
        """Whether the promise is broken."""
        return self.bound > self.claimed


def lower_bound(hits: int, other_hits: int, runs: int, delta: float, failure: float) -> float:
    """ε ≥ this but for a chance of `failure`, from how often an event happened in `runs` runs on each side."""
    likely = float(beta.ppf(failure / 2, hits, runs - hits + 1)) if hits else 0.0
    unlikely = float(beta.ppf(1 - failure / 2, other_hits + 1, runs - other_hits)) if other_hits < runs else 1.0
    return math.log((likely - delta) / unlikely) if likely > delta else -math.inf


def audit(plan: Plan, before: Point, after: Point, dealers: int, runs: int, failure: float = 1e-6) -> Finding:
    """Releases of a population in which one contributor holds `before`, or `after`, with the noise of `dealers` clerks.

    What everybody else holds adds the same to both sides, and the developer may know it all: it is left out. The
    event is that the output lies far towards `after`, beyond a threshold chosen on the first half of the runs for the
    largest bound.

    Raises:
        ParameterError: Too few runs, or both points give the same vector.
    """
    if runs < 1000:
        raise ParameterError("runs", runs, "at least 1000")
    direction = np.asarray(plan.encode(after), dtype=np.float64) - np.asarray(plan.encode(before), dtype=np.float64)
    places = np.flatnonzero(direction)
    if not len(places):
        raise ParameterError("after", "a point", "one whose vector differs from the other's")
    shift = float(direction @ direction)
    without = _projected(plan, direction[places], dealers, runs)
    with_it = shift + _projected(plan, direction[places], dealers, runs)
    half, delta = runs // 2, plan.query.delta
    threshold = _best_threshold(with_it[:half], without[:half], delta, failure)
    hits, other_hits = (int((side[half:] >= threshold).sum()) for side in (with_it, without))
    bound = lower_bound(hits, other_hits, runs - half, delta, failure)
    kind = plan.query.mechanism.name.lower()
    return Finding(kind, plan.query.epsilon, bound, runs, dealers, plan.committee.dealers, failure)


def audit_promises(runs: int, failure: float, tell: Callable[[str], None]) -> list[Finding]:
    """Both kinds of noise, with the honest dealers that are promised and with one fewer, in a committee where one
    matters."""
    found = []
    for privacy in ({"epsilon": 1.0}, {"epsilon": 1.0, "delta": 0.1}):
        query = Query.from_mapping({"events": ["it"], "privacy": privacy, "metrics": [{"metric": "count"}]})
        plan = Plan.make(query, COMMITTEE, 1000)
        for dealers in (plan.committee.dealers, plan.committee.dealers - 1):
            tell(f"{query.mechanism.name.lower()} noise of {dealers} dealers")
            found.append(audit(plan, {}, {"it": 1.0}, dealers, runs, failure))
    return found


def _projected(plan: Plan, direction: Floats, dealers: int, runs: int) -> Floats:
    """The noise of so many dealers along a direction, in every run; coordinates that do not differ tell nothing."""
    total = np.zeros((runs, len(direction)))
    for _ in range(dealers):
        draws = plan.noise.draw(runs * len(direction), plan.noise_bound)
        total += np.asarray(draws, dtype=np.float64).reshape(total.shape)
    projected: Floats = total @ direction
    return projected


def _best_threshold(likely: Floats, unlikely: Floats, delta: float, failure: float) -> float:
    thresholds = np.quantile(likely, np.linspace(0.001, 0.999, THRESHOLDS))
    likely, unlikely = np.sort(likely), np.sort(unlikely)
    runs = len(likely)
    hits = runs - np.searchsorted(likely, thresholds)
    others = runs - np.searchsorted(unlikely, thresholds)
    bounds = [lower_bound(int(a), int(b), runs, delta, failure) for a, b in zip(hits, others, strict=True)]
    return float(thresholds[int(np.argmax(bounds))])
