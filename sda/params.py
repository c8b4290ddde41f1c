"""The parameters of a round's computation, what follows from them, and named profiles.

The contract checks the same constraints (`InvalidTerm`, `NotEnoughSeats`); here the message says which one
fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from sda.errors import ParameterError

T = TypeVar("T")

MAXIMUM_SEATS = 64
MAXIMUM_ROW = 64
SMALLEST_CHUNK = 2
MAXIMUM_BITS = 64
MAXIMUM_CHUNKS = 2**16 - 1
ELEMENT_BITS = 254
"""A field element holds any integer of 254 bits."""

_UINT32 = 2**32 - 1
_UINT64 = 2**64 - 1


def _require(field: str, value: int, lowest: int, highest: int, meaning: str = "") -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        suffix = f" ({meaning})" if meaning else ""
        raise ParameterError(field, value, f"an integer in [{lowest}, {highest}]{suffix}")


@dataclass(frozen=True)
class Parameters:
    """What fixes the mathematics of a round (PROTOCOL §2, §11.13).

    Attributes:
        n: Seats of the committee, at most 64.
        t: Privacy threshold: t seats with the developer learn nothing beyond the sum, t + 1 do.
        k: Packing: secrets per polynomial. R = t + k rows complete the round, n - R seats may be silent.
        length: d, coordinates of a vector.
        bits: b, a coordinate as sent is in [0, 2^b).
        maximum: N_max, contributors at most: no sum of so many overflows its slot.
        offset: Added to signed values by the contributor; count times it is subtracted from the sum.
        noise_bound: T, noise of one dealer is within ±T; 0 in a round without noise.
        chunk: Elements that are committed to together, blinding included (docs/wide.md); 0 where one chunk holds a
            whole row, also if it was given as that many.

    Raises:
        ParameterError: Names the constraint that fails.
    """

    n: int
    t: int
    k: int
    length: int
    bits: int
    maximum: int
    offset: int = 0
    noise_bound: int = 0
    chunk: int = 0

    def __post_init__(self) -> None:
        _require("n", self.n, 2, MAXIMUM_SEATS, "seats")
        _require("t", self.t, 1, MAXIMUM_SEATS, "privacy threshold")
        _require("k", self.k, 1, MAXIMUM_SEATS, "packing")
        if self.t + self.k > self.n:
            raise ParameterError("t + k", self.t + self.k, f"at most n = {self.n}: the rows that complete a round")
        _require("length", self.length, 1, _UINT32, "coordinates of a vector")
        _require("bits", self.bits, 1, MAXIMUM_BITS, "of a coordinate")
        _require("maximum", self.maximum, 2, _UINT32, "contributors")
        _require("offset", self.offset, 0, (1 << self.bits) - 1, "below 2^bits")
        _require("noise_bound", self.noise_bound, 0, _UINT64)
        _require("slot_bits", self.slot_bits, 1, ELEMENT_BITS, "room for the sum of `maximum` coordinates")
        if self.chunk:
            _require("chunk", self.chunk, SMALLEST_CHUNK, MAXIMUM_ROW, "elements, blinding included")
            _require("chunk", self.chunk, SMALLEST_CHUNK, self.columns + 1, "the packed columns and one for blinding")
            _require("chunks", self.chunks, 1, MAXIMUM_CHUNKS, "of a row")
            if self.chunk == self.columns + 1:
                object.__setattr__(self, "chunk", 0)  # so that equal parameters are equal
        _require("chunk_length", self.chunk_length, 2, MAXIMUM_ROW, "from length, bits, maximum and k")

    @property
    def reconstruction(self) -> int:
        """R = t + k, rows that complete a round."""
        return self.t + self.k

    @cached_property
    def slot_bits(self) -> int:
        """w, width of a coordinate in the sum, noise included."""
        return (self.maximum * ((1 << self.bits) - 1) + 2 * self.n * self.noise_bound).bit_length()

    @cached_property
    def slots_per_element(self) -> int:
        """L = floor(254 / w)."""
        return ELEMENT_BITS // self.slot_bits

    @cached_property
    def elements(self) -> int:
        """E = ceil(d / L), field elements of a packed vector."""
        return -(-self.length // self.slots_per_element)

    @cached_property
    def columns(self) -> int:
        """B = ceil(E / k), packed columns."""
        return -(-self.elements // self.k)

    @property
    def chunk_length(self) -> int:
        """m, elements of a chunk: packed columns and one for blinding; m = B + 1 if there is one chunk."""
        return self.chunk or self.columns + 1

    @cached_property
    def chunks(self) -> int:
        """C = ceil(B / (m - 1))."""
        return -(-self.columns // (self.chunk_length - 1))

    def balanced(self) -> Parameters:
        """The same in as many chunks, each as narrow as they then can be: a row carries no columns for nothing."""
        return replace(self, chunk=-(-self.columns // self.chunks) + 1)

    @property
    def row_length(self) -> int:
        """C·m, elements of a row."""
        return self.chunks * self.chunk_length

    def place(self, column: int) -> int:
        """Where a packed column stands in a row: after those before it and their chunks' blinding."""
        chunk, rest = divmod(column, self.chunk_length - 1)
        return chunk * self.chunk_length + rest

    def chunked(self, row: Sequence[T]) -> list[Sequence[T]]:
        """A row's chunks."""
        return [row[start : start + self.chunk_length] for start in range(0, len(row), self.chunk_length)]


TEST = Parameters(n=5, t=2, k=2, length=7, bits=8, maximum=1000)
"""Only for testing: fast, and far too small a committee to protect anybody."""

DEMO = Parameters(n=8, t=3, k=3, length=100, bits=1, maximum=2000)
"""The demonstration: 100 one-bit events, a committee of 8."""

DEFAULT = Parameters(n=32, t=15, k=8, length=100, bits=1, maximum=100_000)
"""100 one-bit events. With 20% of the weight hostile, over t seats are with chance 1e-4 (PROTOCOL §8)."""

EVENTS_250K = Parameters(n=26, t=8, k=10, length=100, bits=1, maximum=250_000)
"""100 one-bit events of a quarter of a million contributors."""

PROFILES: Mapping[str, Parameters] = MappingProxyType(
    {"test": TEST, "demo": DEMO, "default": DEFAULT, "events-250k": EVENTS_250K}
)


def profile(name: str) -> Parameters:
    """The named profile.

    Raises:
        ParameterError: No such profile.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise ParameterError("profile", name, f"one of {', '.join(PROFILES)}") from None
