"""A query: what is asked of a population, as a developer writes it and contributors sign it.

    title: What people say to it, one day
    events: [LightOn, LightOff, Timer]      # names that data may hold; any other is an error
    values: [seconds]
    privacy: {epsilon: 1, delta: 1e-6}      # without delta: pure ε
    metrics:
      - {metric: count, name: who used what, events: [LightOn, Timer]}
      - {metric: mean, name: how long, value: seconds, range: [0, 600]}

Its hash stands in the terms that every contributor signs: a query that changes after its round opened is another query.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node

from sda.errors import ParameterError
from sda.privacy.fields import Section, finite
from sda.privacy.metrics import registry
from sda.privacy.metrics.metric import Known, Metric
from sda.privacy.noise.noise import MAXIMUM_EPSILON, OVERFLOW_DELTA
from sda.privacy.noise.promise import Mechanism, Promise

MAXIMUM_BYTES = 1 << 20
MINIMUM_EPSILON = 1e-6
MINIMUM_DELTA = OVERFLOW_DELTA * 2**14
"""Bounded draws have a share of δ already."""
DEFAULT_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Query:
    """What is asked.

    Attributes:
        title: For people.
        known: Names that data may hold.
        epsilon: Privacy loss that one contributor suffers at most.
        delta: Chance of more; 0 for none but the 2^-64 of bounded draws.
        confidence: Of the intervals.
        metrics: In the order of their coordinates.
    """

    title: str
    known: Known
    epsilon: float
    delta: float
    confidence: float
    metrics: tuple[Metric, ...]

    @classmethod
    def load(cls, path: Path) -> Query:
        """From a YAML file.

        Raises:
            ParameterError: It is no query; names the field.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ParameterError("query", str(path), f"a file that can be read ({error.strerror})") from error
        return cls.from_yaml(data)

    @classmethod
    def from_yaml(cls, text: str | bytes) -> Query:
        """From YAML, or JSON, which is YAML.

        Raises:
            ParameterError: It is no query; names the field.
        """
        if len(text) > MAXIMUM_BYTES:
            raise ParameterError("query", f"{len(text)} bytes", f"at most {MAXIMUM_BYTES} bytes")
        try:
            # A subclass of the safe loader.
            values = yaml.load(text, Loader=_Loader)  # noqa: S506
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise ParameterError("query", " ".join(str(error).split()), "well-formed YAML") from None
        return cls.from_mapping(values)

    @classmethod
    def from_mapping(cls, values: object) -> Query:
        """From what YAML would give.

        Raises:
            ParameterError: It is no query; names the field.
        """
        return cls.read(Section(values, ""))

    @classmethod
    def read(cls, section: Section) -> Query:
        """From its mapping; see the head of this file."""
        known = Known(section.names("events", default=()), section.names("values", default=()))
        if both := sorted(set(known.events) & set(known.values)):
            raise ParameterError("values", both[0], "not an event's name too")
        privacy = Section(section.value("privacy"), "privacy")
        epsilon, delta = _epsilon(privacy), _delta(privacy)
        privacy.done()
        confidence = section.number("confidence", DEFAULT_CONFIDENCE)
        if not 0.5 <= confidence <= 0.9999:
            raise ParameterError("confidence", confidence, "in [0.5, 0.9999]")
        metrics = tuple(_read_metric(each, known) for each in section.sections("metrics"))
        names = [metric.name for metric in metrics]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ParameterError(f"metrics[{index}].name", name, "another name for each metric")
        query = cls(section.text("title", "untitled"), known, epsilon, delta, confidence, metrics)
        section.done()
        return query

    @property
    def mechanism(self) -> Mechanism:
        """Gaussian noise, unless no δ is granted."""
        return self.promise.mechanism

    @property
    def promise(self) -> Promise:
        """What stands in the round's terms beside the hash."""
        return Promise.make(self.epsilon, self.delta)

    def describe(self) -> dict[str, Any]:
        """Everything, defaults resolved; `read` takes it back."""
        privacy = {"epsilon": self.epsilon} | ({"delta": self.delta} if self.delta else {})
        return {
            "title": self.title,
            "events": list(self.known.events),
            "values": list(self.known.values),
            "privacy": privacy,
            "confidence": self.confidence,
            "metrics": [metric.describe() for metric in self.metrics],
        }

    @cached_property
    def canonical(self) -> bytes:
        """The same bytes for the same query however it was written: JSON with sorted keys and no blanks."""
        return json.dumps(self.describe(), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()

    @cached_property
    def word(self) -> bytes:
        """`Terms.query`."""
        return self.promise.word(self.canonical)

    def require_word(self, word: bytes) -> None:
        """Refuse a round that asks something else.

        Raises:
            ParameterError: The word of its terms is not this query's.
        """
        if word != self.word:
            raise ParameterError("query", f"0x{word.hex()}", f"0x{self.word.hex()}, the query that was shown")


def _epsilon(privacy: Section) -> float:
    epsilon = privacy.number("epsilon")
    if not MINIMUM_EPSILON <= epsilon <= MAXIMUM_EPSILON:
        raise ParameterError("privacy.epsilon", epsilon, f"above 0: in [{MINIMUM_EPSILON:g}, {MAXIMUM_EPSILON:g}]")
    return epsilon


def _delta(privacy: Section) -> float:
    if not privacy.has("delta"):
        return 0.0
    delta = finite("privacy.delta", privacy.value("delta"))
    if not MINIMUM_DELTA <= delta < 1:
        raise ParameterError("privacy.delta", delta, "in [2^-50, 1), or left out for pure ε")
    return delta


def _read_metric(section: Section, known: Known) -> Metric:
    kinds = registry()
    kind = section.text("metric")
    if kind not in kinds:
        raise ParameterError(section.field("metric"), kind, f"one of {', '.join(kinds)}")
    metric = kinds[kind].read(section, known, section.text("name", kind))
    section.done()
    return metric


class _Loader(yaml.SafeLoader):
    """Without aliases, which a few lines can blow up to billions, and without keys that stand twice."""

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias (*name); write it out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: Sequence[str] = [key.value for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise yaml.YAMLError(f"field {key!r} stands twice")
        return super().construct_mapping(node, deep)
