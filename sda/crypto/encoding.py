"""Vectors in field elements: fixed slots, wide enough for every sum (docs/FORMATS.md, "Encoding").

A slot has room for N_max·(2^b - 1) + 2·n·T, so no sum of at most N_max vectors carries into its neighbour,
and w·L ≤ 254 bits stay below q, so no element wraps.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from contextlib import suppress
from typing import SupportsIndex

from sda.errors import EncodingError
from sda.params import Parameters


def pack(vector: Sequence[SupportsIndex | float], parameters: Parameters) -> list[int]:
    """One contributor's vector as E field elements.

    Args:
        vector: `length` integers in [-offset, 2^bits - offset); floats only if they are integers.
        parameters: Of the round.

    Raises:
        EncodingError: Wrong length, or a coordinate that is not allowed: named by its index, never by its
            value.
    """
    if len(vector) != parameters.length:
        raise EncodingError(f"vector of {len(vector)} coordinates: must be {parameters.length}")
    offset = parameters.offset
    slots = _shifted(vector, offset)
    highest = (1 << parameters.bits) - 1
    index = _outside(slots, highest)
    if index is not None:
        raise EncodingError(f"coordinate {index}: must be in [{-offset}, {highest - offset}]")
    return _join(slots, parameters)


def pack_noise(noise: Sequence[int], parameters: Parameters) -> list[int]:
    """One dealer's noise as E field elements, each value shifted by T (PROTOCOL §11.13).

    Args:
        noise: `length` integers in [-T, T], T the noise bound.
        parameters: Of the round.

    Raises:
        EncodingError: Wrong length, or a value that is not allowed: named by its index, never by its value.
    """
    if len(noise) != parameters.length:
        raise EncodingError(f"noise of {len(noise)} coordinates: must be {parameters.length}")
    bound = parameters.noise_bound
    slots = _shifted(noise, bound)
    index = _outside(slots, 2 * bound)
    if index is not None:
        raise EncodingError(f"noise of coordinate {index}: must be in [-{bound}, {bound}]")
    return _join(slots, parameters)


def unpack(elements: Sequence[int], parameters: Parameters, count: int, dealers: int = 0) -> list[int]:
    """The sum of `count` vectors, with the noise of `dealers`, from the sum of their elements.

    Args:
        elements: E integers, reduced mod q.
        parameters: Of the round.
        count: N, vectors in the sum.
        dealers: Seats whose noise is in the sum.

    Returns:
        `length` integers; count · offset and dealers · T are subtracted from each.

    Raises:
        EncodingError: Wrong number of elements or count, or a slot that no sum of `count` valid vectors can
            hold: a contributor sent an invalid vector, or the rows do not belong to these padded vectors.
    """
    if len(elements) != parameters.elements:
        raise EncodingError(f"{len(elements)} elements: must be {parameters.elements}")
    if not 0 <= count <= parameters.maximum:
        raise EncodingError(f"count = {count}: must be in [0, {parameters.maximum}]")
    if not 0 <= dealers <= parameters.n:
        raise EncodingError(f"dealers = {dealers}: must be in [0, n = {parameters.n}]")
    shift = count * parameters.offset + dealers * parameters.noise_bound
    highest = count * ((1 << parameters.bits) - 1) + 2 * dealers * parameters.noise_bound
    sums = _split(elements, parameters)
    index = _outside(sums, highest)
    if index is not None:
        raise EncodingError(f"sum of coordinate {index}: exceeds {highest}, what {count} valid vectors can give")
    return [value - shift for value in sums]


def _shifted(values: Sequence[SupportsIndex | float], shift: int) -> list[int]:
    """Integers plus the shift."""
    with suppress(TypeError):  # there are floats, or worse
        return [operator.index(value) + shift for value in values]  # type: ignore[arg-type]
    return [_integer(value, index) + shift for index, value in enumerate(values)]


def _outside(slots: Sequence[int], highest: int) -> int | None:
    """The first that is not in [0, highest]."""
    if not slots or (min(slots) >= 0 and max(slots) <= highest):
        return None
    return next(index for index, slot in enumerate(slots) if not 0 <= slot <= highest)


def _integer(value: SupportsIndex | float, index: int) -> int:
    if isinstance(value, float):
        if not value.is_integer():  # also NaN and the infinities
            raise EncodingError(f"coordinate {index}: must be an integer")
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        raise EncodingError(f"coordinate {index}: must be an integer") from None


def _join(slots: Sequence[int], parameters: Parameters) -> list[int]:
    per_element, width = parameters.slots_per_element, parameters.slot_bits
    elements = []
    for start in range(0, len(slots), per_element):
        element = 0
        for slot in slots[start : start + per_element][::-1]:
            element = element << width | slot
        elements.append(element)
    return elements


def _split(elements: Sequence[int], parameters: Parameters) -> list[int]:
    per_element, width = parameters.slots_per_element, parameters.slot_bits
    mask = (1 << width) - 1
    slots: list[int] = []
    for number, element in enumerate(elements):
        used = min(per_element, parameters.length - number * per_element)
        if element >> (width * used):
            raise EncodingError(f"element {number}: has bits above its {used} slots, so it is no sum of vectors")
        slots.extend(element >> (width * i) & mask for i in range(used))
    return slots
