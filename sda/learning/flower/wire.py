"""What strategy and mod tell each other, and how it is bound to the chain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord

from sda.crypto.hashes import keccak
from sda.errors import LearningError
from sda.learning.fields import canonical
from sda.learning.models import Shape, Vector, model_hash
from sda.learning.updates import UpdateCode

RECORD = "sda"
"""Key of the record that the strategy adds to a training message, and the mod takes out again."""
_TAG = b"SDA/1 learning flower"


@dataclass(frozen=True)
class Task:
    """One private round, as a client is told of it.

    Attributes:
        round_id: On chain.
        server_round: Flower's.
        clip, bits, rotate: How updates become integers.
    """

    round_id: int
    server_round: int
    clip: float
    bits: int
    rotate: bool

    def query(self, arrays: ArrayRecord) -> bytes:
        """keccak(tag ‖ JSON of rules, Flower's round and names ‖ model hash): what stands in the round's terms."""
        rules = {"server_round": self.server_round, "clip": self.clip, "bits": self.bits, "rotate": self.rotate}
        head = canonical({**rules, "names": list(arrays)})
        return keccak(_TAG + keccak(head) + model_hash(shapes_of(arrays), flatten(arrays)))

    def code(self, arrays: ArrayRecord) -> UpdateCode:
        """Of updates to these arrays."""
        return UpdateCode(sum(map(math.prod, shapes_of(arrays))), self.clip, self.bits, self.rotate)

    def record(self) -> ConfigRecord:
        """As it travels."""
        return ConfigRecord({**vars(self)})

    @classmethod
    def of(cls, record: ConfigRecord) -> Task:
        """Read it back.

        Raises:
            LearningError: A field is missing or of another type.
        """
        types = {"round_id": int, "server_round": int, "clip": float, "bits": int, "rotate": bool}
        if set(record) != set(types) or any(type(record[name]) is not kind for name, kind in types.items()):
            raise LearningError(f"message: its record {RECORD!r} must have {', '.join(types)}")
        return cls(**dict(record))  # type: ignore[arg-type]  # each was looked at


def shapes_of(arrays: ArrayRecord) -> tuple[Shape, ...]:
    """In the record's order."""
    return tuple(tuple(array.shape) for array in arrays.values())


def flatten(arrays: ArrayRecord) -> Vector:
    """All numbers of a record in one vector.

    Raises:
        LearningError: An array is not of floating-point numbers.
    """
    parts = []
    for name, array in arrays.items():
        values = array.numpy()
        if not np.issubdtype(values.dtype, np.floating):
            raise LearningError(f"array {name!r}: is of {values.dtype}, must be of floating-point numbers")
        parts.append(values.astype(np.float64).reshape(-1))
    return np.concatenate(parts) if parts else np.zeros(0)


def moved(arrays: ArrayRecord, update: Vector) -> ArrayRecord:
    """The arrays with an update added, in their own types."""
    made, start = {}, 0
    for name, array in arrays.items():
        values = array.numpy()
        part = update[start : start + values.size].reshape(values.shape)
        made[name] = Array((values + part).astype(values.dtype))
        start += values.size
    return ArrayRecord(made)
