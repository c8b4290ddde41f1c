"""The connection: several nodes that must agree, nodes that lie or are gone, senders, events."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sda.chain.addresses import from_text, to_text
from sda.chain.client import Chain
from sda.chain.node import Anvil
from sda.chain.registry import Registry
from sda.chain.rpc import shown
from sda.chain.token import Token
from sda.errors import ChainError, ContractError, ParameterError, UnreachableError
from sda.messages.account import AccountKey
from tests.chain.proxy import hostile_node

# ---------------------------------------------------------------------- which chain


def test_another_chain_than_the_one_meant(node: Anvil) -> None:
    with pytest.raises(ChainError, match="is on chain 31337, not on 1"):
        Chain(node.url, chain_id=1)


def test_nodes_on_different_chains(node: Anvil) -> None:
    with Anvil(chain_id=4242) as other, pytest.raises(ChainError, match=r"31337.*4242"):
        Chain(node.url, other.url)


def test_no_node() -> None:
    with pytest.raises(ParameterError, match="at least one"):
        Chain()


@pytest.mark.parametrize("url", ["", "127.0.0.1:8545", "ftp://127.0.0.1", "http://"])
def test_what_is_no_address_of_a_node(url: str) -> None:
    with pytest.raises(ChainError, match="http://host:port"):
        Chain(url)


# ---------------------------------------------------------------------- nodes that are gone


def test_a_dead_node_is_named_without_its_secrets() -> None:
    with pytest.raises(UnreachableError) as caught:
        Chain("http://user:password@127.0.0.1:1/v3/apikey?token=secret")
    assert str(caught.value) == ("the node at http://127.0.0.1:1 does not answer; the command can be run again")
    assert caught.value.__cause__ is None


def test_a_node_that_goes_away(account: AccountKey) -> None:
    with Anvil() as node:
        chain = Chain(node.url)
        chain.block_number()
    for action in (chain.block_number, chain.now, lambda: chain.transact(account, account.address, b"")):
        with pytest.raises(UnreachableError, match="can be run again"):
            action()


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"{}", b'"x"', b"null", b"\xff\xfe"])
def test_a_server_that_is_no_node(node: Anvil, answer: bytes) -> None:
    with hostile_node(node.url, lambda *_: answer) as url, pytest.raises(ChainError, match="JSON-RPC"):
        Chain(url)


@pytest.mark.parametrize("result", [None, "x", "0x", [], {}, {"number": "0x1"}, -1], ids=repr)
def test_senseless_answers_are_errors_of_ours(node: Anvil, result: object) -> None:
    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        return answer if request["method"] == "eth_chainId" else {**answer, "result": result}

    with hostile_node(node.url, change) as url:
        chain = Chain(url)
        with pytest.raises(ChainError):
            chain.now()


def test_keys_in_addresses_are_not_shown() -> None:
    assert shown("https://user:pw@node.example/v3/key?x=y") == "https://node.example"


# ---------------------------------------------------------------------- agreement


def test_nodes_that_agree(node: Anvil, token: Token, account: AccountKey) -> None:
    chain = Chain(node.url, node.url)
    both = Token(chain, token.address)
    block = chain.common_block()
    held = both.contract.agreed("balanceOf", to_text(account.address), block=block)
    assert held == token.balance_of(account.address) > 0


def test_a_node_that_tells_another_value(node: Anvil, token: Token, account: AccountKey) -> None:
    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        return {**answer, "result": "0x" + "11" * 32} if request["method"] == "eth_call" else answer

    with hostile_node(node.url, change) as url:
        chain = Chain(node.url, url)
        both = Token(chain, token.address)
        block = chain.common_block()
        with pytest.raises(ChainError, match=rf"{url} disagree about SDAToken.balanceOf at block {block}"):
            both.contract.agreed("balanceOf", to_text(account.address), block=block)


def test_nodes_on_different_forks(node: Anvil) -> None:
    with Anvil() as other:
        other.mine(3)
        node.mine(5)
        with pytest.raises(ChainError, match="disagree about block 3"):
            Chain(node.url, other.url).common_block()


def test_the_common_block_is_one_that_the_slowest_node_has(node: Anvil) -> None:
    behind = Chain(node.url).block_number()
    node.mine(5)

    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        return {**answer, "result": hex(behind)} if request["method"] == "eth_blockNumber" else answer

    with hostile_node(node.url, change) as url:
        assert Chain(node.url, url).common_block() == behind


# ---------------------------------------------------------------------- sending


def test_one_account_in_many_threads(token: Token, account: AccountKey) -> None:
    receiver = AccountKey.generate().address
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: token.transfer(account, receiver, 1), range(24)))
    assert token.balance_of(receiver) == 24
    assert len({receipt.transaction for receipt in receipts}) == 24


def test_one_account_in_two_connections(node: Anvil, token: Token, account: AccountKey) -> None:
    receiver = AccountKey.generate().address
    tokens = [Token(Chain(node.url), token.address) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda index: tokens[index % 2].transfer(account, receiver, 1), range(10)))
    assert token.balance_of(receiver) == 10


def test_a_transaction_that_fails_when_mined_is_explained(token: Token, account: AccountKey) -> None:
    chain = token.chain
    receiver = AccountKey.generate().address
    everything = token.balance_of(account.address)
    data = token.contract.data("transfer", to_text(receiver), everything)
    chain.request("evm_setAutomine", False)
    try:
        # Both look fine when they are sent; only one can be.
        first, second = (chain.send(account, token.address, data) for _ in range(2))
        chain.request("evm_mine")
    finally:
        chain.request("evm_setAutomine", True)
    assert chain.wait(first).gas_used > 21_000
    with pytest.raises(ContractError) as caught:
        chain.wait(second)
    assert caught.value.name == "ERC20InsufficientBalance"
    assert caught.value.values["needed"] == everything


def test_a_transaction_that_is_not_mined_in_time(node: Anvil, token: Token, account: AccountKey) -> None:
    chain = Chain(node.url, receipt_timeout=0.2)
    chain.request("evm_setAutomine", False)
    try:
        with pytest.raises(ChainError, match=r"not mined within 0.2 s; it may still be"):
            Token(chain, token.address).transfer(account, account.address, 1)
        chain.request("evm_mine")
    finally:
        chain.request("evm_setAutomine", True)


def test_a_sender_without_ether(token: Token) -> None:
    with pytest.raises(ChainError, match=r"(?i)insufficient funds|out of gas"):
        token.transfer(AccountKey.generate(), token.address, 0)


# ---------------------------------------------------------------------- addresses and events


def test_addresses_there_and_back(account: AccountKey) -> None:
    assert from_text(to_text(account.address)) == account.address
    assert from_text(to_text(account.address).lower()) == account.address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "0x12",
        "52908400098527886E0F7030069857D2E4169EE7",
        "0x52908400098527886E0F7030069857D2E4169Ee7",  # wrong checksum
        "0x5290840009852788600F7030069857D2E4169EEx",
    ],
)
def test_mistyped_addresses(text: str) -> None:
    with pytest.raises(ParameterError, match="address"):
        from_text(text)


def test_events_are_found_by_their_indexed_values(registry: Registry, token: Token, accounts: list[AccountKey]) -> None:
    receiver = AccountKey.generate().address
    for amount, account in enumerate(accounts[:3], start=1):
        token.transfer(account, receiver, amount)
    events = token.contract.events("Transfer", to=to_text(receiver))
    assert [event["value"] for event in events] == [1, 2, 3]
    assert [event["from"] for event in events] == [account.address for account in accounts[:3]]
    assert token.contract.events("Transfer", first=events[2].block, to=to_text(receiver)) == events[2:]
