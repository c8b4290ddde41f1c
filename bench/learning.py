"""A training on a local chain, as `make demo-learning` plays it: how well, how fast, at what cost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.result import Result
from sda.demo.learning import LearningDemo
from sda.learning.configuration import StopRules
from sda.learning.curve import save_curve
from sda.learning.models import evaluate
from sda.learning.plain import train_in_the_clear
from sda.learning.server import ServerOptimiser

T = TypeVar("T")

CONTRIBUTORS = 240
MOST = 100
COMMAND = "python -m bench learning"
FIGURE = Path(__file__).parent.parent / "docs" / "figures" / "learning.svg"


def _track(label: str, items: Iterable[T], total: int) -> Iterator[T]:
    yield from items


def _fedavg_rounds(demo: LearningDemo) -> str:
    """How many rounds plain FedAvg takes to 0.90 in the clear, as words; the cohorts are other ones."""
    settings = replace(demo.configuration, server=ServerOptimiser("fedavg", rate=1.0))
    people, generator = dict(enumerate(demo.people)), np.random.default_rng(1)
    cohorts = ((bytes([step]) * 32, generator.choice(len(people), 50, replace=False).tolist()) for step in range(MOST))
    model = settings.model.make()
    for number, vector in enumerate(train_in_the_clear(settings, people, cohorts), 1):
        model.vector = vector
        if evaluate(model, demo.public.features, demo.public.labels).accuracy >= 0.9:
            return str(number)
    return f"over {MOST}"


def measure() -> list[Result]:
    """About three minutes."""
    home = Path(tempfile.mkdtemp(prefix="sda-bench-learning-"))
    demo = LearningDemo(home, CONTRIBUTORS, StopRules(25, 0.95), print, _track, 1)
    story = demo.run()
    if story.private is None or story.clear is None or story.central is None or story.rounds_to_90 is None:
        raise RuntimeError("the training did not reach 0.90")
    where = (
        f"{story.parameters:,} parameters, 16-bit slots, n=10, t=3, k=5, {CONTRIBUTORS} contributors, cohorts of 50,"
        f" {len(story.reports)} rounds of FedAdam"
    )
    save_curve("240 contributors, cohorts of 50: intents of a voice assistant", story.reports, FIGURE)
    gas = sum(sum(report.gas.values()) for report in story.reports) / len(story.reports)
    up = story.reports[0].up
    figures = (
        (
            "learning_accuracy",
            round(story.private.accuracy, 4),
            "",
            f"central training: {story.central.accuracy:.4f}",
            "",
        ),
        (
            "learning_points_from_clear",
            round(story.difference_points, 2),
            "points",
            "the same cohorts in the clear",
            "< 1",
        ),
        ("learning_rounds_to_90", story.rounds_to_90, "rounds", f"FedAvg at rate 1: {_fedavg_rounds(demo)}", "≤ 25"),
        (
            "learning_contribution_ms",
            round(story.contribution_ms, 1),
            "ms",
            "training and all reading of the chain",
            "",
        ),
        (
            "learning_bytes_ratio",
            round(up / (2 * story.parameters), 2),
            "times",
            f"{up:,} bytes; 16-bit integers in the clear",
            "≤ 4",
        ),
        ("learning_gas_of_a_round", round(gas), "gas", "everybody's transactions but claims", ""),
    )
    return [
        Result(name, value, unit, f"{beside}; {where}", target, COMMAND)
        for name, value, unit, beside, target in figures
    ]
