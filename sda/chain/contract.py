"""A deployed contract by its ABI: views, transactions and events, with addresses as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from eth_typing import BlockNumber
from web3 import Web3
from web3.exceptions import LogTopicError, MismatchedABI
from web3.types import BlockIdentifier

from sda.chain.addresses import from_text, to_text
from sda.chain.artifacts import load
from sda.chain.client import Chain, Receipt, sensible_answers
from sda.messages.account import AccountKey

LOG_RANGE = 10_000
"""Blocks per request for logs; public nodes refuse more."""


@dataclass(frozen=True)
class Event:
    """Something a contract announced.

    Attributes:
        name: Of the event.
        values: Its arguments by name; addresses as bytes.
        block: Number.
        transaction: Hash, 32 bytes.
        index: Of the log in its block: events stand in the order (block, index).
    """

    name: str
    values: Mapping[str, Any]
    block: int
    transaction: bytes
    index: int

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


class Contract:
    """One of our contracts at an address.

    Args:
        chain: Where it is.
        name: Of its artifact.
        address: 20 bytes.
        since: Block of its deployment: events are looked for from there on.
    """

    def __init__(self, chain: Chain, name: str, address: bytes, since: int = 0) -> None:
        self.chain = chain
        self.name = name
        self.address = address
        self.since = since
        abi: Any = load(name).abi
        self._on = {node: node.eth.contract(to_text(address), abi=abi) for node in chain.nodes}

    def call(self, function: str, *arguments: Any, block: int | None = None) -> Any:
        """A view's answer, now or at a block; several nodes must give the same."""
        if len(self.chain.nodes) > 1:
            return self.agreed(function, *arguments, block=self.chain.reading_block() if block is None else block)
        with sensible_answers():
            return self._ask(self.chain.web3, function, arguments, block)

    def agreed(self, function: str, *arguments: Any, block: int) -> Any:
        """A view's answer at a block, the same from all nodes.

        Raises:
            ChainError: The nodes disagree.
        """
        what = f"{self.name}.{function} at block {block}"
        return self.chain.agreed(what, lambda node: self._ask(node, function, arguments, block))

    def _ask(self, node: Web3, function: str, arguments: Sequence[Any], block: int | None) -> Any:
        where: BlockIdentifier = "latest" if block is None else BlockNumber(block)
        return self._on[node].functions[function](*arguments).call(block_identifier=where)

    def transact(self, sender: AccountKey, function: str, *arguments: Any) -> Receipt:
        """Send a transaction and wait for it; raises as `Chain.transact`."""
        return self.chain.transact(sender, self.address, self.data(function, *arguments))

    def data(self, function: str, *arguments: Any) -> bytes:
        """The call data of a function."""
        encoded = self._on[self.chain.web3].encode_abi(function, args=list(arguments))
        return bytes.fromhex(encoded.removeprefix("0x"))

    def arguments(self, data: bytes) -> tuple[str, dict[str, Any]]:
        """Function name and arguments of call data."""
        with sensible_answers():
            function, values = self._on[self.chain.web3].decode_function_input(data)
            return function.fn_name, values

    def event_names(self, indexed: str) -> list[str]:
        """The names of the events that have an indexed argument of this name."""
        return [
            entry["name"]
            for entry in load(self.name).abi
            if entry["type"] == "event"
            and any(field["name"] == indexed and field["indexed"] for field in entry["inputs"])
        ]

    def events(self, name: str, *, first: int | None = None, last: int | None = None, **filters: Any) -> list[Event]:
        """Events in the order in which they happened; several nodes must tell the same.

        Args:
            name: Of the event.
            first: Block to start from; the deployment by default.
            last: Last block; the newest by default.
            filters: Values of indexed arguments.
        """
        if last is None:
            several = len(self.chain.nodes) > 1
            last = self.chain.reading_block() if several else self.chain.block_number()
        found: list[Event] = []
        for start in range(self.since if first is None else first, last + 1, LOG_RANGE):
            end = min(start + LOG_RANGE - 1, last)
            found += self.chain.agreed(f"{name} events", partial(self._events, name, start, end, filters))
        return found

    def _events(self, name: str, start: int, end: int, filters: Mapping[str, Any], node: Web3) -> list[Event]:
        event = self._on[node].events[name]
        return list(map(_event, event().get_logs(argument_filters=filters, from_block=start, to_block=end)))

    def events_of(self, receipt: Receipt) -> list[Event]:
        """This contract's events in a receipt."""
        contract = self._on[self.chain.web3]
        mine = [log for log in receipt.logs if log["address"].lower() == to_text(self.address).lower()]
        return [_event(event) for log in mine for event in _decoded(contract, log)]

    def event_of(self, receipt: Receipt, name: str) -> Event | None:
        """The first event of this name in a receipt, if there is one."""
        return next((event for event in self.events_of(receipt) if event.name == name), None)


def _decoded(contract: Any, log: Any) -> list[Any]:
    for event in contract.events:
        try:
            return [event().process_log(log)]
        except (MismatchedABI, LogTopicError):
            continue
    return []


def _event(data: Any) -> Event:
    return Event(
        name=data["event"],
        # The only text in our events are addresses.
        values={name: from_text(it) if isinstance(it, str) else it for name, it in data["args"].items()},
        block=int(data["blockNumber"]),
        transaction=bytes(data["transactionHash"]),
        index=int(data["logIndex"]),
    )
