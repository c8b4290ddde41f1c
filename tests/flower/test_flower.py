"""Flower apps whose updates go through private rounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAdam, FedAvg, FedMedian, Krum, MultiKrum, QFedAvg, Strategy
from flwr.simulation import run_simulation

import examples.flower.app as example
from sda.chain.devnet import Devnet
from sda.errors import LearningError, ParameterError
from sda.keys import Identity, Strength
from sda.learning.configuration import RoundPlan
from sda.learning.flower import PrivateMod, PrivateStrategy
from sda.learning.flower.mod import SENT
from sda.learning.flower.wire import RECORD
from sda.round import State
from tests.rounds.cast import PASSWORD, Cast

CLIENTS = 4
PLAN = RoundPlan(n=3, t=1, k=1, cohort=CLIENTS, minimum=3, flat_fee=10**16, rate=10**12, reward=10**15)


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """Four clerks, and four contributors' keys where the example looks for them."""
    cast = Cast(devnet, tmp_path, clerks=4)
    devnet.deployment.save(tmp_path / "deployment.json")
    for client in range(CLIENTS):
        Identity.create(tmp_path / f"contributor-{client}", PASSWORD, Strength.LIGHT)
    places = {"SDA_HOME": tmp_path, "SDA_RPC": devnet.node.url, "SDA_RELAY": tmp_path / "relay.sqlite"}
    for name, value in {**places, "SDA_PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(name, str(value))
    yield cast
    cast.relay.close()


def private(cast: Cast, inner: Strategy) -> PrivateStrategy:
    """The strategy in private rounds, in which clerks and clock do their part whenever the developer waits."""

    def rest(round_id: int, state: State) -> None:
        if state is State.REQUESTED:
            cast.node.mine(cast.rounds.settings().seed_delay + 1)
        else:
            cast.run_all()
        if state is State.DISPUTING:
            cast.node.increase_time(PLAN.complaint_window + 1)

    return PrivateStrategy(inner, cast.developer, PLAN, clip=5.0, slot_bits=32, rest=rest)


def simulate(strategy: Strategy, app: ClientApp, rounds: int) -> Any:
    """Run an app in Flower's simulation engine; the final weights and the result."""
    found = []
    server = ServerApp()

    @server.main()
    def main(grid: Grid, context: Context) -> None:
        found.append(strategy.start(grid, example.first_arrays(), num_rounds=rounds, timeout=60))

    resources = {"client_resources": {"num_cpus": 1, "num_gpus": 0.0}, "init_args": {"num_cpus": 2}}
    run_simulation(server, app, CLIENTS, backend_config=resources)
    (result,) = found
    return result.arrays["weights"].numpy(), result


def fedadam() -> FedAdam:
    """Of Flower, unchanged."""
    return FedAdam(min_train_nodes=CLIENTS, min_available_nodes=CLIENTS, fraction_evaluate=0.0, eta=0.1)


def test_example__in_the_simulation_engine__is_the_training_in_the_clear(cast: Cast) -> None:
    strategy = private(cast, fedadam())
    weights, result = simulate(strategy, example.app, rounds=2)
    assert len(strategy.rounds) == 2
    assert [cast.rounds.round(each).count for each in strategy.rounds] == [CLIENTS, CLIENTS]
    assert "largest-target" not in str(result.train_metrics_clientapp), "metrics stay on the client"
    plain_app = ClientApp()
    plain_app.train()(example.train)
    plain, _ = simulate(fedadam(), plain_app, rounds=2)
    assert weights == pytest.approx(plain, abs=1e-3)


@pytest.mark.parametrize("kind", [Krum, MultiKrum, FedMedian, QFedAvg])
def test_strategy_on_single_updates__is_refused_with_the_reason(cast: Cast, kind: Any) -> None:
    inner = kind(client_learning_rate=0.1) if kind is QFedAvg else kind()
    with pytest.raises(ParameterError, match=f"{kind.__name__}.*must be a strategy on sums"):
        private(cast, inner)


def task_message(cast: Cast, **changes: Any) -> tuple[Message, ArrayRecord, PrivateStrategy]:
    """What one client gets in a round that collects."""
    arrays = ArrayRecord({"weights": Array(np.zeros(3))})

    class Two(FedAvg):
        def configure_train(self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid) -> Any:
            record = RecordDict({"arrays": arrays, "config": config})
            return [Message(content=record, dst_node_id=1, message_type="train")]

    strategy = private(cast, Two())
    (message,) = strategy.configure_train(1, arrays, ConfigRecord(), None)  # type: ignore[arg-type]
    message.content[RECORD] = ConfigRecord({**dict(message.content.config_records[RECORD]), **changes})
    return message, arrays, strategy


def answer_with(values: Any) -> Any:
    """A client app that trains to these weights."""

    def app(message: Message, context: Context) -> Message:
        content = RecordDict(
            {"arrays": ArrayRecord({"weights": Array(np.asarray(values))}), "metrics": MetricRecord({"secret": 42})}
        )
        return Message(content=content, reply_to=message)

    return app


def modded(cast: Cast, message: Message, app: Any) -> Message:
    """The message through the mod of a contributor."""
    return PrivateMod(lambda _: cast.contributor("member"))(message, None, app)  # type: ignore[arg-type]


def test_mod__reply__says_nothing_but_that_it_sent(cast: Cast) -> None:
    message, _, strategy = task_message(cast)
    reply = modded(cast, message, answer_with([1.0, 2.0, 3.0]))
    assert dict(reply.content) == {"metrics": MetricRecord({SENT: 1})}
    view = cast.rounds.view(strategy.rounds[0])
    assert cast.relay.count(view.round_hash) == 1


@pytest.mark.parametrize(
    ("changes", "values", "reason"),
    [
        ({"clip": 50.0}, [1.0, 2.0, 3.0], "another model or other rules"),
        ({"round_id": "0"}, [1.0, 2.0, 3.0], "must have round_id"),
        ({}, [1.0, 2.0], "names and shapes"),
        ({}, [1.0, 2.0, float("nan")], "not finite"),
        ({}, [1, 2, 3], "must be of floating-point numbers"),
    ],
)
def test_mod__what_does_not_fit__sends_nothing(cast: Cast, changes: Any, values: Any, reason: str) -> None:
    message, _, strategy = task_message(cast, **changes)
    with pytest.raises(LearningError, match=reason):
        modded(cast, message, answer_with(values))
    assert cast.relay.count(cast.rounds.view(strategy.rounds[0]).round_hash) == 0


def test_mod__server_without_private_rounds__is_refused(cast: Cast) -> None:
    message, _, _ = task_message(cast)
    del message.content[RECORD]
    with pytest.raises(LearningError, match="names no private round"):
        modded(cast, message, answer_with([1.0, 2.0, 3.0]))


def test_round_that_fails__leaves_the_model(cast: Cast) -> None:
    """Nobody sends; the window ends."""
    _, _, strategy = task_message(cast)
    cast.node.increase_time(PLAN.collect_window + 1)
    assert strategy.aggregate_train(1, []) == (None, None)
    assert cast.rounds.state(strategy.rounds[0]) is State.ABANDONED
