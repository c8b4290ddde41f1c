"""The server's side: the inner strategy sees one reply, the mean of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from logging import INFO, WARNING

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import (
    Bulyan,
    DifferentialPrivacyClientSideAdaptiveClipping,
    DifferentialPrivacyClientSideFixedClipping,
    DifferentialPrivacyServerSideAdaptiveClipping,
    DifferentialPrivacyServerSideFixedClipping,
    FedMedian,
    FedTrimmedAvg,
    FedXgbBagging,
    FedXgbCyclic,
    Krum,
    MultiKrum,
    QFedAvg,
    Strategy,
)
from flwr.supercore import log

from sda.agents.developer import DeveloperAgent
from sda.errors import EncodingError, LearningError, ParameterError
from sda.learning.configuration import RoundPlan
from sda.learning.flower.wire import RECORD, Task, moved
from sda.learning.updates import UpdateCode, bits_for_slot
from sda.learning.way import DEAD, RoundWay
from sda.round import State, Terms

REFUSED: dict[type[Strategy], str] = {
    Krum: "compares single updates",
    MultiKrum: "compares single updates",
    Bulyan: "compares single updates",
    FedMedian: "takes medians of single updates",
    FedTrimmedAvg: "drops the largest and smallest of single updates",
    QFedAvg: "weights single updates by their loss",
    FedXgbBagging: "collects trees, not sums",
    FedXgbCyclic: "passes trees on, not sums",
    DifferentialPrivacyClientSideAdaptiveClipping: "looks at each client's norm; noise is the clerks' here",
    DifferentialPrivacyClientSideFixedClipping: "adds noise at the server; noise is the clerks' here",
    DifferentialPrivacyServerSideAdaptiveClipping: "clips single updates at the server",
    DifferentialPrivacyServerSideFixedClipping: "clips single updates at the server",
}


class PrivateStrategy(Strategy):
    """Runs another strategy on sums.

    Args:
        inner: Samples clients and moves the model. Its weights have nothing to weigh: every client counts the same.
        agent: The developer's: pays, and learns the sums.
        plan: Terms of each round; `cohort` is the most clients that the inner strategy samples.
        clip, slot_bits, rotate: Of updates, see `UpdateRules`.
        rest: Called with round and state when there is nothing to do for the developer.

    Raises:
        ParameterError: The inner strategy needs single updates.
    """

    def __init__(
        self,
        inner: Strategy,
        agent: DeveloperAgent,
        plan: RoundPlan,
        *,
        clip: float,
        slot_bits: int = 16,
        rotate: bool = False,
        rest: Callable[[int, State], None],
    ) -> None:
        for kind, reason in REFUSED.items():
            if isinstance(inner, kind):
                raise ParameterError("inner", type(inner).__name__, f"a strategy on sums: {kind.__name__} {reason}")
        self._inner, self._agent, self._plan = inner, agent, plan
        self._rules = clip, bits_for_slot(slot_bits, plan.cohort, plan.n), rotate
        self._way = RoundWay(agent, rest, lambda line: log(INFO, line))
        self._asked: tuple[Task, ArrayRecord, Message] | None = None
        self.rounds: list[int] = []

    def summary(self) -> None:
        """See `Strategy.summary`."""
        log(INFO, "\t├──> Private sums: %s seats, t = %s, clip %s", self._plan.n, self._plan.t, self._rules[0])
        self._inner.summary()

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Open a round, draw its committee, and tell the clients that the inner strategy samples."""
        self._asked = None
        messages = list(self._inner.configure_train(server_round, arrays, config, grid))
        if not messages:
            return messages
        if len(messages) > self._plan.cohort:
            raise ParameterError("cohort", self._plan.cohort, f"at least {len(messages)}, the clients that are sampled")
        draft = Task(0, server_round, *self._rules)
        round_id = self._way.open(self._terms(draft, arrays), self._agent.rounds.number())
        task = replace(draft, round_id=round_id)
        self.rounds.append(round_id)
        if self._way.until_drawn(round_id) in DEAD:
            log(WARNING, "round %s: there is no committee", round_id)
            return []
        self._asked = (task, arrays, messages[0])
        for message in messages:
            message.content[RECORD] = task.record()
        return messages

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Close and reveal the round; the inner strategy gets one reply. A round that fails changes nothing."""
        sent = sum(not reply.has_error() for reply in replies)
        if self._asked is None:
            return None, None
        (task, arrays, asked), self._asked = self._asked, None
        log(INFO, "aggregate_train: %s clients sent to round %s", sent, task.round_id)
        mean = self._mean(task, arrays, sent)
        if mean is None:
            return None, None
        key = next(iter(asked.content.array_records))
        weight = getattr(self._inner, "weighted_by_key", "num-examples")
        content = RecordDict({key: mean, "metrics": MetricRecord({weight: 1})})
        reply = Message(content=content, dst_node_id=0, message_type=MessageType.TRAIN)
        moved_arrays, _ = self._inner.aggregate_train(server_round, [reply])
        return moved_arrays, None

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Nobody is asked: each client's metrics would be in the clear. `evaluate_fn` judges on public data."""
        return []

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Message]) -> MetricRecord | None:
        """Nothing was asked."""
        return None

    def _terms(self, task: Task, arrays: ArrayRecord) -> Terms:
        plan, code = self._plan, task.code(arrays)
        parameters = code.parameters(plan.n, plan.t, plan.k, plan.cohort, chunk=plan.chunk)
        return plan.terms(parameters, task.query(arrays))

    def _mean(self, task: Task, arrays: ArrayRecord, sent: int) -> ArrayRecord | None:
        state = self._way.until_rows(task.round_id, sent)
        if state in DEAD:
            log(WARNING, "round %s: is %s; the model stays", task.round_id, state.name.lower())
            return None
        view = self._agent.rounds.view(task.round_id)
        code: UpdateCode = task.code(arrays)
        try:
            update = code.mean(
                self._agent.reveal(task.round_id), view.closed.counted if view.closed else 0, view.round_hash
            )
        except (EncodingError, LearningError) as error:
            log(WARNING, "round %s: its sum is of no use (%s); the model stays", task.round_id, error)
            return None
        return moved(arrays, update)
