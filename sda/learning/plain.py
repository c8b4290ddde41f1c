"""The same training in the clear: what the private one is measured against, and where settings are tried out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from sda.learning.configuration import Configuration
from sda.learning.member import order_seed
from sda.learning.models import Labels, Matrix, Vector
from sda.learning.updates import clipped

Cohort = tuple[bytes, Iterable[int]]
"""A seed, a round hash where there was a round; and the positions of those who take part."""
Data = tuple[Matrix, Labels]


def train_in_the_clear(
    configuration: Configuration, people: Mapping[int, Data], cohorts: Iterable[Cohort]
) -> Iterator[Vector]:
    """The model's parameters after each cohort: clipped updates, their exact mean, no integers.

    Args:
        configuration: Of the training.
        people: Data by position.
        cohorts: In order.
    """
    model = configuration.model.make()
    state = configuration.server.begin(len(model.vector))
    for seed, positions in cohorts:
        updates = [
            clipped(configuration.local.update(model, *people[each], order_seed(seed, each)), configuration.update.clip)
            for each in positions
        ]
        model.vector, state = configuration.server.step(model.vector, np.mean(updates, axis=0), state)
        yield model.vector


def train_centrally(
    configuration: Configuration, features: Matrix, labels: Labels, epochs: int, rate: float, batch: int = 64
) -> Vector:
    """What one who had everybody's data would get: plain gradient descent over all of it."""
    model = configuration.model.make()
    generator = np.random.default_rng(0)
    for _ in range(epochs):
        order = generator.permutation(len(labels))
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            _, slope = model.gradient(features[chosen], labels[chosen])
            model.vector = model.vector - rate * slope
    return model.vector
