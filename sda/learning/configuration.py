"""What a training is: model, local training, server optimiser, updates, rounds; fixed from the first round to the last.

name = "intents"

[model]
kind = "softmax"
inputs = 128
classes = 34

[local]                 # on the contributors' devices; all of it may be left out
epochs = 5

[server]
name = "fedadam"

[update]
clip = 2.0

[round]
n = 10
t = 3
k = 5
cohort = 50
minimum = 40

[stop]                  # the developer's own business: may be changed between runs
rounds = 25
accuracy = 0.95
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sda.crypto.hashes import keccak
from sda.errors import LearningError, ParameterError
from sda.learning.device import LocalTraining
from sda.learning.fields import TOKEN, canonical, read_fields
from sda.learning.models import ModelForm, size_of
from sda.learning.server import ServerOptimiser
from sda.learning.updates import UpdateCode, bits_for_slot
from sda.params import Parameters
from sda.round import Terms

_TAG = b"SDA/1 learning configuration"


@dataclass(frozen=True)
class UpdateRules:
    """What is sent of an update.

    Attributes:
        clip: No update is longer, in L2.
        rotate: Whether it is rotated before it is rounded.
        slot_bits: Width of a coordinate in the sum; the bits of an update follow from it and the cohort.
        perplexity: A device sits out while the model's perplexity on its data is more than this times the number of
            classes, see `sda.learning.device.perplexity`; 0 lets everybody take part.
        tolerance: A sum is put aside if it raises the loss on the public set by more than this share of it; 0 counts
            every sum.
    """

    clip: float
    rotate: bool = False
    slot_bits: int = 16
    perplexity: float = 0.0
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        for name in ("perplexity", "tolerance"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ParameterError(name, getattr(self, name), "not negative, and finite")


@dataclass(frozen=True)
class RoundPlan:
    """The terms of every round, as far as they do not follow from the rest.

    Attributes:
        n, t, k: Seats, privacy threshold, packing.
        cohort: Contributors invited to a round, and at most counted.
        minimum: Without so many a round fails.
        silent, sigma, noise_bound: Of the clerks' noise, as in `Terms`; 0 without noise. `UpdateCode.sensitivity` is
            what σ is to be measured against.
        collect_window, complaint_window, row_window, claim_window: Seconds.
        flat_fee, rate, reward: Token units: of a right row, of a row's element and contributor, of an update.
    """

    n: int
    t: int
    k: int
    cohort: int
    minimum: int
    silent: int = 0
    sigma: int = 0
    noise_bound: int = 0
    collect_window: int = 3600
    complaint_window: int = 600
    row_window: int = 600
    claim_window: int = 86_400
    flat_fee: int = TOKEN // 2
    rate: int = TOKEN // 10**5
    reward: int = TOKEN // 20

    def __post_init__(self) -> None:
        if not 2 <= self.minimum <= self.cohort:
            raise ParameterError("minimum", self.minimum, f"in [2, cohort = {self.cohort}]")

    def terms(self, parameters: Parameters, query: bytes) -> Terms:
        """Of one round with these parameters, for the announcement with this hash."""
        windows = ("collect_window", "complaint_window", "row_window", "claim_window")
        names = ("minimum", "silent", "sigma", *windows, "flat_fee", "rate", "reward")
        values: dict[str, Any] = {name: getattr(self, name) for name in names}
        return Terms.for_parameters(parameters, query=query, **values)


@dataclass(frozen=True)
class StopRules:
    """When training ends.

    Attributes:
        rounds: After so many rounds that counted.
        accuracy: As soon as it is reached on the public set; 0 never.
        patience: After so many rounds without a better accuracy; 0 never.
        failures: After so many failed rounds in a row.
    """

    rounds: int = 25
    accuracy: float = 0.0
    patience: int = 0
    failures: int = 3

    def __post_init__(self) -> None:
        for name, least in {"rounds": 1, "patience": 0, "failures": 1}.items():
            if getattr(self, name) < least:
                raise ParameterError(name, getattr(self, name), f"at least {least}")
        if not 0 <= self.accuracy <= 1:
            raise ParameterError("accuracy", self.accuracy, "in [0, 1]")


@dataclass(frozen=True)
class Configuration:
    """What everybody in a training agrees on; contributors get it with every model, and its hash is on chain.

    Attributes:
        name: For people.
        model, local, server, update, round: See there.
    """

    name: str
    model: ModelForm
    update: UpdateRules
    round: RoundPlan
    local: LocalTraining = field(default_factory=LocalTraining)
    server: ServerOptimiser = field(default_factory=ServerOptimiser)

    def __post_init__(self) -> None:
        if not self.name:
            raise ParameterError("name", self.name, "not empty")
        _ = self.parameters  # refuses what does not fit a round

    @cached_property
    def code(self) -> UpdateCode:
        """How updates become integers."""
        plan = self.round
        bits = bits_for_slot(self.update.slot_bits, plan.cohort, plan.n, plan.noise_bound)
        return UpdateCode(size_of(self.model.shapes), self.update.clip, bits, self.update.rotate)

    @cached_property
    def parameters(self) -> Parameters:
        """Of every round."""
        plan = self.round
        return self.code.parameters(plan.n, plan.t, plan.k, plan.cohort, plan.noise_bound)

    def terms(self, query: bytes) -> Terms:
        """Of one round.

        Args:
            query: The hash of its announcement.
        """
        return self.round.terms(self.parameters, query)

    # ------------------------------------------------------------------ forms

    @property
    def values(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @cached_property
    def hash(self) -> bytes:
        """keccak(tag ‖ JSON with sorted keys and no spaces)."""
        return keccak(_TAG + canonical(self.values))

    @classmethod
    def from_values(cls, values: object) -> Configuration:
        """From `values`.

        Raises:
            ParameterError: A field is missing, unknown, of another type or out of range: it is named.
        """
        return read_fields(cls, "configuration", values)


def load(path: Path) -> tuple[Configuration, StopRules]:
    """A configuration file, in TOML.

    Raises:
        LearningError: It cannot be read, or is no TOML.
        ParameterError: A field is missing, unknown, of another type or out of range.
    """
    try:
        values = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LearningError(f"{path}: cannot be read as a configuration ({error})") from error
    stop = read_fields(StopRules, "stop", values.pop("stop", {}))
    return Configuration.from_values(values), stop


def first_difference(old: Configuration, new: Configuration) -> str | None:
    """The first field in which two configurations differ, with both values; None if there is none."""
    before, after = _flat(old.values), _flat(new.values)
    changed = (name for name in before if before[name] != after[name])
    return next((f"{name}: was {before[name]!r}, is {after[name]!r}" for name in changed), None)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat
