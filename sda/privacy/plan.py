"""A query for a committee: units, noise, slots and the terms that follow from them.

The developer makes a plan, everybody else reads the same plan back from the terms on chain and checks it: what a
contributor signs is then what the query promises, whoever computed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sda.errors import ParameterError
from sda.params import MAXIMUM_BITS, MAXIMUM_ROW, Parameters
from sda.privacy.layout import Layout
from sda.privacy.metrics.metric import Metric, Point, Spread
from sda.privacy.noise.accounting import Loss, epsilon_of
from sda.privacy.noise.dealing import noise_of
from sda.privacy.noise.gaussian import GaussianNoise
from sda.privacy.noise.laplace import LaplaceNoise, scaled_sigma_for
from sda.privacy.noise.noise import OVERFLOW_DELTA, Noise
from sda.privacy.noise.promise import Mechanism
from sda.privacy.noise.vector import gaussian_loss, gaussian_noise, with_margin
from sda.privacy.points import check_point
from sda.privacy.query import Query
from sda.privacy.results import Result, Results
from sda.round import Terms


@dataclass(frozen=True)
class Committee:
    """Of the round.

    Attributes:
        n, t, k: As in `Parameters`.
        silent: s, noise dealers that may be missing.
    """

    n: int
    t: int
    k: int
    silent: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.silent, bool) or not 0 <= self.silent < self.n - self.t:
            allowed = f"in [0, n - t - 1 = {self.n - self.t - 1}]: one honest dealer at least"
            raise ParameterError("silent", self.silent, allowed)

    @property
    def dealers(self) -> int:
        """h = n - s - t, honest dealers at least."""
        return self.n - self.silent - self.t


@dataclass(frozen=True)
class Plan:
    """What a round of a query is.

    Attributes:
        query: What is asked.
        committee: Of the round.
        bits: b.
        maximum: N_max.
        noise: Of the h dealers.
        noise_bound: T.
    """

    query: Query
    committee: Committee
    bits: int
    maximum: int
    noise: Noise
    noise_bound: int

    @classmethod
    def make(cls, query: Query, committee: Committee, maximum: int) -> Plan:
        """The plan with the fewest bits.

        Raises:
            ParameterError: The query needs more slots than a round has (says how to split it), or its ε, δ cannot be
                had.
        """
        layout = Layout(query.metrics)
        for bits in range(layout.grain.bit_length(), MAXIMUM_BITS + 1):
            noise = _noise(query, layout, committee.dealers, layout.units(bits))
            if noise is not None:
                break
        else:
            raise ParameterError("privacy.epsilon", query.epsilon, "smaller: no scale of slots has noise so small")
        bound = noise.bound(layout.length, committee.n)
        plan = cls(query, committee, bits, maximum, noise, bound)
        plan._require_room()
        return plan

    @classmethod
    def of(cls, query: Query, terms: Terms) -> Plan:
        """The plan that a round's terms carry, checked against the query that is shown.

        Raises:
            ParameterError: The terms are another query's, have too little noise for what it promises, or slots too
                narrow.
        """
        query.require_word(terms.query)
        layout = Layout(query.metrics)
        if terms.length != layout.length:
            raise ParameterError("length", terms.length, f"{layout.length}, the query's coordinates")
        if terms.offset != 0:
            raise ParameterError("offset", terms.offset, "0 in a private round")
        if not layout.units(terms.bits):
            raise ParameterError("bits", terms.bits, f"at least {layout.grain.bit_length()} for the query's steps")
        committee = Committee(terms.n, terms.t, terms.k, terms.silent)
        noise = noise_of(terms)
        plan = cls(query, committee, terms.bits, terms.maximum, noise, terms.noise_bound)
        least = noise.bound(layout.length, committee.n)
        if terms.noise_bound < least:
            raise ParameterError("noise_bound", terms.noise_bound, f"at least {least} for this noise")
        if (epsilon := plan.epsilon) > query.epsilon:
            raise ParameterError("sigma", terms.sigma, f"larger: ε would be {epsilon:.6g}, not {query.epsilon:g}")
        return plan

    @cached_property
    def layout(self) -> Layout:
        """Of the vector."""
        return Layout(self.query.metrics)

    @property
    def units(self) -> int:
        """S, integer units in a whole range."""
        return self.layout.units(self.bits)

    @cached_property
    def parameters(self) -> Parameters:
        """Of the round, with room for the noise."""
        c = self.committee
        return Parameters(c.n, c.t, c.k, self.layout.length, self.bits, self.maximum, 0, self.noise_bound)

    def terms(self, **agreed: Any) -> Terms:
        """The terms of the round; `agreed` are the minimum, windows and money, as for `Terms.for_parameters`."""
        return Terms.for_parameters(
            self.parameters,
            silent=self.committee.silent,
            sigma=self.noise.scaled_sigma,
            query=self.query.word,
            **agreed,
        )

    @cached_property
    def loss(self) -> Loss:
        """What the round costs a contributor."""
        return _loss(self.noise, self.layout, self.units)

    @property
    def epsilon(self) -> float:
        """ε at the query's δ; pure ε has a δ of 2^-64 for slots that overflow."""
        return epsilon_of([self.loss], self.query.delta or OVERFLOW_DELTA)

    def encode(self, point: Point) -> list[int]:
        """A contributor's vector.

        Raises:
            EncodingError: The data is not what the query allows.
        """
        return self.layout.encode(check_point(point, self.query.known, "data point"), self.units)

    def spread(self, present: int) -> Spread:
        """Of the noise of so many dealers, in whole ranges."""
        confidence = self.query.confidence
        return Spread(self.noise.sd(present) / self.units, confidence, self.noise.factor(confidence, present))

    def decode(self, sums: Sequence[int], count: int, present: int) -> Results:
        """The results.

        Args:
            sums: d integers, noise included, its offsets taken off.
            count: N.
            present: Noise leaves in the sum.
        """
        totals, spread = [each / self.units for each in sums], self.spread(present)
        found = [
            Result(metric.name, metric.kind, tuple(metric.decode(totals[place], count, spread)))
            for metric, place in self.layout.slices()
        ]
        return Results(
            self.query.title, count, present, self.query.confidence, self.epsilon, self.query.delta, tuple(found)
        )

    def _require_room(self) -> None:
        """Refuse more coordinates than a row can carry, and say how to split them."""
        single = Parameters(
            self.committee.n, self.committee.t, self.committee.k, 1, self.bits, self.maximum, 0, self.noise_bound
        )
        most = (MAXIMUM_ROW - 1) * self.committee.k * single.slots_per_element
        if self.layout.length > most:
            allowed = (
                f"at most {most} coordinates in a round with k = {self.committee.k}; {_split(self.query.metrics, most)}"
            )
            raise ParameterError("metrics", f"{self.layout.length} coordinates", allowed)


