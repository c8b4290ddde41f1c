"""The client's side: the app trains as ever, and what it would have sent becomes a contribution."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from flwr.app import ArrayRecord, Context, Message, MessageType, MetricRecord, RecordDict
from flwr.clientapp.typing import ClientAppCallable

from sda.agents.contributor import ContributorAgent
from sda.errors import LearningError
from sda.learning.flower.wire import RECORD, Task, flatten, shapes_of

SENT = "sda-sent"
"""The only thing that a client's reply says."""


class PrivateMod:
    """A Flower mod: keeps arrays and metrics of training replies on the client.

    Args:
        contributor: Makes the agent of the node that a context belongs to; called in the client's process.
    """

    def __init__(self, contributor: Callable[[Context], ContributorAgent]) -> None:
        self._contributor = contributor

    def __call__(self, message: Message, context: Context, call_next: ClientAppCallable) -> Message:
        """See Flower's `Mod`.

        Raises:
            LearningError: The message names no private round, the model is not the one on chain, or the reply does not
                fit it. Flower reports it as the reply's error: nothing was sent.
        """
        if message.metadata.message_type != MessageType.TRAIN:
            return call_next(message, context)
        record = message.content.config_records.pop(RECORD, None)
        if record is None:
            raise LearningError("message: names no private round; the server must use PrivateStrategy")
        task = Task.of(record)
        key, sent = _only_arrays(message.content)
        # The app may change in place what it is given.
        shapes, before, query, code = shapes_of(sent), flatten(sent), task.query(sent), task.code(sent)
        agent = self._contributor(context)
        view = agent.contracts.rounds.view(task.round_id)
        if view.terms.query != query:
            raise LearningError(f"round {task.round_id}: is for another model or other rules than the message has")
        code.check_round(view.parameters)
        stored = agent.outbox.stored(view, agent.key.account.address)
        if stored is not None:
            agent.relay.submit(stored.encode())
            return _said(message)
        reply = call_next(message, context)
        if reply.has_error():
            return reply
        _, trained = _only_arrays(reply.content)
        if list(trained) != list(sent) or shapes_of(trained) != shapes:
            raise LearningError(f"reply: its arrays must have the names and shapes of {key!r}")
        vector = code.encode(flatten(trained) - before, view.round_hash, secrets.token_bytes(32))
        agent.contribute(task.round_id, vector)
        return _said(message)


def _only_arrays(content: RecordDict) -> tuple[str, ArrayRecord]:
    found = list(content.array_records.items())
    if len(found) != 1:
        raise LearningError(f"message: has {len(found)} array records, must have one")
    return found[0]


def _said(message: Message) -> Message:
    return Message(content=RecordDict({"metrics": MetricRecord({SENT: 1})}), reply_to=message)
