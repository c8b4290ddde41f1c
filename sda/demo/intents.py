"""Which intent was meant? Utterances of a voice assistant as features and labels, unequally spread over people.

Sentences are sampled from Home Assistant's own templates (Apache-2.0). People who do not train speak sentences that
nobody who trains ever spoke. Names, places and things that a home fills in are those of the demo's homes.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import numpy as np
from hassil import Intents
from hassil.sample import sample_sentence
from home_assistant_intents import get_intents

from sda.demo.assistant import HOME, RANGE
from sda.learning.models import Labels, Matrix
from sda.learning.plain import Data

PER_TEMPLATE = 200
LEAST_SENTENCES = 40
"""An intent with fewer cannot be split between those who train and those who do not."""
MOST_SENTENCES = 1200
HELD_OUT = 0.2
CONCENTRATION = 0.3
"""Of the Dirichlet shares: most people use a handful of intents."""
FEWEST, MOST = 20, 80
"""Utterances of one person."""

_THINGS = ("milk", "bread", "batteries", "flour", "apples", "coffee")
_THING_SLOTS = {"{item}", "{message}", "{search_query}", "{shopping_list_item}", "{response}"}
_WORD = re.compile(r"[a-z]+|\d+")


@dataclass(frozen=True)
class Corpus:
    """Sentences by intent, split in two that share none.

    Attributes:
        intents: Names; the index is the label.
        training, others: Sentences of each intent.
    """

    intents: tuple[str, ...]
    training: tuple[tuple[str, ...], ...] = field(repr=False)
    others: tuple[tuple[str, ...], ...] = field(repr=False)


def load_corpus(seed: int) -> Corpus:
    """All intents with enough sentences; a sentence that two intents share belongs to neither."""
    raw: dict[str, Any] | None = get_intents("en")
    if raw is None:
        raise RuntimeError("home_assistant_intents ships no English intents")
    generator = np.random.default_rng(seed)
    found = _sentences(Intents.from_dict(raw), generator)
    uses = Counter(text for texts in found.values() for text in texts)
    own = {name: [text for text in texts if uses[text] == 1] for name, texts in found.items()}
    names = sorted(name for name, texts in own.items() if len(texts) >= LEAST_SENTENCES)
    training, others = [], []
    for name in names:
        mixed = [own[name][index] for index in generator.permutation(len(own[name]))[:MOST_SENTENCES]]
        cut = int(len(mixed) * HELD_OUT)
        others.append(tuple(mixed[:cut]))
        training.append(tuple(mixed[cut:]))
    return Corpus(tuple(names), tuple(training), tuple(others))


def _sentences(intents: Intents, generator: np.random.Generator) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, intent in intents.intents.items():
        texts: set[str] = set()
        for data in intent.data:
            rules = {**intents.expansion_rules, **data.expansion_rules}
            lists = {**intents.slot_lists, **HOME, **data.slot_lists}
            for sentence in data.sentences:
                sampled = sample_sentence(sentence, lists, rules, language="en", expand_ranges=False)
                texts |= {_fill(text, generator) for text in islice(sampled, PER_TEMPLATE)}
        found[name] = sorted(texts)
    return found


def _fill(text: str, generator: np.random.Generator) -> str:
    def value(match: re.Match[str]) -> str:
        if match.group() in _THING_SLOTS:
            return _THINGS[int(generator.integers(len(_THINGS)))]
        return str(int(generator.integers(1, 99)))

    return RANGE.sub(value, text).lower().strip()


def features_of(sentence: str, width: int) -> Matrix:
    """Words and pairs of neighbours, each hashed to one of `width` places with a sign; unit length."""
    words = ["#" if word.isdigit() else word for word in _WORD.findall(sentence.replace("'", ""))]
    ends = ["^", *words, "$"]
    vector = np.zeros(width)
    for gram in (*words, *(f"{left} {right}" for left, right in pairwise(ends))):
        hashed = int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "big")
        vector[(hashed >> 1) % width] += 1.0 if hashed & 1 else -1.0
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def simulate_people(pools: Sequence[Sequence[str]], count: int, width: int, seed: int) -> list[Data]:
    """What so many people said, as features and labels.

    Simulation only: the generator is seeded so that the demo repeats; no secret comes from it.
    """
    generator = np.random.default_rng(seed)
    people = []
    for _ in range(count):
        habits = generator.dirichlet(np.full(len(pools), CONCENTRATION))
        labels = generator.choice(len(pools), size=int(generator.integers(FEWEST, MOST)), p=habits)
        said = [pools[label][int(generator.integers(len(pools[label])))] for label in labels]
        people.append((np.array([features_of(each, width) for each in said]), labels.astype(np.int64)))
    return people


def together(people: Sequence[Data]) -> tuple[Matrix, Labels]:
    """All of their data in one."""
    return np.concatenate([each for each, _ in people]), np.concatenate([each for _, each in people])
