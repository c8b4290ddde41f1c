"""Server optimisers: what the developer does with a mean update (Reddi et al. 2021, "Adaptive Federated
Optimization"; Hsu et al. 2019 for FedAvgM).

The mean update Δ stands for a negative gradient. An optimiser's state is a few vectors, kept in the checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sda.errors import LearningError, ParameterError
from sda.learning.models import Vector

State = Mapping[str, Vector]
OPTIMISERS = ("fedadam", "fedavg", "fedavgm")


@dataclass(frozen=True)
class ServerOptimiser:
    """How the model moves.

    fedavg:  x ← x + rate·Δ
    fedavgm: v ← momentum·v + Δ,  x ← x + rate·v
    fedadam: m ← momentum·m + (1 - momentum)·Δ,  v ← decay·v + (1 - decay)·Δ²,  x ← x + rate·m / (√v + tau);
             m starts at 0, v at tau², neither is corrected for bias (their Algorithm 2)

    Attributes:
        name: "fedadam", "fedavg" or "fedavgm".
        rate: Positive.
        momentum: β1, in [0, 1).
        decay: β2, in [0, 1).
        tau: How far FedAdam adapts; positive.
    """

    name: str = "fedadam"
    rate: float = 0.3
    momentum: float = 0.9
    decay: float = 0.99
    tau: float = 1e-3

    def __post_init__(self) -> None:
        if self.name not in OPTIMISERS:
            raise ParameterError("name", self.name, f"one of {', '.join(OPTIMISERS)}")
        for name in ("rate", "tau"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ParameterError(name, value, "positive and finite")
        for name in ("momentum", "decay"):
            if not 0 <= getattr(self, name) < 1:
                raise ParameterError(name, getattr(self, name), "in [0, 1)")

    def begin(self, size: int) -> dict[str, Vector]:
        """The state before the first step of a model with `size` parameters."""
        if self.name == "fedavg":
            return {}
        if self.name == "fedavgm":
            return {"velocity": np.zeros(size)}
        return {"first": np.zeros(size), "second": np.full(size, self.tau**2)}

    def step(self, vector: Vector, update: Vector, state: State) -> tuple[Vector, dict[str, Vector]]:
        """The model and the state after a round; what is given is left as it is.

        Args:
            vector: The model's parameters.
            update: Δ, the mean update.
            state: From `begin` or the last step.

        Raises:
            LearningError: The result would not be finite.
        """
        if self.name == "fedavg":
            moved, after = vector + self.rate * update, {}
        elif self.name == "fedavgm":
            velocity = self.momentum * state["velocity"] + update
            moved, after = vector + self.rate * velocity, {"velocity": velocity}
        else:
            first = self.momentum * state["first"] + (1 - self.momentum) * update
            second = self.decay * state["second"] + (1 - self.decay) * update**2
            moved = vector + self.rate * first / (np.sqrt(second) + self.tau)
            after = {"first": first, "second": second}
        if not np.isfinite(moved).all():
            raise LearningError("step: the model would not be finite; a smaller rate or clip is needed")
        return moved, after
