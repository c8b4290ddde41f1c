"""A small training on a real chain: two kinds of points in the plane, six parameters, four contributors."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from sda.learning.configuration import Configuration, RoundPlan, StopRules, UpdateRules
from sda.learning.device import LocalTraining
from sda.learning.examples import Examples
from sda.learning.member import Member, Part
from sda.learning.models import ModelForm
from sda.learning.noticeboard import Noticeboard
from sda.learning.plain import Data
from sda.learning.server import ServerOptimiser
from sda.learning.training import Training
from sda.privacy.ledger import Ledger
from sda.round import State
from tests.chain.stage import CLAIM_WINDOW, COLLECT_WINDOW, COMPLAINT_WINDOW, ROW_WINDOW
from tests.rounds.cast import Cast

COHORT = 4
ONE = StopRules(rounds=1)


def make_configuration(**changes: Any) -> Configuration:
    """Of the small training; `changes` replace whole sections."""
    made = Configuration(
        name="school",
        model=ModelForm("softmax", inputs=2, classes=2),
        update=UpdateRules(clip=1.0, slot_bits=24),
        round=RoundPlan(
            n=3,
            t=1,
            k=1,
            cohort=COHORT,
            minimum=3,
            collect_window=COLLECT_WINDOW,
            complaint_window=COMPLAINT_WINDOW,
            row_window=ROW_WINDOW,
            claim_window=CLAIM_WINDOW,
            flat_fee=10**16,
            rate=10**12,
            reward=10**15,
        ),
        local=LocalTraining(epochs=2, batch=4, rate=0.5),
        server=ServerOptimiser("fedadam", rate=0.1),
    )
    return replace(made, **changes)


def make_data(seed: int, count: int = 12) -> Data:
    """Points around (1, 0) and (-1, 0)."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count)
    features = generator.normal(0, 0.3, (count, 2))
    features[:, 0] += 1 - 2 * labels
    return features, labels


class School:
    """Everybody in a training, each with files of its own.

    Args:
        cast: Clerks and a developer.
        configuration: Of the training.
        members: Contributors.
    """

    def __init__(self, cast: Cast, configuration: Configuration | None = None, members: int = COHORT) -> None:
        self.cast, self.node = cast, cast.node
        self.configuration = configuration or make_configuration()
        self.directory = cast.home / "training"
        self.public = Examples(*make_data(99, 40))
        self.data = [make_data(seed) for seed in range(members)]
        board = Noticeboard(self.directory / "announcements")
        agents = [cast.contributor(f"member-{number}") for number in range(members)]
        self.ledger = Ledger(cast.home / "developer" / "ledger")
        self.members = [
            Member(agent, *data, board, partial(Ledger, cast.home / f"ledger-{number}"))
            for number, (agent, data) in enumerate(zip(agents, self.data, strict=True))
        ]
        self.positions = [member.agent.enrol() for member in self.members]
        self.absent: set[int] = set()
        self.seeds: list[tuple[bytes, list[int]]] = []

    def training(self, configuration: Configuration | None = None, **changes: Any) -> Training:
        """What a new process of the developer would go on with."""
        developer = self.cast.new_developer()
        settings = configuration or self.configuration
        given: dict[str, Any] = {"ledger": self.ledger} | changes
        return Training(developer, settings, self.public, self.directory, self.rest, **given)

    def rest(self, round_id: int | None, state: State) -> None:
        """What all others do while the developer waits."""
        assert round_id is not None
        rounds = self.cast.rounds
        if state is State.REQUESTED:
            self.node.mine(rounds.settings().seed_delay + 1)
        elif state is State.COLLECTING:
            self.cast.run_all()  # clerks deal noise, if the round takes any
            self.contribute(round_id)
        elif state is State.DISPUTING:
            self.cast.run_all()
            self.node.increase_time(COMPLAINT_WINDOW + 1)
        else:
            self.cast.run_all()
            if self.cast.silent:
                self.node.increase_time(ROW_WINDOW + 1)

    def contribute(self, round_id: int) -> None:
        """Every contributor that is there takes part; if not all are, the window nears its end."""
        sent = []
        for number, member in enumerate(self.members):
            if number not in self.absent and member.take_part(round_id) is Part.SENT:
                sent.append(self.positions[number])
        self.seeds.append((self.cast.rounds.round(round_id).round_hash, sent))
        if self.absent:
            left = self.cast.rounds.deadlines(round_id).collect_end - self.cast.contracts.chain.now()
            self.node.increase_time(max(0, left - 20))

    @property
    def by_position(self) -> dict[int, Data]:
        """The contributors' data."""
        return dict(zip(self.positions, self.data, strict=True))
