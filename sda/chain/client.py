"""A connection to a chain over one or several nodes: reading, agreeing, sending.

Whoever signs something that depends on a round's terms reads them from several independent nodes, of which
the developer chooses none (PROTOCOL §11.2): `Chain.agreed` asks them all and compares what they say.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from eth_account import Account
from eth_typing import BlockNumber, HexStr
from web3 import Web3
from web3.exceptions import BlockNotFound, TransactionNotFound, Web3Exception
from web3.types import BlockIdentifier, FilterParams, TxParams, TxReceipt, Wei

from sda.chain.addresses import from_text, to_text
from sda.chain.rpc import TIMEOUT_SECONDS, connect, request, shown
from sda.errors import ChainError, ContractError, ParameterError, SDAError, UnreachableError
from sda.messages.account import AccountKey

T = TypeVar("T")

RECEIPT_SECONDS = 120.0
"""How long a transaction is waited for; a public chain mines one in 12 to 60 seconds."""

BEHIND_SECONDS = 15.0
"""How long a node may take to hear of a block that another one has."""
_READING_SECONDS = 0.25
"""So long several nodes are asked at the same block: each is asked for its newest one no more often."""

GAS_MARGIN = 1.25
GAS_EXTRA = 30_000
TRANSACTION_GAS_LIMIT = 2**24
"""No transaction may use more (EIP-7825)."""

_NONCE_ATTEMPTS = 5
_NONCE_TAKEN = ("nonce too low", "already known", "already imported", "replacement transaction underpriced")
_DEFAULT_PRIORITY_FEE = 10**9


@dataclass(frozen=True)
class Head:
    """A block.

    Attributes:
        number: Of the block.
        hash: 32 bytes.
        time: Unix seconds.
    """

    number: int
    hash: bytes
    time: int


@dataclass(frozen=True)
class Receipt:
    """A mined transaction that did what it should.

    Attributes:
        transaction: Hash, 32 bytes.
        block: Number.
        gas_used: Gas.
        created: Address of the contract it made, if it made one.
        logs: As the node gave them; `Contract.events_of` decodes them.
    """

    transaction: bytes
    block: int
    gas_used: int
    created: bytes | None = None
    logs: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


class Chain:
    """A chain, reached through one or several nodes.

    Args:
        urls: Of the nodes. The first takes transactions; all are asked where agreement counts.
        chain_id: Which chain is meant; None accepts the one the nodes are on.
        timeout: Seconds to wait for an answer of a node.
        receipt_timeout: Seconds to wait for a transaction to be mined.

    Raises:
        UnreachableError: A node does not answer.
        ChainError: The nodes are on different chains, or not on the one that is meant.
    """

    def __init__(
        self,
        *urls: str,
        chain_id: int | None = None,
        timeout: float = TIMEOUT_SECONDS,
        receipt_timeout: float = RECEIPT_SECONDS,
    ) -> None:
        if not urls:
            raise ParameterError("urls", urls, "at least one node address")
        self.urls = urls
        self.nodes = [connect(url, timeout) for url in urls]
        self.chain_id = self._common_chain_id(chain_id)
        self._receipt_timeout = receipt_timeout
        self._locks: dict[bytes, threading.Lock] = defaultdict(threading.Lock)
        self._reading, self._read_until, self._sent_in = 0, 0.0, 0

    @property
    def web3(self) -> Web3:
        """web3 on the first node."""
        return self.nodes[0]

    def _common_chain_id(self, wanted: int | None) -> int:
        with sensible_answers():
            found = [int(node.eth.chain_id) for node in self.nodes]
        if len(set(found)) > 1:
            said = ", ".join(f"{shown(url)}: {each}" for url, each in zip(self.urls, found, strict=True))
            raise ChainError(f"the nodes are on different chains ({said})")
        if wanted is not None and found[0] != wanted:
            raise ChainError(f"the node at {shown(self.urls[0])} is on chain {found[0]}, not on {wanted}")
        return found[0]

    def request(self, method: str, *params: Any) -> Any:
        """The raw result of a JSON-RPC request to the first node."""
        return request(self.urls[0], method, list(params))

    # ------------------------------------------------------------------ reading

    def block_number(self) -> int:
        """The newest block's number, at the first node."""
        with sensible_answers():
            return int(self.web3.eth.block_number)

    def now(self) -> int:
        """The newest block's time, unix seconds: the clock that deadlines are measured by; all nodes agree."""
        return self.head().time

    def head(self) -> Head:
        """The newest block that all nodes have; raises ChainError if they have different ones."""
        if len(self.nodes) == 1:
            with sensible_answers():
                return _head(self.web3, "latest")
        number = self.reading_block()
        return self.agreed(f"block {number}", lambda node: _head(node, number))

    def finalised(self) -> Head:
        """The newest block that the chain's consensus does not take back, as the most cautious node says."""
        with sensible_answers():
            return min((_head(node, "finalized") for node in self.nodes), key=lambda head: head.number)

    def block_hash(self, number: int) -> bytes | None:
        """The hash of a block, None if the first node has none of this number."""
        with sensible_answers():
            try:
                return _block_hash(self.web3, BlockNumber(number))
            except BlockNotFound:
                return None

    def reading_block(self) -> int:
        """The block at which several nodes are asked the same: one that all have, and that shows what was sent here.

        Raises:
            UnreachableError: A node stays behind.
            ChainError: They are on different forks.
        """
        until = time.monotonic() + BEHIND_SECONDS
        while time.monotonic() >= self._read_until or self._reading < self._sent_in:
            self._reading, self._read_until = self.common_block(), time.monotonic() + _READING_SECONDS
            if self._reading < self._sent_in:
                if time.monotonic() > until:
                    raise UnreachableError(f"a node is behind: it lacks block {self._sent_in}, which another one has")
                time.sleep(_READING_SECONDS)
        return self._reading

    def balance(self, address: bytes) -> int:
        """Of the chain's own coin, in wei."""
        with sensible_answers():
            return int(self.web3.eth.get_balance(to_text(address)))

    def nonce(self, address: bytes) -> int:
        """Of an account's next transaction, those still waiting to be mined included."""
        with sensible_answers():
            return int(self.web3.eth.get_transaction_count(to_text(address), "pending"))

    def code(self, address: bytes) -> bytes:
        """The code at an address, at the first node."""
        with sensible_answers():
            return bytes(self.web3.eth.get_code(to_text(address)))

    def has_logs(self, addresses: Sequence[bytes], first: int, last: int) -> bool:
        """Whether any node knows of logs of these contracts in blocks first … last."""
        where: FilterParams = {
            "address": [to_text(address) for address in addresses],
            "fromBlock": BlockNumber(first),
            "toBlock": BlockNumber(last),
        }
        with sensible_answers():
            return any(bool(node.eth.get_logs(where)) for node in self.nodes)

    def waiting(self, address: bytes) -> int:
        """How many transactions of an account were sent and are not mined, as the first node knows."""
        with sensible_answers():
            mined = int(self.web3.eth.get_transaction_count(to_text(address), "latest"))
        return self.nonce(address) - mined

    def gas_price(self) -> int:
        """What a unit of gas may cost in the next transaction, wei."""
        with sensible_answers():
            return int(self._fees()["maxFeePerGas"])

    def common_block(self) -> int:
        """The newest block that all nodes have.

        Raises:
            ChainError: They have different blocks of this number.
        """
        with sensible_answers():
            number = min(int(node.eth.block_number) for node in self.nodes)
        self.agreed(f"block {number}", lambda node: _block_hash(node, number))
        return number

    def agreed(self, what: str, read: Callable[[Web3], T]) -> T:
        """What all nodes say.

        Args:
            what: For the error.
            read: Asks one node; for one exact block, as nodes are not equally far.

        Raises:
            ChainError: They say different things.
        """
        with sensible_answers():
            answers = [read(node) for node in self.nodes]
        for url, answer in zip(self.urls[1:], answers[1:], strict=True):
            if answer != answers[0]:
                raise ChainError(
                    f"the nodes at {shown(self.urls[0])} and {shown(url)} disagree about {what}:"
                    " one of them lies or is on a fork"
                )
        return answers[0]

    # ------------------------------------------------------------------ sending

    def transact(self, sender: AccountKey, to: bytes | None, data: bytes) -> Receipt:
        """Send a transaction and wait until it is mined.

        Args:
            sender: Signs and pays.
            to: Contract; None makes one.
            data: Call data, or init code.

        Raises:
            ContractError: The contract refused; nothing was sent, or it was mined without effect.
            UnreachableError: The node does not answer; the transaction may have been sent all the same.
            ChainError: The node refused, or the transaction was not mined in time.
        """
        return self.wait(self.send(sender, to, data))

    def send(self, sender: AccountKey, to: bytes | None, data: bytes) -> bytes:
        """Send a transaction without waiting for it.

        Returns:
            Its hash, for `wait`.
        """
        call: TxParams = {"from": to_text(sender.address), "data": HexStr("0x" + data.hex()), "value": Wei(0)}
        if to is not None:
            call["to"] = to_text(to)
        with sensible_answers():
            return self._sign_and_send(sender, call)

    def _sign_and_send(self, sender: AccountKey, call: TxParams) -> bytes:
        eth = self.web3.eth
        call = {**call, **self._fees(), "chainId": self.chain_id, "type": 2, "gas": self._gas(call)}
        signer = Account.from_key(sender.to_bytes())
        # Two threads must not take the same nonce; another process may still, hence the attempts.
        with self._locks[sender.address]:
            for attempt in range(1, _NONCE_ATTEMPTS + 1):
                nonce = self.nonce(sender.address)
                signed = signer.sign_transaction({**call, "nonce": nonce})
                try:
                    return bytes(eth.send_raw_transaction(signed.raw_transaction))
                except (UnreachableError, ContractError):
                    raise
                except ChainError as error:
                    taken = any(words in str(error).lower() for words in _NONCE_TAKEN)
                    if not taken or attempt == _NONCE_ATTEMPTS:
                        raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _gas(self, call: TxParams) -> int:
        estimate = int(self.web3.eth.estimate_gas(call))
        return max(estimate, min(int(estimate * GAS_MARGIN) + GAS_EXTRA, TRANSACTION_GAS_LIMIT))

    def _fees(self) -> TxParams:
        """EIP-1559: room for the base fee to double before the transaction is mined."""
        eth = self.web3.eth
        base = int(eth.get_block("latest").get("baseFeePerGas", 0))
        try:
            priority = int(eth.max_priority_fee)
        except UnreachableError:
            raise
        except ChainError:
            priority = _DEFAULT_PRIORITY_FEE
        return {"maxFeePerGas": Wei(2 * base + priority), "maxPriorityFeePerGas": Wei(priority)}

    def wait(self, transaction: bytes) -> Receipt:
        """Wait until a transaction is mined.

        Raises:
            ContractError: It was mined and the contract refused.
            UnreachableError: The node went away; the transaction was sent and may be mined.
            ChainError: It was not mined in time; it may still be.
        """
        with sensible_answers():
            try:
                receipt = self._mined(transaction)
            except UnreachableError as error:
                raise UnreachableError(
                    f"transaction 0x{transaction.hex()} was sent, then the node went away: look at the state before"
                    " sending it again"
                ) from error
            block = int(receipt["blockNumber"])
            if receipt["status"] != 1:
                raise self._reason(transaction, block)
            created = receipt.get("contractAddress")
            self._sent_in = max(self._sent_in, block) if len(self.nodes) > 1 else 0
            return Receipt(
                transaction=transaction,
                block=block,
                gas_used=int(receipt["gasUsed"]),
                created=from_text(created) if created else None,
                logs=tuple(receipt["logs"]),
            )

    def input_of(self, transaction: bytes) -> bytes:
        """The call data of a transaction, from the first node."""
        with sensible_answers():
            return bytes(self.web3.eth.get_transaction(HexStr("0x" + transaction.hex()))["input"])

    def _mined(self, transaction: bytes) -> TxReceipt:
        until = time.monotonic() + self._receipt_timeout
        pause = 0.005
        while True:
            try:
                return self.web3.eth.get_transaction_receipt(HexStr("0x" + transaction.hex()))
            except TransactionNotFound:
                if time.monotonic() > until:
                    raise ChainError(
                        f"transaction 0x{transaction.hex()} was not mined within {self._receipt_timeout:g}"
                        " s; it may still be: look at the state before sending it again"
                    ) from None
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def _reason(self, transaction: bytes, block: int) -> ChainError:
        """Why a mined transaction failed, found by calling it again where it was mined."""
        sent = self.web3.eth.get_transaction(HexStr("0x" + transaction.hex()))
        call: TxParams = {"from": sent["from"], "data": sent["input"], "gas": sent["gas"]}
        if "to" in sent:
            call["to"] = sent["to"]
        try:
            self.web3.eth.call(call, BlockNumber(block))
        except ContractError as error:
            return error
        return ChainError(f"transaction 0x{transaction.hex()} failed in block {block} (out of gas?)")


@contextmanager
def sensible_answers() -> Iterator[None]:
    """Inside, what web3 makes of a node's senseless answer becomes a `ChainError`."""
    try:
        yield
    except SDAError:
        raise
    except (Web3Exception, LookupError, TypeError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise ChainError(f"a node's answer makes no sense ({reason})") from None


def _head(node: Web3, block: BlockIdentifier) -> Head:
    found = node.eth.get_block(block)
    return Head(int(found["number"]), bytes(found["hash"]), int(found["timestamp"]))


def _block_hash(node: Web3, number: BlockIdentifier) -> bytes:
    return bytes(node.eth.get_block(number)["hash"])
