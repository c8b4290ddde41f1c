"""What a developer announces with a round: configuration, model, whom it invites; one hash on chain binds it all.

The round's `query` word is `Announcement.query`, so it is part of the terms, of the round hash and of what every
contributor signs: nobody trains another model, or by other rules, than the one that the chain names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from sda.crypto.hashes import keccak
from sda.errors import LearningError, ParameterError
from sda.learning.configuration import Configuration
from sda.learning.fields import canonical
from sda.learning.models import Model, Vector, model_hash

MAGIC = b"SDA learning 1\n"
MOST_ENROLLED = 1 << 20
"""A cohort is drawn by hashing a ticket for each of them: a device does not hash for ever because it is told to."""
_TAG = b"SDA/1 learning round"
_LOTTERY = b"SDA/1 learning cohort"


@dataclass(frozen=True)
class Announcement:
    """One round of a training, before it is opened.

    Attributes:
        configuration: Of the training.
        number: Rounds that counted before this one.
        attempt: Rounds that failed at this number before.
        enrolled: Contributors that may be invited: positions 0 … enrolled - 1 of the enrolment.
        vector: The model's parameters.
    """

    configuration: Configuration
    number: int
    attempt: int
    enrolled: int
    vector: Vector = field(repr=False)

    @property
    def query(self) -> bytes:
        """What stands in the round's terms: the hash, or in a training with noise a promise and part of it."""
        return self.configuration.word(self.hash)

    @cached_property
    def hash(self) -> bytes:
        """keccak(tag ‖ configuration hash ‖ keccak(step) ‖ model hash)."""
        step = keccak(canonical(self._step))
        return keccak(_TAG + self.configuration.hash + step + model_hash(self.configuration.model.shapes, self.vector))

    @property
    def _step(self) -> dict[str, Any]:
        return {"number": self.number, "attempt": self.attempt, "enrolled": self.enrolled}

    def model(self) -> Model:
        """The announced model."""
        model = self.configuration.model.make()
        model.vector = self.vector
        return model

    def invited(self, round_hash: bytes) -> set[int]:
        """Positions of the cohort: a public lottery whose seed nobody chooses (the draw is part of the round hash)."""
        order = sorted(range(self.enrolled), key=lambda position: _ticket(round_hash, position))
        return set(order[: self.configuration.round.cohort])

    def encode(self) -> bytes:
        """MAGIC ‖ JSON of configuration and step ‖ newline ‖ parameters as big-endian float64."""
        head = canonical({"configuration": self.configuration.values, "step": self._step})
        return MAGIC + head + b"\n" + self.vector.astype(">f8").tobytes()

    @classmethod
    def decode(cls, data: bytes, query: bytes) -> Announcement:
        """Read the announcement of a round whose terms have this query.

        Raises:
            LearningError: It is none, or not the one that stands on chain.
        """
        if not data.startswith(MAGIC):
            raise LearningError(f"announcement: must begin with {MAGIC.decode().strip()!r}")
        head, _, body = data[len(MAGIC) :].partition(b"\n")
        try:
            values = json.loads(head)
            configuration = Configuration.from_values(values["configuration"])
            made = cls(configuration, **_integers(values["step"]), vector=_parameters(body))
            found = made.query
        except (ValueError, KeyError, TypeError, ParameterError) as error:
            raise LearningError(f"announcement: is malformed ({type(error).__name__}: {str(error)[:200]})") from None
        if found != query:
            raise LearningError(
                f"announcement: hashes to 0x{found.hex()}, the round on chain is for 0x{query.hex()}: another model,"
                " configuration or cohort"
            )
        return made


def _integers(step: Mapping[str, Any]) -> dict[str, int]:
    numbers = {name: step[name] for name in ("number", "attempt", "enrolled")}
    for name, value in numbers.items():
        if type(value) is not int or not 0 <= value <= MOST_ENROLLED:
            raise LearningError(f"{name} = {value!r}: must be an integer in [0, {MOST_ENROLLED}]")
    return numbers


def _parameters(body: bytes) -> Vector:
    if len(body) % 8:
        raise LearningError(f"parameters of {len(body)} bytes: must be 8 each")
    return np.frombuffer(body, dtype=">f8").astype(np.float64)


def _ticket(round_hash: bytes, position: int) -> bytes:
    return hashlib.sha256(_LOTTERY + round_hash + position.to_bytes(4, "big")).digest()
