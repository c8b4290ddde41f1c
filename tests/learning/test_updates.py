"""Updates as integers: what PROTOCOL's slots and the noise's sensitivity rely on."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.crypto.encoding import pack, unpack
from sda.errors import LearningError, ParameterError
from sda.learning.hadamard import rotate, rotate_back, signs, walsh_hadamard
from sda.learning.updates import UpdateCode, bits_for_slot, clipped, round_conditionally, uniform

ROUND = bytes(range(32))

codes = st.builds(
    UpdateCode,
    size=st.integers(1, 40),
    clip=st.floats(1e-3, 1e3),
    bits=st.integers(2, 20),
    rotate=st.booleans(),
)
secrets = st.binary(min_size=32, max_size=32)


def updates(size: int) -> st.SearchStrategy[list[float]]:
    """Of any finite size, zeros and the largest numbers there are among them."""
    return st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=size, max_size=size)


# ---------------------------------------------------------------------- one update


@given(st.data(), codes, secrets)
def test_encode__any_update__is_within_sensitivity_and_range(data: st.DataObject, code: UpdateCode, key: bytes) -> None:
    sent = code.encode(data.draw(updates(code.size)), ROUND, key)
    assert len(sent) == code.length
    assert sum(value**2 for value in sent) <= code.sensitivity**2
    assert max(map(abs, sent)) < 1 << (code.bits - 1)


@given(st.data(), codes)
def test_sensitivity__is_the_bound_of_the_paper(data: st.DataObject, code: UpdateCode) -> None:
    """Written out again from Algorithm 1, with γ = 1 / scale and β = e^(-1/2), so that √(2·log(1/β)) = 1."""
    ratio, d = code.clip * code.scale, code.length
    unconditional = ratio + math.sqrt(d)
    conditional = math.sqrt(ratio**2 + d / 4 + (ratio + math.sqrt(d) / 2))
    assert code.sensitivity == pytest.approx(min(unconditional, conditional))


@given(st.data(), codes, secrets)
def test_encode__same_secret__same_integers(data: st.DataObject, code: UpdateCode, key: bytes) -> None:
    update = data.draw(updates(code.size))
    assert code.encode(update, ROUND, key) == code.encode(np.array(update), ROUND, key)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20), st.floats(1e-6, 1e6))
def test_clipped__keeps_direction_and_what_is_short_enough(values: list[float], clip: float) -> None:
    vector = np.array(values)
    short = clipped(vector, clip)
    length = math.hypot(*values)
    if length <= clip * (1 - 1e-12):
        assert np.array_equal(short, vector)
    assert math.hypot(*short) <= clip * (1 + 1e-12)
    assert np.all(short * vector >= 0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_encode__not_finite__is_refused(bad: float) -> None:
    code = UpdateCode(size=3, clip=1.0, bits=8)
    with pytest.raises(LearningError, match="coordinate 1 and 0 others are not finite"):
        code.encode([0.0, bad, 0.0], ROUND, bytes(32))


@pytest.mark.parametrize("shape", [(2,), (4,), (3, 1), (0,)])
def test_encode__wrong_shape__is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(LearningError, match=r"must be \(3,\), the model's parameters"):
        UpdateCode(size=3, clip=1.0, bits=8).encode(np.zeros(shape), ROUND, bytes(32))


@pytest.mark.parametrize(
    ("field", "value"), [("size", 0), ("clip", 0.0), ("clip", math.nan), ("clip", math.inf), ("bits", 1), ("bits", 33)]
)
def test_code__out_of_range__names_the_field(field: str, value: float) -> None:
    given_values: dict[str, float] = {"size": 3, "clip": 1.0, "bits": 8, field: value}
    with pytest.raises(ParameterError, match=f"{field} = "):
        UpdateCode(**given_values)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- rounding


def hoeffding(draws: int, width: float) -> float:
    """How far the mean of so many draws, each within `width`, is from its expectation with chance 1e-12 at most."""
    return width * math.sqrt(math.log(2e12) / (2 * draws))


def test_rounding__is_unbiased() -> None:
    """Each coordinate's mean over 20,000 draws, every draw being one of two neighbours; no draw is refused here."""
    exact = np.array([-2.9, -0.5, -0.01, 0.0, 0.25, 1.0, 3.7])
    draws = 20_000
    total = sum(round_conditionally(exact, 1e9, index.to_bytes(32, "big")) for index in range(draws))
    assert np.max(np.abs(total / draws - exact)) < hoeffding(draws, 1.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), secrets)
def test_rounding__goes_to_a_neighbour(values: list[float], key: bytes) -> None:
    exact = np.array(values)
    rounded = round_conditionally(exact, math.inf, key)
    assert np.all((rounded == np.floor(exact)) | (rounded == np.ceil(exact)))


def test_rounding__is_drawn_again_while_too_long__as_often_as_the_paper_allows() -> None:
    """Of a vector as long as the clip, at most a share β of the draws is refused (Lemma of Algorithm 1)."""
    code = UpdateCode(size=64, clip=1.0, bits=4)
    scaled = np.full(64, code.clip * code.scale / 8)
    draws = 4000
    refused = sum(
        np.linalg.norm(round_conditionally(scaled, math.inf, index.to_bytes(32, "big"))) > code.sensitivity
        for index in range(draws)
    )
    assert refused / draws <= math.exp(-0.5) + hoeffding(draws, 1.0)
    for index in range(200):
        assert np.linalg.norm(round_conditionally(scaled, code.sensitivity, index.to_bytes(32, "big"))) <= (
            code.sensitivity
        )


def test_rounding__that_cannot_be_short_enough__is_an_error() -> None:
    with pytest.raises(LearningError, match="longer than the clip"):
        round_conditionally(np.array([5.0, 5.0]), 1.0, bytes(32))


