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

[privacy]               # noise by the clerks; may be left out
epsilon = 8.0
delta = 1e-5
rounds = 25

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
from typing import TYPE_CHECKING, Any

from sda.crypto.hashes import keccak
from sda.errors import LearningError, ParameterError
from sda.learning.device import LocalTraining
from sda.learning.fields import TOKEN, canonical, read_fields
from sda.learning.models import ModelForm, size_of
from sda.learning.server import ServerOptimiser
from sda.learning.updates import UpdateCode, bits_for_slot
from sda.params import MAXIMUM_ROW, Parameters
from sda.privacy.noise.noise import MAXIMUM_EPSILON
from sda.round import Terms

if TYPE_CHECKING:
    from sda.learning.privacy import PrivateCode

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
class PrivacyRules:
    """What a training promises.

    Attributes:
        epsilon, delta: Of all its rounds together, for whoever takes part in every one of them.
        rounds: So many are planned for, failed ones included: the noise of each is measured by it.
        silent: s, noise dealers that may be missing in a round.
    """

    epsilon: float
    delta: float
    rounds: int
    silent: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.epsilon <= MAXIMUM_EPSILON:
            raise ParameterError("privacy.epsilon", self.epsilon, f"in (0, {MAXIMUM_EPSILON:g}]")
        if not 0 < self.delta < 1:
            raise ParameterError("privacy.delta", self.delta, "in (0, 1)")
        if self.rounds < 1:
            raise ParameterError("privacy.rounds", self.rounds, "at least 1")


@dataclass(frozen=True)
class RoundPlan:
    """The terms of every round, as far as they do not follow from the rest.

    Attributes:
        n, t, k: Seats, privacy threshold, packing.
        cohort: Contributors invited to a round, and at most counted.
        minimum: Without so many a round fails.
        chunk: Elements of a row that are committed to together, at most: an update that needs more makes wide rounds
            (docs/wide.md).
        collect_window, complaint_window, row_window, claim_window: Seconds.
        flat_fee, rate, reward: Token units: of a right row, of a row's element and contributor, of an update.
    """

    n: int
    t: int
    k: int
    cohort: int
    minimum: int
    chunk: int = MAXIMUM_ROW
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

    def terms(self, parameters: Parameters, query: bytes, sigma: int = 0, silent: int = 0) -> Terms:
        """Of one round with these parameters and this noise, for the announcement with this word."""
        windows = ("collect_window", "complaint_window", "row_window", "claim_window")
        names = ("minimum", *windows, "flat_fee", "rate", "reward")
        values: dict[str, Any] = {name: getattr(self, name) for name in names}
        return Terms.for_parameters(parameters, query=query, sigma=sigma, silent=silent, **values)


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
        privacy: What the training may cost a contributor; None for rounds without noise.
    """

    name: str
    model: ModelForm
    update: UpdateRules
    round: RoundPlan
    local: LocalTraining = field(default_factory=LocalTraining)
    server: ServerOptimiser = field(default_factory=ServerOptimiser)
    privacy: PrivacyRules | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ParameterError("name", self.name, "not empty")
        _ = self.parameters  # refuses what does not fit a round

    @cached_property
    def code(self) -> UpdateCode:
        """How updates become integers."""
        if self.private is not None:
            return self.private.code
        bits = bits_for_slot(self.update.slot_bits, self.round.cohort, self.round.n)
        return UpdateCode(size_of(self.model.shapes), self.update.clip, bits, self.update.rotate)

    @cached_property
    def private(self) -> PrivateCode | None:
        """Code and noise of a training with noise; None without."""
        if self.privacy is None:
            return None
        from sda.learning.privacy import PrivateCode  # its accountant is an extra

        size, plan, update = size_of(self.model.shapes), self.round, self.update
        code = (size, update.clip, update.rotate, update.slot_bits)
        return PrivateCode.plan(*code, plan.n, plan.t, plan.cohort, self.privacy)

    @cached_property
    def parameters(self) -> Parameters:
        """Of every round."""
        plan = self.round
        bound = self.private.bound if self.private else 0
        return self.code.parameters(plan.n, plan.t, plan.k, plan.cohort, bound, plan.chunk)

    def terms(self, announced: bytes) -> Terms:
        """Of one round.

        Args:
            announced: The hash of its announcement.
        """
        private = self.private
        if private is None:
            return self.round.terms(self.parameters, self.word(announced))
        noise = private.noise.scaled_sigma, private.rules.silent
        return self.round.terms(self.parameters, self.word(announced), *noise)

    def word(self, announced: bytes) -> bytes:
        """What stands in a round's terms: the hash of its announcement, behind what the round promises if it does."""
        return announced if self.private is None else self.private.promise.word(announced)

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
