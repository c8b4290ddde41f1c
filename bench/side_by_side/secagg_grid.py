"""Flower's own client mod and workflow, joined by a grid that counts the messages.

Every message is serialised to Flower's protocol buffers and read back on the other side.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

# Before the import: nothing is to be reported anywhere.
os.environ["FLWR_TELEMETRY_ENABLED"] = "0"

import numpy as np
from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.client import NumPyClient
from flwr.client.mod import secaggplus_mod
from flwr.clientapp import ClientApp
from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays
from flwr.common.serde import message_from_proto, message_to_proto
from flwr.compat.common.recorddict_compat import arrayrecord_to_parameters, parameters_to_arrayrecord
from flwr.proto.message_pb2 import Message as ProtoMessage
from flwr.server.client_manager import SimpleClientManager
from flwr.server.compat.grid_client_proxy import GridClientProxy
from flwr.server.compat.legacy_context import LegacyContext
from flwr.server.strategy import FedAvg
from flwr.server.workflow import SecAggPlusWorkflow
from flwr.server.workflow.constant import MAIN_CONFIGS_RECORD, MAIN_PARAMS_RECORD, Key
from flwr.serverapp.grid import Grid
from flwr.supercore.task_identity import TaskIdentity

from bench.side_by_side.report import Meter, Report, Vectors

RUN, SERVER = 1, 1
NODE_ID_BITS = 64
"""Of the ids that Flower's server gives out, at random."""


class Vector(NumPyClient):
    """A client whose update is its vector, with weight 1."""

    def __init__(self, vector: Sequence[int]) -> None:
        self._vector = np.asarray(vector, dtype=np.float64)

    def fit(self, parameters: Any, config: Any) -> Any:
        """See `NumPyClient.fit`."""
        return [self._vector], 1, {}


class Client:
    """A Flower app and its state between messages."""

    def __init__(self, node: int, vector: Sequence[int]) -> None:
        client = Vector(vector).to_client()
        self._app = ClientApp(lambda context: client, mods=[secaggplus_mod])
        self._context = _context(node, RecordDict())

    def answer(self, data: bytes) -> bytes:
        """The reply to a message, both serialised."""
        message = message_from_proto(ProtoMessage.FromString(data))
        return message_to_proto(self._app(message, self._context)).SerializeToString()


class CountingGrid(Grid):
    """Carries messages to clients in this process and their replies back.

    Args:
        meter: Counts them.
        clients: By node id.
    """

    def __init__(self, meter: Meter, clients: Mapping[int, Client]) -> None:
        self._meter, self._clients = meter, clients

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> list[Message]:
        """See `Grid.send_and_receive`."""
        return [self._exchange(message) for message in messages]

    def _exchange(self, message: Message) -> Message:
        message.metadata.__dict__["_message_id"] = str(uuid4())
        data = message_to_proto(message).SerializeToString()
        self._carry("developer", "contributor", data)
        with self._meter.working("contributor"):
            reply = self._clients[message.metadata.dst_node_id].answer(data)
        self._carry("contributor", "developer", reply)
        return message_from_proto(ProtoMessage.FromString(reply))

    def _carry(self, sender: str, receiver: str, data: bytes) -> None:
        self._meter.sent(sender, len(data))
        self._meter.received(receiver, len(data))

    def get_node_ids(self) -> list[int]:
        """See `Grid.get_node_ids`."""
        return list(self._clients)

    def _unused(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("the workflow only sends and receives")

    set_run = run = create_message = push_messages = pull_messages = _unused


def aggregate(vectors: Vectors, shares: int, threshold: int) -> Report:
    """One round of secure aggregation."""
    logging.getLogger("flwr").setLevel(logging.ERROR)
    TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = RUN, SERVER, 1
    meter, count = Meter(), len(vectors)
    nodes = [secrets.randbits(NODE_ID_BITS) for _ in vectors]
    clients = {node: Client(node, vector) for node, vector in zip(nodes, vectors, strict=True)}
    grid = CountingGrid(meter, clients)
    # Weights are all 1, and so the mean times the count is the sum.
    workflow = SecAggPlusWorkflow(min(shares, count), min(threshold, count - 1), max_weight=1.0, clipping_range=1.0)
    context = _server_context(grid, count)
    with meter.working("developer"):
        workflow(grid, context)
        record = context.state.array_records[MAIN_PARAMS_RECORD]
        (mean,) = parameters_to_ndarrays(arrayrecord_to_parameters(record, keep_input=True))
        sums = np.rint(mean * count).astype(int).tolist()
    return Report(sums, meter.loads(contributor=count, developer=1), {})


def _server_context(grid: CountingGrid, count: int) -> LegacyContext:
    """Of a server that asks everybody, and has no model to send."""
    manager = SimpleClientManager()
    for node in grid.get_node_ids():
        manager.register(GridClientProxy(node, grid, RUN))
    nothing = parameters_to_arrayrecord(ndarrays_to_parameters([]), keep_input=True)
    state = RecordDict({MAIN_PARAMS_RECORD: nothing, MAIN_CONFIGS_RECORD: ConfigRecord({Key.CURRENT_ROUND: 1})})
    everybody = FedAvg(fraction_fit=1.0, min_fit_clients=count, min_available_clients=count)
    return LegacyContext(_context(SERVER, state), strategy=everybody, client_manager=manager)


def _context(node: int, state: RecordDict) -> Context:
    return Context(run_id=RUN, node_id=node, node_config={}, state=state, run_config={})