def test_uniform__is_in_the_half_open_interval_and_has_its_mean() -> None:
    values = uniform(b"seed", 0, 100_000)
    assert values.min() >= 0.0
    assert values.max() < 1.0
    assert abs(values.mean() - 0.5) < hoeffding(100_000, 1.0)
    assert not np.array_equal(values, uniform(b"seed", 1, 100_000))


# ---------------------------------------------------------------------- rotation


@pytest.mark.parametrize("length", [1, 2, 8])
def test_walsh_hadamard__is_the_matrix(length: int) -> None:
    """Entry (i, j) of H is (-1)^popcount(i & j)."""
    matrix = np.array([[(-1) ** (i & j).bit_count() for j in range(length)] for i in range(length)])
    vector = np.random.default_rng(1).normal(size=length)
    assert walsh_hadamard(vector) == pytest.approx(matrix @ vector / math.sqrt(length))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=70))
def test_rotation__keeps_length_and_is_undone(values: list[float]) -> None:
    vector = np.array(values)
    turned = rotate(vector, ROUND)
    assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(vector))
    assert rotate_back(turned, ROUND, len(vector)) == pytest.approx(vector, abs=1e-6)


def test_signs__come_from_the_public_seed_alone() -> None:
    assert np.array_equal(signs(ROUND, 100), signs(ROUND, 100))
    assert not np.array_equal(signs(ROUND, 100), signs(bytes(32), 100))
    assert set(signs(ROUND, 100)) == {-1.0, 1.0}


def test_rotation__of_a_single_coordinate__leaves_none_above_the_peak() -> None:
    code = UpdateCode(size=4096, clip=3.0, bits=10, rotate=True)
    update = np.zeros(4096)
    update[17] = 100.0
    assert code.peak < 0.5
    assert np.max(np.abs(rotate(clipped(update, code.clip), ROUND))) <= code.peak


# ---------------------------------------------------------------------- the sum


@given(st.data(), codes, st.integers(2, 12), secrets)
def test_sum__of_the_longest_updates__neither_overflows_nor_is_lost(
    data: st.DataObject, code: UpdateCode, maximum: int, key: bytes
) -> None:
    """Through the round's own packing: every contributor at the edge, in the same direction."""
    parameters = code.parameters(n=5, t=2, k=2, maximum=maximum)
    code.check_round(parameters)
    update = data.draw(st.sampled_from([[1e300] * code.size, [-1e300] * code.size, [1e300] + [0.0] * (code.size - 1)]))
    sent = [code.encode(update, ROUND, key) for _ in range(maximum)]
    packed = [pack(vector, parameters) for vector in sent]
    elements = [sum(column) for column in zip(*packed, strict=True)]
    sums = unpack(elements, parameters, maximum)
    assert sums == [sum(column) for column in zip(*sent, strict=True)]


@given(st.data(), codes.filter(lambda code: not code.rotate), st.integers(1, 6))
def test_mean__is_within_one_step_of_the_clipped_mean(data: st.DataObject, code: UpdateCode, count: int) -> None:
    made = [np.array(data.draw(st.lists(st.floats(-1e3, 1e3), min_size=code.size, max_size=code.size)))] * count
    sent = [code.encode(update, ROUND, index.to_bytes(32, "big")) for index, update in enumerate(made)]
    sums = [sum(column) for column in zip(*sent, strict=True)]
    exact = sum(clipped(update, code.clip) for update in made) / count
    assert np.max(np.abs(code.mean(sums, count, ROUND) - exact)) <= (1 + 1e-9) / code.scale


def test_mean__with_rotation__is_the_mean() -> None:
    code = UpdateCode(size=100, clip=2.0, bits=24, rotate=True)
    made = np.random.default_rng(3).normal(size=(5, 100)) * 0.1
    sent = [code.encode(update, ROUND, bytes([index]) * 32) for index, update in enumerate(made)]
    sums = [sum(column) for column in zip(*sent, strict=True)]
    assert code.mean(sums, 5, ROUND) == pytest.approx(made.mean(axis=0), abs=1e-5)


def test_mean__of_nobody_or_of_another_length__is_refused() -> None:
    code = UpdateCode(size=2, clip=1.0, bits=8)
    with pytest.raises(LearningError, match="sum of 0 updates"):
        code.mean([0, 0], 0, ROUND)
    with pytest.raises(LearningError, match="sum of 3 coordinates: must be 2"):
        code.mean([0, 0, 0], 1, ROUND)


@given(st.integers(2, 64), st.integers(2, 1000), st.integers(0, 1000))
def test_bits_for_slot__are_the_most_that_fit(slot_bits: int, maximum: int, noise_bound: int) -> None:
    n = 5

    def width(bits: int) -> int:
        return (maximum * ((1 << bits) - 1) + 2 * n * noise_bound).bit_length()

    try:
        bits = bits_for_slot(slot_bits, maximum, n, noise_bound)
    except ParameterError:
        assert width(2) > slot_bits
    else:
        assert width(bits) <= slot_bits
        assert bits == 32 or width(bits + 1) > slot_bits


CHANGES: dict[str, Callable[[UpdateCode], UpdateCode]] = {
    "length": lambda code: UpdateCode(code.size + 1, code.clip, code.bits),
    "bits": lambda code: UpdateCode(code.size, code.clip, code.bits + 1),
}


@pytest.mark.parametrize("field", CHANGES)
def test_check_round__for_other_updates__names_the_field(field: str) -> None:
    code = UpdateCode(size=10, clip=1.0, bits=8)
    with pytest.raises(LearningError, match=f"round: its {field} is"):
        code.check_round(CHANGES[field](code).parameters(5, 2, 2, 10))
