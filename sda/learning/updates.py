"""Updates as a round's integers, and back from their sum to the mean update.

On the device: clip in L2, rotate if wanted, scale, round at random to one of the two neighbouring integers, and draw
again if that made the vector too long (Kairouz, Liu, Steinke 2021, "The Distributed Discrete Gaussian Mechanism",
Algorithm 1, without its noise, which the clerks deal). The last step bounds what one contributor can change in the
sum, which is what the noise is measured against.

Where the paper lets a sum wrap around, here it cannot overflow: every coordinate is held within ±(2^(b-1) - 1), and
a slot has room for `maximum` of them with their noise (`sda.params.Parameters`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sda.errors import LearningError, ParameterError
from sda.learning.hadamard import Vector, padded_length, rotate, rotate_back
from sda.params import ELEMENT_BITS, MAXIMUM_ROW, SMALLEST_CHUNK, Parameters

BETA = math.exp(-0.5)
"""Rounding is drawn again with at most this chance; the paper's choice."""
TAIL = 2.0**-20
"""Chance, over the public signs, that rotation leaves any coordinate of an update above `peak`: it is then cut."""
MINIMUM_BITS, MAXIMUM_BITS = 2, 32

_UNIFORM_BITS = 53
_TRIES = 10_000


@dataclass(frozen=True)
class UpdateCode:
    """How updates of one training become integers.

    Attributes:
        size: Parameters of the model.
        clip: No update is longer, in L2; positive.
        bits: b, of a coordinate as sent, in [2, 32].
        rotate: Whether updates are rotated: finer steps for the same bits, and a vector filled up to a power of two.

    Raises:
        ParameterError: Names the field that is out of range.
    """

    size: int
    clip: float
    bits: int
    rotate: bool = False

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ParameterError("size", self.size, "at least 1 parameter")
        if not (math.isfinite(self.clip) and self.clip > 0):
            raise ParameterError("clip", self.clip, "positive and finite")
        if not MINIMUM_BITS <= self.bits <= MAXIMUM_BITS:
            raise ParameterError("bits", self.bits, f"in [{MINIMUM_BITS}, {MAXIMUM_BITS}]")

    @property
    def length(self) -> int:
        """d, coordinates of the round's vector."""
        return padded_length(self.size) if self.rotate else self.size

    @property
    def offset(self) -> int:
        """2^(b-1): what a signed coordinate is shifted by when it is sent."""
        return 1 << (self.bits - 1)

    @property
    def highest(self) -> int:
        """The largest magnitude of a coordinate, as an integer."""
        return self.offset - 1

    @cached_property
    def peak(self) -> float:
        """The largest magnitude of a coordinate before scaling.

        Without rotation an update may lie on one coordinate: the clip. With it, each coordinate is a sum with random
        signs, above `peak` with chance TAIL / d at most (Hoeffding).
        """
        if not self.rotate:
            return self.clip
        return self.clip * min(1.0, math.sqrt(2 * math.log(2 * self.length / TAIL) / self.length))

    @property
    def scale(self) -> float:
        """Integer steps in one unit of the model's parameters (1/γ in the paper)."""
        return self.highest / self.peak

    @cached_property
    def sensitivity(self) -> float:
        """The longest integer vector that is ever sent, in L2 and steps: what σ is measured against (Algorithm 1)."""
        length, root = self.clip * self.scale, math.sqrt(self.length)
        conditional = length**2 + self.length / 4 + math.sqrt(2 * math.log(1 / BETA)) * (length + root / 2)
        return min(length + root, math.sqrt(conditional))

    # ------------------------------------------------------------------ the round

    def parameters(
        self, n: int, t: int, k: int, maximum: int, noise_bound: int = 0, chunk: int = MAXIMUM_ROW
    ) -> Parameters:
        """The parameters of a round in which these updates are summed.

        Args:
            n, t, k: Seats, privacy threshold, packing.
            maximum: Contributors at most.
            noise_bound: T of each dealer; 0 without noise.
            chunk: Elements that are committed to together, at most.

        Raises:
            ParameterError: They do not fit one round; the field is named.
        """
        given = (n, t, k, self.length, self.bits, maximum, self.offset, noise_bound)
        columns = Parameters(*given, chunk=SMALLEST_CHUNK).columns
        return Parameters(*given, chunk=min(chunk, columns + 1)).balanced()

    def check_round(self, parameters: Parameters) -> None:
        """Refuse a round that is not for these updates.

        Raises:
            LearningError: Its length, bits or offset is another.
        """
        for name in ("length", "bits", "offset"):
            found, wanted = getattr(parameters, name), getattr(self, name)
            if found != wanted:
                raise LearningError(f"round: its {name} is {found}, these updates need {wanted}")

    # ------------------------------------------------------------------ there and back

    def encode(self, update: Sequence[float] | Vector, round_hash: bytes, secret: bytes) -> list[int]:
        """A contributor's update as the vector it sends.

        Args:
            update: `size` finite numbers.
            round_hash: Public seed of the rotation.
            secret: 32 fresh random bytes, for rounding.

        Returns:
            `length` integers in [-highest, highest], no longer than `sensitivity`.

        Raises:
            LearningError: Wrong length, or a coordinate that is no finite number.
        """
        turned = clipped(self._checked(update), self.clip)
        if self.rotate:
            turned = rotate(turned, round_hash)
        scaled = np.clip(turned, -self.peak, self.peak) * self.scale
        rounded = round_conditionally(scaled, self.sensitivity, secret)
        # Not by trust in floating point: whatever came before, nothing leaves that a slot was not made for.
        return [int(value) for value in np.clip(rounded, -self.highest, self.highest)]

    def mean(self, sums: Sequence[int], count: int, round_hash: bytes) -> Vector:
        """The mean update of a round.

        Args:
            sums: `length` integers, as revealed: offsets are already taken off.
            count: Contributors in the sum.
            round_hash: Of the round.

        Returns:
            `size` numbers.

        Raises:
            LearningError: Wrong length, or nobody in the sum.
        """
        if len(sums) != self.length:
            raise LearningError(f"sum of {len(sums)} coordinates: must be {self.length}")
        if count < 1:
            raise LearningError(f"sum of {count} updates: must be of one at least")
        return self._unscaled(sums, round_hash) / count

    def _unscaled(self, sums: Sequence[int], round_hash: bytes) -> Vector:
        values: Vector = np.array([float(value) for value in sums]) / self.scale
        return rotate_back(values, round_hash, self.size) if self.rotate else values

    def _checked(self, update: Sequence[float] | Vector) -> Vector:
        values: Vector = np.asarray(update, dtype=np.float64)
        if values.shape != (self.size,):
            raise LearningError(f"update of shape {values.shape}: must be ({self.size},), the model's parameters")
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise LearningError(f"update: coordinate {bad[0]} and {len(bad) - 1} others are not finite numbers")
        return values


