"""What Hypothesis draws from in these tests."""

from __future__ import annotations

from hypothesis import strategies as st

from sda.crypto.field import Q
from sda.params import Parameters

elements = st.one_of(st.sampled_from([0, 1, 2, Q - 2, Q - 1]), st.integers(0, Q - 1))
scalars = st.one_of(st.sampled_from([1, 2, Q - 1]), st.integers(1, Q - 1))
words = st.binary(min_size=32, max_size=32)


@st.composite
def parameters(draw: st.DrawFn) -> Parameters:
    """Any parameters that are allowed, with few seats and elements."""
    n = draw(st.integers(2, 9))
    t = draw(st.integers(1, n - 1))
    k = draw(st.integers(1, n - t))
    bits = draw(st.integers(1, 64))
    return Parameters(
        n=n,
        t=t,
        k=k,
        length=draw(st.integers(1, 30)),
        bits=bits,
        maximum=draw(st.integers(2, 2**32 - 1)),
        offset=draw(st.integers(0, 2**bits - 1)),
        noise_bound=draw(st.sampled_from([0, 1, 2**20, 2**64 - 1])),
    )


def matrix(rows: int, columns: int) -> st.SearchStrategy[list[list[int]]]:
    """A matrix of field elements."""
    row = st.lists(elements, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)
