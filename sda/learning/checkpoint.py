"""The state of a training between two steps, in one file that is whole or is not replaced.

Everything that decides what comes next is in it: a process that ends anywhere is followed by one that reads it and
goes on. What happened on chain since it was written is found there again.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sda.errors import LearningError, ParameterError
from sda.learning.configuration import Configuration, first_difference
from sda.learning.fields import canonical
from sda.learning.models import Vector, check_vector, size_of

FILE = "training.npz"
_PLAIN = "plain"
_MODEL = "model"
_STATE = "state "


@dataclass
class Report:
    """What became of one round.

    Attributes:
        number: Rounds that counted before it.
        round_id: On chain.
        outcome: "counted", or why it did not.
        contributors: N.
        accuracy, loss: Of the model after it, on the public set.
        length: Of the mean update, L2.
        gas: Used by everything that anybody did for it on chain, by event; known once it is settled.
        paid: Token units that it cost the developer; known once it is settled.
        up, down: Bytes that one contributor sent and fetched.
        settled: Whether its money is.
    """

    number: int
    round_id: int
    outcome: str
    contributors: int = 0
    accuracy: float = 0.0
    loss: float = 0.0
    length: float = 0.0
    gas: dict[str, int] = field(default_factory=dict)
    paid: int = 0
    up: int = 0
    down: int = 0
    settled: bool = False

    @property
    def counted(self) -> bool:
        """Whether the model moved."""
        return self.outcome == COUNTED


COUNTED = "counted"


@dataclass
class Checkpoint:
    """A training between two steps.

    Attributes:
        configuration: Of the training.
        vector: The model's parameters.
        state: The server optimiser's.
        reports: Of all rounds so far.
        searched: Rounds on chain below it are not the next one.
        announced: Query of the round under way, in hexadecimal; empty between rounds.
        round_id: Of the round under way; None before it is known to be open.
    """

    configuration: Configuration
    vector: Vector = field(repr=False)
    state: dict[str, Vector] = field(repr=False)
    reports: list[Report] = field(default_factory=list)
    searched: int = 0
    announced: str = ""
    round_id: int | None = None

    @classmethod
    def begin(cls, configuration: Configuration, searched: int) -> Checkpoint:
        """Before the first round."""
        vector = configuration.model.make().vector
        return cls(configuration, vector, configuration.server.begin(len(vector)), searched=searched)

    @property
    def number(self) -> int:
        """Rounds that counted."""
        return sum(report.counted for report in self.reports)

    @property
    def attempt(self) -> int:
        """Rounds that failed since the last one that counted."""
        failed = 0
        for report in reversed(self.reports):
            if report.counted:
                break
            failed += 1
        return failed

    def save(self, directory: Path) -> None:
        """Write it to `directory`/training.npz: whole, or the file stays as it was."""
        plain = {
            "configuration": self.configuration.values,
            "reports": [asdict(report) for report in self.reports],
            "searched": self.searched,
            "announced": self.announced,
            "round_id": self.round_id,
        }
        arrays: dict[str, Any] = {_STATE + name: value for name, value in self.state.items()}
        arrays |= {_PLAIN: np.frombuffer(canonical(plain), dtype=np.uint8), _MODEL: self.vector}
        out = io.BytesIO()
        np.savez(out, **arrays)
        write_whole(directory / FILE, out.getvalue())

    @classmethod
    def load(cls, directory: Path, configuration: Configuration) -> Checkpoint | None:
        """What `save` wrote; None if nothing did.

        Raises:
            LearningError: It is damaged, or of another configuration: the field is named.
        """
        path = directory / FILE
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                plain: dict[str, Any] = json.loads(arrays[_PLAIN].tobytes())
                vector = arrays[_MODEL]
                state = {name.removeprefix(_STATE): arrays[name] for name in arrays.files if name.startswith(_STATE)}
            kept = Configuration.from_values(plain["configuration"])
            reports = [read_report(each) for each in plain["reports"]]
            check_vector(vector, size_of(kept.model.shapes))
            made = cls(kept, vector, state, reports, int(plain["searched"]), plain["announced"], plain["round_id"])
        except (OSError, ValueError, KeyError, TypeError, BadZipFile, EOFError, ParameterError) as error:
            raise LearningError(f"{path}: is no checkpoint of a training ({type(error).__name__})") from error
        if difference := first_difference(kept, configuration):
            raise LearningError(
                f"{path}: the training was begun otherwise, {difference}; go on with the same configuration, or begin"
                " in another directory"
            )
        return made


def read_report(values: dict[str, Any]) -> Report:
    """From a checkpoint."""
    gas = {str(name): int(used) for name, used in values["gas"].items()}
    return Report(**{**values, "gas": gas})


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file at once: whoever reads it finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
