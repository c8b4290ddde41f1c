"""Both ways to blst give what the slow reference gives, and refuse the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from sda.crypto import curve
from sda.crypto.blst import Backend, Exported, Packaged, backend, compress_xy
from sda.crypto.field import Q
from tests.crypto.strategies import scalars
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


def test_exported__needs_every_function() -> None:
    with pytest.raises(OSError, match="no-such-file"):
        Exported("./no-such-file.so")
