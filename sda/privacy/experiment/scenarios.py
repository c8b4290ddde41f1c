"""What is compared: questions, privacy losses, and the ways to answer them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sda.privacy.local.rappor import Rappor
from sda.privacy.local.response import Response, bit_epsilon
from sda.privacy.plan import Committee, Plan
from sda.privacy.query import Query

COMMITTEE = Committee(n=26, t=8, k=10, silent=3)
RARE, COMMON = 0.001, 0.3
EVENTS = 100
COMMON_PARAMETERS = Rappor(bits=EVENTS, hashes=1, cohorts=1)
"""f = 0.5, p = 0.5, q = 0.75, each event with a bit of its own ("basic RAPPOR")."""


@dataclass(frozen=True)
class Scenario:
    """A question asked with clerks and with local randomisation, at equal ε (and δ).

    Attributes:
        name: In figures and files.
        title: For people.
        events: d.
        per_user: Events that one contributor reports at most: 1 or d.
        epsilon, delta: Of one contributor's whole data, replaced by any other.
        local: How contributors randomise without clerks.
    """

    name: str
    title: str
    events: int
    per_user: int
    epsilon: float
    delta: float
    local: Response | Rappor

    @cached_property
    def plan(self) -> Plan:
        """Of the clerks' round."""
        events = [f"event-{number}" for number in range(self.events)]
        query = {
            "events": events,
            "privacy": {"epsilon": self.epsilon} | ({"delta": self.delta} if self.delta else {}),
            "metrics": [{"metric": "count", "per_user": self.per_user}],
        }
        return Plan.make(Query.from_mapping(query), COMMITTEE, 1_000_000)

    @property
    def bit_variance(self) -> float:
        """Of the estimate that one contributor's bit gives of a rare event."""
        return self.local.variance(1) if isinstance(self.local, Response) else self.local.bit_variance

    def chances(self) -> tuple[float, float]:
        """That a report's bit is 1 where the event occurred, and where it did not."""
        if isinstance(self.local, Rappor):
            return self.local.one, self.local.zero
        return self.local.kept, 1 - self.local.kept

    def noise_variance(self, dealers: int) -> float:
        """Of a count with the noise of so many clerks."""
        return self.plan.spread(dealers).sd ** 2

    def equal(self, contributors: int, dealers: int) -> float:
        """N with local randomisation whose error equals that of n contributors with clerks, by theory."""
        return contributors**2 * self.bit_variance / self.noise_variance(dealers)


def scenarios() -> list[Scenario]:
    """All of them, randomised response first."""
    basic, single = COMMON_PARAMETERS, Rappor(bits=1, hashes=1, cohorts=1)
    return [
        _responses("one-pure", "one event per user, ε = 1", 1, 1.0, 0.0),
        _responses("many-pure", "many events per user, ε = 1", EVENTS, 1.0, 0.0),
        _responses("many", "many events per user, ε = 1, δ = 1e-6", EVENTS, 1.0, 1e-6),
        Scenario("rappor-bit", "RAPPOR, a yes-or-no question, one report", 1, 1, single.yes_or_no_epsilon, 0.0, single),
        Scenario("rappor-report", "RAPPOR, one of 100 events, one report", EVENTS, 1, basic.report_epsilon, 0.0, basic),
        Scenario(
            "rappor-permanent",
            "RAPPOR, one of 100 events, all reports for ever",
            EVENTS,
            1,
            basic.permanent_epsilon,
            0.0,
            basic,
        ),
    ]


def _responses(name: str, title: str, per_user: int, epsilon: float, delta: float) -> Scenario:
    changed = min(EVENTS, 2 * per_user)
    return Scenario(name, title, EVENTS, per_user, epsilon, delta, Response(bit_epsilon(epsilon, delta, changed)))
