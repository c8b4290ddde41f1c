"""Configurations from files, and announcements that nobody can exchange."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sda.errors import LearningError, ParameterError
from sda.learning.announcement import MAGIC, MOST_ENROLLED, Announcement
from sda.learning.configuration import (
    Configuration,
    PrivacyRules,
    RoundPlan,
    StopRules,
    UpdateRules,
    first_difference,
    load,
)
from sda.learning.models import ModelForm
from sda.learning.noticeboard import Noticeboard
from sda.learning.server import ServerOptimiser
from tests.learning.school import make_configuration

FILE = """
name = "intents"
[model]
kind = "softmax"
inputs = 4
classes = 3
[update]
clip = 2
[round]
n = 10
t = 3
k = 5
cohort = 50
minimum = 40
reward = "0.05"
[stop]
rounds = 7
"""


def read(tmp_path: Path, text: str) -> tuple[Configuration, StopRules]:
    """A configuration file with this text."""
    path = tmp_path / "training.toml"
    path.write_text(text)
    return load(path)


def test_load__small_file__has_the_defaults(tmp_path: Path) -> None:
    configuration, stop = read(tmp_path, FILE)
    assert configuration.model == ModelForm("softmax", 4, 3)
    assert configuration.update == UpdateRules(clip=2.0)
    assert configuration.server == ServerOptimiser()
    assert configuration.round.reward == 5 * 10**16
    assert stop == StopRules(rounds=7)
    assert configuration.code.bits == 10, "50 updates of 10 bits fit 16"
    assert configuration.parameters.slot_bits == 16


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("inputs = 4", "", "configuration.model.inputs = None: must be given"),
        ("inputs = 4", "inputs = 4.0", "configuration.model.inputs = 4.0: must be of type int"),
        ("inputs = 4", "inputs = true", "configuration.model.inputs = True: must be of type int"),
        ("inputs = 4", "inputs = 4\nwidth = 2", "configuration.model.width = 2: must be left out"),
        ("clip = 2", "clip = -1", "clip = -1.0: must be positive"),
        ("clip = 2", "clip = inf", "clip = inf: must be positive and finite"),
        ("minimum = 40", "minimum = 51", "minimum = 51: must be in"),
        ("t = 3", "t = 6", "t \\+ k = 11: must be at most n"),
        ("[model]", "[modell]", "configuration.modell = .*: must be left out"),
        ('reward = "0.05"', 'reward = "a lot"', "reward = 'a lot': must be tokens"),
        ('reward = "0.05"', 'reward = "1e-19"', "18 decimals"),
        ('reward = "0.05"', 'reward = "NaN"', "reward = 'NaN': must be tokens"),
        ("inputs = 4", "inputs = 1000000000000", "length = "),
        ("rounds = 7", "rounds = 0", "rounds = 0: must be at least 1"),
        ("[update]", "update = 3\n[unused]", "configuration"),
    ],
)
def test_load__what_does_not_fit__is_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in FILE
    with pytest.raises(ParameterError, match=message):
        read(tmp_path, FILE.replace(before, after, 1))


def test_load__no_toml__is_refused(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="cannot be read as a configuration"):
        read(tmp_path, "name = ")
    with pytest.raises(LearningError, match="cannot be read as a configuration"):
        load(tmp_path / "nothing.toml")


def test_model_too_large_for_one_chunk__makes_wide_rounds() -> None:
    """63 columns of k elements of 10 slots of 24 bits: 630 parameters."""
    narrow = make_configuration(model=ModelForm("softmax", 314, 2)).parameters
    assert (narrow.chunks, narrow.chunk_length) == (1, 64)
    wide = make_configuration(model=ModelForm("softmax", 315, 2)).parameters
    assert (wide.chunks, wide.chunk_length) == (2, 33), "64 columns in two equal chunks"
    plan = replace(make_configuration().round, chunk=16)
    assert make_configuration(model=ModelForm("softmax", 315, 2), round=plan).parameters.chunks == 5


def test_model_too_large_for_a_round__is_refused() -> None:
    plan = replace(make_configuration().round, chunk=2)
    with pytest.raises(ParameterError, match="chunks = "):
        make_configuration(model=ModelForm("softmax", 330_000, 2), round=plan)


def test_hash__differs_with_every_section() -> None:
    base = make_configuration()
    others = [
        make_configuration(name="other"),
        make_configuration(model=ModelForm("softmax", 3, 2)),
        make_configuration(update=UpdateRules(1.5, slot_bits=24)),
        make_configuration(round=replace(base.round, reward=0)),
        make_configuration(server=ServerOptimiser("fedavg")),
        make_configuration(update=UpdateRules(1.0, slot_bits=40), privacy=PrivacyRules(8.0, 1e-5, 25)),
    ]
    assert len({each.hash for each in (base, *others)}) == 7
    assert [Configuration.from_values(each.values) for each in others] == others
    assert Configuration.from_values(base.values).hash == base.hash
    assert first_difference(base, base) is None
    assert first_difference(base, others[2]) == "update.clip: was 1.0, is 1.5"


# ---------------------------------------------------------------------- announcements


def make_announcement(**changes: Any) -> Announcement:
    """Of the small training, with 20 contributors to invite from."""
    return replace(Announcement(make_configuration(), 3, 1, 20, vector=np.arange(6) / 7), **changes)


def test_announcement__survives_the_wire() -> None:
    made = make_announcement()
    read_back = Announcement.decode(made.encode(), made.query)
    assert read_back.query == made.query
    assert (read_back.number, read_back.attempt, read_back.enrolled) == (3, 1, 20)
    assert np.array_equal(read_back.vector, made.vector)


CHANGES: list[dict[str, Any]] = [
    {"configuration": make_configuration(server=ServerOptimiser("fedavg"))},
    {"number": 4},
    {"attempt": 0},
    {"enrolled": 21},
    {"vector": np.arange(6) / 8},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_announcement__of_anything_else__is_not_the_one_on_chain(change: dict[str, Any]) -> None:
    with pytest.raises(LearningError, match="another model, configuration or cohort"):
        Announcement.decode(make_announcement(**change).encode(), make_announcement().query)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        MAGIC,
        MAGIC + b"{}\n",
        MAGIC + b"[]\n",
        MAGIC + b"not json\n",
        MAGIC + b"\xff\xfe\n",
        make_announcement().encode()[:-1],
        make_announcement().encode()[:-8],
        make_announcement().encode() + bytes(8),
        make_announcement().encode().replace(b'"enrolled":20', b'"enrolled":-1'),
        make_announcement().encode().replace(b'"enrolled":20', b'"enrolled":2.5'),
        make_announcement().encode().replace(b'"enrolled":20', b'"enrolled":%d' % (MOST_ENROLLED + 1)),
        make_announcement().encode().replace(b'"inputs":2', b'"inputs":99999999999999'),
        make_announcement(vector=np.full(6, np.nan)).encode(),
    ],
)
def test_announcement__garbage__is_one_clear_error(data: bytes) -> None:
    with pytest.raises(LearningError, match=r"^announcement: "):
        Announcement.decode(data, bytes(32))


def test_invited__is_a_cohort_that_the_round_hash_decides() -> None:
    made = make_announcement()
    cohort = made.configuration.round.cohort
    first, second = made.invited(bytes(32)), made.invited(bytes([1]) * 32)
    assert len(first) == len(second) == cohort
    assert first != second
    assert first == made.invited(bytes(32))
    uses = [sum(place in made.invited(seed.to_bytes(32, "big")) for seed in range(400)) for place in range(20)]
    share = 400 * cohort / 20
    # Four binomial standard deviations; the seeds are fixed.
    assert all(abs(count - share) < 4 * share**0.5 for count in uses)


def test_invited__fewer_than_a_cohort__are_all_invited() -> None:
    assert make_announcement(enrolled=3).invited(bytes(32)) == {0, 1, 2}


def test_noticeboard__keeps_and_finds(tmp_path: Path) -> None:
    board, made = Noticeboard(tmp_path / "board"), make_announcement()
    assert board.post(made) == len(made.encode())
    assert board.fetch(made.query).query == made.query
    with pytest.raises(LearningError, match="there is no such announcement"):
        board.fetch(bytes(32))


def test_noticeboard__not_to_be_reached__is_one_clear_error() -> None:
    with pytest.raises(LearningError, match="is not to be had"):
        Noticeboard("http://127.0.0.1:9/board").fetch(bytes(32))


def test_plan__minimum_of_one__is_refused() -> None:
    with pytest.raises(ParameterError, match="minimum = 1"):
        RoundPlan(n=3, t=1, k=1, cohort=4, minimum=1)
