"""What people say to a voice assistant: events and utterances from Home Assistant's own intent templates.

An *event* is an intent with its domain and the slots it fills, such as ``LightSet light area_brightness``. The
hundred events with the most sentence templates make the vector; each contributor's day is a list of
utterances sampled from those templates, and its vector counts how often each event occurred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from hassil import Intents
from hassil.intents import IntentData, SlotList, TextSlotList
from hassil.sample import sample_sentence
from home_assistant_intents import get_intents

EVENTS = 100
UTTERANCES_PER_EVENT = 12

RANGE = re.compile(r"\{\w+\}")
"""A place for a number in a sampled sentence: sampling every number would give nothing else."""

# The templates leave names and places to the home; these are the ones of the demo's homes.
HOME: dict[str, SlotList] = {
    "area": TextSlotList.from_strings(["kitchen", "bedroom", "living room", "garage"]),
    "floor": TextSlotList.from_strings(["ground floor", "first floor"]),
    "name": TextSlotList.from_strings(["ceiling lamp", "radio", "front door", "shopping"]),
}


@dataclass(frozen=True)
class Event:
    """One coordinate of the vector, with things people say that count as it."""

    name: str
    utterances: tuple[str, ...]


@dataclass(frozen=True)
class Day:
    """What one contributor said on one day: event indices, and the words for the first of them."""

    events: tuple[int, ...]
    sample: str

    def vector(self, most: int) -> list[int]:
        """Uses of each event, clipped to ``[0, most]``: a list of `EVENTS` integers."""
        counts = np.bincount(np.array(self.events, dtype=np.int64), minlength=EVENTS)
        return [int(count) for count in np.minimum(counts, most)]


def load_events() -> list[Event]:
    """The `EVENTS` events with the most sentence templates, most templates first."""
    raw: dict[str, Any] | None = get_intents("en")
    if raw is None:
        raise RuntimeError("home_assistant_intents ships no English intents")
    intents = Intents.from_dict(raw)
    templates: dict[str, list[IntentData]] = {}
    for intent_name, intent in intents.intents.items():
        for data in intent.data:
            templates.setdefault(_event_name(intent_name, data), []).append(data)
    busiest = sorted(templates, key=lambda name: (-sum(len(d.sentence_texts) for d in templates[name]), name))
    return [Event(name, tuple(_utterances(templates[name], intents))) for name in busiest[:EVENTS]]


def simulate_days(events: list[Event], contributors: int, seed: int) -> Iterator[Day]:
    """One day per contributor: its own habits (a sparse Dirichlet) over a popularity as in Zipf's law.

    Simulation only: the generator is seeded so that the demo repeats; no secret comes from it.
    """
    rng = np.random.default_rng(seed)
    popularity = 1.0 / np.arange(2, EVENTS + 2)
    popularity = rng.permutation(popularity / popularity.sum())
    for _ in range(contributors):
        habits = rng.dirichlet(popularity * 20)
        said = rng.choice(EVENTS, size=int(rng.integers(5, 40)), p=habits)
        utterances = events[int(said[0])].utterances
        yield Day(tuple(int(event) for event in said), utterances[int(rng.integers(len(utterances)))])


def _event_name(intent_name: str, data: IntentData) -> str:
    domain = data.slots.get("domain") or data.requires_context.get("domain")
    if isinstance(domain, dict):
        domain = domain.get("value")
    if isinstance(domain, list):
        domain = "/".join(str(d) for d in domain)
    slots = (data.metadata or {}).get("slot_combination")
    return " ".join(str(part) for part in (intent_name.removeprefix("Hass"), domain, slots) if part)


def _utterances(templates: list[IntentData], intents: Intents) -> Iterator[str]:
    slot_lists = {**intents.slot_lists, **HOME}
    sentences = [(data, sentence) for data in templates for sentence in data.sentences]
    each = -(-UTTERANCES_PER_EVENT // len(sentences))
    for data, sentence in sentences[:UTTERANCES_PER_EVENT]:
        rules = {**intents.expansion_rules, **data.expansion_rules}
        lists = {**slot_lists, **data.slot_lists}
        sampled = sample_sentence(sentence, lists, rules, language="en", expand_ranges=False)
        for number, text in enumerate(islice(sampled, each)):
            yield RANGE.sub(str(5 * (number + 1)), text)