def _noise(query: Query, layout: Layout, dealers: int, units: int) -> Noise | None:
    """The noise for a scale of units; None if it is too little to be a Gaussian in integers."""
    if query.mechanism is Mechanism.LAPLACE:
        epsilon = with_margin(query.epsilon)
        return LaplaceNoise(scaled_sigma_for(epsilon / (layout.sensitivity.l1 * units)), dealers)
    return gaussian_noise(query.epsilon, query.delta, layout.sensitivity.l2 * units, layout.length, dealers)


def _loss(noise: Noise, layout: Layout, units: int) -> Loss:
    """What a release costs.

    Raises:
        ParameterError: Gaussian noise too small for integers.
    """
    if isinstance(noise, LaplaceNoise):
        return Loss(None, noise.epsilon_per_unit * layout.sensitivity.l1 * units, OVERFLOW_DELTA)
    if not isinstance(noise, GaussianNoise):
        raise TypeError(f"{type(noise).__name__}: has no known cost")
    return gaussian_loss(noise, layout.sensitivity.l2 * units, layout.length)


def _split(metrics: Sequence[Metric], most: int) -> str:
    """In words, which metrics go together into rounds of their own."""
    rounds: list[list[Metric]] = []
    for metric in metrics:
        if metric.length > most:
            return f"{metric.name!r} alone needs {metric.length}: divide its events, bins or leaves"
        if not rounds or sum(each.length for each in rounds[-1]) + metric.length > most:
            rounds.append([])
        rounds[-1].append(metric)
    parts = " | ".join(", ".join(metric.name for metric in part) for part in rounds)
    return f"ask in {len(rounds)} rounds, each with its share of ε and δ: {parts}"
