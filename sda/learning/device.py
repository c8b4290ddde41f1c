"""What happens on a contributor's device: some passes of gradient descent over its own data, and a look at that data.

With `proximal` above 0 the local loss has a term proximal/2·‖x - x_global‖² (FedProx, Li et al. 2020), which keeps
contributors with unequal data from drifting apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sda.errors import ParameterError
from sda.learning.models import Labels, Matrix, Model, Vector, evaluate

MOST_EPOCHS = 1000
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class LocalTraining:
    """How a device trains.

    Attributes:
        epochs: Passes over its data, at most 1,000: a device does not train for ever because it is told to.
        batch: Examples in a step; at least 1.
        rate: Of the descent; positive.
        proximal: μ of FedProx; 0 is plain FedAvg.
    """

    epochs: int = 5
    batch: int = 10
    rate: float = 0.5
    proximal: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.epochs <= MOST_EPOCHS:
            raise ParameterError("epochs", self.epochs, f"in [1, {MOST_EPOCHS}]")
        if self.batch < 1:
            raise ParameterError("batch", self.batch, "at least 1")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ParameterError("rate", self.rate, "positive and finite")
        if not (math.isfinite(self.proximal) and self.proximal >= 0):
            raise ParameterError("proximal", self.proximal, "not negative, and finite")

    def update(self, model: Model, features: Matrix, labels: Labels, seed: Sequence[int]) -> Vector:
        """What training on this data adds to the model's parameters; the model is left as it was.

        Args:
            model: The announced one.
            features, labels: The device's data, checked by `check_data`.
            seed: Of the order of the examples.

        Raises:
            LearningError: Training went astray: the result is not finite.
        """
        start = model.vector
        generator = np.random.default_rng(seed)
        try:
            for _ in range(self.epochs):
                order = generator.permutation(len(labels))
                for first in range(0, len(order), self.batch):
                    chosen = order[first : first + self.batch]
                    here = model.vector
                    _, slope = model.gradient(features[chosen], labels[chosen])
                    model.vector = here - self.rate * (slope + self.proximal * (here - start))
            return model.vector - start
        finally:
            model.vector = start


def perplexity(model: Model, features: Matrix, labels: Labels) -> float:
    """How many classes the model as good as wavers between on this data: exp of its mean loss.

    A model that knows nothing has as many as there are classes; more means that it is led astray, or the data is. A
    device of which this stays true sits out (`Rules.perplexity`): only it can see its data.
    """
    return math.exp(min(evaluate(model, features, labels).loss, _LARGEST_EXPONENT))
