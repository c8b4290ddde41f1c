"""A training whose rounds take noise from the clerks: the seam between learning and the private rounds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sda.chain.devnet import Devnet
from sda.learning.configuration import UpdateRules
from sda.learning.plain import train_in_the_clear
from sda.learning.server import ServerOptimiser
from sda.round import Terms
from tests.learning.school import COHORT, School, make_configuration
from tests.rounds.cast import Cast

BOUND = 1 << 20


def test_training__with_noise_by_every_seat__moves_by_mean_and_noise(devnet: Devnet, tmp_path: Path) -> None:
    """All noise that was dealt is in the model, divided by scale and count; nothing else differs from the clear."""
    drawn: list[list[int]] = []

    def sampler(terms: Terms) -> list[int]:
        drawn.append([(-1) ** index * (BOUND - 7 * index) for index in range(terms.length)])
        return drawn[-1]

    plain = make_configuration(server=ServerOptimiser("fedavg", rate=1.0), update=UpdateRules(1.0, slot_bits=26))
    noisy = replace(plain, round=replace(plain.round, sigma=1 << 16, noise_bound=BOUND))
    assert noisy.code.bits < plain.code.bits, "the same slots have room for the noise"
    cast = Cast(devnet, tmp_path, clerks=4, sampler=sampler)
    school = School(cast, noisy)
    training = school.training()
    assert training.step().outcome == "counted"
    cast.relay.close()
    terms = cast.rounds.terms(0)
    assert (terms.sigma, terms.noise_bound) == (1 << 16, BOUND)
    assert len(drawn) == noisy.round.n
    *_, clear = train_in_the_clear(plain, school.by_position, school.seeds)
    noise = np.sum(drawn, axis=0) / noisy.code.scale / COHORT
    assert training.checkpoint.vector == pytest.approx(clear + noise, abs=1.5 / noisy.code.scale)
    assert np.abs(noise).min() > 3 / noisy.code.scale