def bits_for_slot(slot_bits: int, maximum: int, n: int, noise_bound: int = 0) -> int:
    """The most bits of a coordinate so that the sum of `maximum` of them, with noise, fits slots of this width.

    Raises:
        ParameterError: Not even 2 bits fit.
    """
    if not 1 <= slot_bits <= ELEMENT_BITS:
        raise ParameterError("slot_bits", slot_bits, f"in [1, {ELEMENT_BITS}]")
    room = ((1 << slot_bits) - 1 - 2 * n * noise_bound) // maximum + 1
    bits = min(room.bit_length() - 1 if room > 0 else 0, MAXIMUM_BITS)
    if bits < MINIMUM_BITS:
        raise ParameterError("slot_bits", slot_bits, f"wide enough for {maximum} updates of 2 bits and their noise")
    return bits


def clipped(vector: Vector, clip: float) -> Vector:
    """min(1, clip / ‖x‖₂) · x."""
    # Of the scaled vector: the square of a large finite number is infinite.
    most = float(np.max(np.abs(vector), initial=0.0))
    if most == 0.0:
        return vector
    norm = most * float(np.linalg.norm(vector / most))
    return vector if norm <= clip else (vector / most) * (clip / (norm / most))


def round_conditionally(scaled: Vector, longest: float, secret: bytes) -> NDArray[np.int64]:
    """Round each coordinate up or down at random with the right mean; draw again while the result is too long.

    Args:
        scaled: Numbers of magnitude below 2^53.
        longest: The L2 norm that is allowed. With the bound of Algorithm 1 a draw is accepted with chance 1 - BETA at
            least, for a vector no longer than the scaled clip.
        secret: From it all draws follow, by SHAKE-256.
    """
    floor = np.floor(scaled)
    fraction = scaled - floor
    for attempt in range(_TRIES):
        rounded: NDArray[np.int64] = (floor + (uniform(secret, attempt, len(scaled)) < fraction)).astype(np.int64)
        if math.fsum((rounded.astype(np.float64) ** 2).tolist()) <= longest**2:
            return rounded
    raise LearningError(f"update: no rounding of it is within {longest:g} steps: it is longer than the clip")


def uniform(secret: bytes, attempt: int, length: int) -> Vector:
    """`length` numbers in [0, 1), multiples of 2^-53, from SHAKE-256(secret ‖ attempt)."""
    stream = hashlib.shake_256(secret + attempt.to_bytes(4, "big")).digest(8 * length)
    words = np.frombuffer(stream, dtype=">u8").astype(np.uint64)
    values: Vector = (words >> np.uint64(64 - _UNIFORM_BITS)).astype(np.float64) * 2.0**-_UNIFORM_BITS
    return values
