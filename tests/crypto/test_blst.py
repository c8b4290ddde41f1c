"""Both ways to blst give what the slow reference gives, and refuse the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto import curve
from sda.crypto.blst import Backend, Exported, Packaged, backend, compress_xy
from sda.crypto.field import Q
from tests.crypto.strategies import elements, scalars
from tests.crypto.test_curve import BAD_COMPRESSED
from tests.reference import curve as reference

BACKENDS = [backend(), Packaged()]
both = pytest.mark.parametrize("blst", BACKENDS, ids=lambda blst: type(blst).__name__)
few = settings(max_examples=12, deadline=None)


@both
@few
@given(scalars, scalars)
def test_multiply__is_that_of_the_reference(blst: Backend, a: int, c: int) -> None:
    point = reference.compress(reference.multiply(reference.G, a))
    xy = blst.check(point)
    assert compress_xy(xy) == point
    assert compress_xy(blst.multiply(xy, c)) == reference.compress(reference.multiply(reference.G, a * c % Q))


@both
@pytest.mark.parametrize("scalar", [1, 2, Q - 1, Q // 2, (1 << 128) - 1, 1 << 128])
def test_multiply__by_edges(blst: Backend, scalar: int) -> None:
    product = blst.multiply(curve.G.to_xy_bytes_be(), scalar)
    assert compress_xy(product) == curve.compress(curve.multiply(curve.G, scalar))


@both
@pytest.mark.parametrize("name", BAD_COMPRESSED)
def test_check__what_is_no_point_of_the_group__is_refused(blst: Backend, name: str) -> None:
    with pytest.raises(ValueError, match=r"point|blst error"):
        blst.check(BAD_COMPRESSED[name])


@both
@pytest.mark.parametrize("xy", [b"", bytes(95), bytes(95) + b"\1", b"\xff" * 96])
def test_multiply__off_the_curve__is_refused(blst: Backend, xy: bytes) -> None:
    with pytest.raises(ValueError, match=r"point of the curve"):
        blst.multiply(xy, 2)


SHAPES = [(1, 4), (2, 8), (4, 11), (16, 9)]
"""Parts and windows: with and without bits left over, as used and otherwise."""
EDGES = [0, 1, 2, Q - 1, Q // 2, (1 << 128) - 1, 1 << 128, (1 << 254) - 1]


def xy_of(scalar: int) -> bytes:
    return bytes(curve.multiply(curve.G, scalar).to_xy_bytes_be())


@both
@pytest.mark.parametrize(("parts", "window"), SHAPES)
@few
@given(data=st.data())
def test_combiner__is_the_sum_of_products(blst: Backend, parts: int, window: int, data: st.DataObject) -> None:
    logs = data.draw(st.lists(scalars, min_size=1, max_size=3))
    combine = blst.combiner(list(map(xy_of, logs)), parts=parts, window=window)
    for _ in range(3):
        factors = data.draw(st.lists(elements, min_size=len(logs), max_size=len(logs)))
        total = sum(log * factor for log, factor in zip(logs, factors, strict=True)) % Q
        assert combine(factors) == xy_of(total)


@both
@pytest.mark.parametrize(("parts", "window"), SHAPES)
def test_combiner__of_points_that_are_equal_or_cancel(blst: Backend, parts: int, window: int) -> None:
    """Where the formulas for adding different points do not hold."""
    logs = [1, 1, Q - 1, 2, 1 << 128]
    combine = blst.combiner(list(map(xy_of, logs)), parts=parts, window=window)
    for a, b in product(EDGES, repeat=2):
        for factors in ([a, b, a, b, a], [a, b, 0, 0, 0], [a, b, (a + b) % Q, 0, 0], [a, 0, b, a, b]):
            total = sum(log * factor for log, factor in zip(logs, factors, strict=True)) % Q
            assert combine(factors) == xy_of(total)


@both
def test_combiner__of_64_points__is_the_msm(blst: Backend) -> None:
    points, row = curve.generators(64), [pow(7, i, Q) for i in range(64)]
    combine = blst.combiner([bytes(point.to_xy_bytes_be()) for point in points], parts=4, window=11)
    assert combine(row) == bytes(curve.msm(points, row).to_xy_bytes_be())


@both
def test_combiner__wants_a_scalar_for_every_point(blst: Backend) -> None:
    combine = blst.combiner([xy_of(1), xy_of(2)], parts=1, window=4)
    for factors in ([], [1], [1, 2, 3]):
        with pytest.raises(ValueError, match=f"{len(factors)} scalars for 2 points"):
            combine(factors)


@both
@pytest.mark.parametrize("xy", [b"", bytes(95), bytes(95) + b"\1", b"\xff" * 96])
def test_combiner__off_the_curve__is_refused(blst: Backend, xy: bytes) -> None:
    with pytest.raises(ValueError, match="not a point of the curve"):
        blst.combiner([xy], parts=1, window=4)


def test_combiner__threads_share_a_table() -> None:
    points, rows = curve.generators(3), [[pow(5, i + j, Q) for i in range(3)] for j in range(200)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda row: curve.commit_rows([row])[0], rows))
    assert found == [curve.msm(points, row) for row in rows]


def test_exported__needs_every_function() -> None:
    with pytest.raises(OSError, match="no-such-file"):
        Exported("./no-such-file.so")
