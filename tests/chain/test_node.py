"""Starting, stopping and losing a local node."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sda.chain.client import Chain
from sda.chain.node import Anvil, find_anvil
from sda.chain.rpc import request
from sda.errors import ChainError, UnreachableError


def test_it_takes_a_free_port_and_answers() -> None:
    with Anvil() as first, Anvil() as second:
        assert first.port != second.port
        assert Chain(first.url).chain_id == Chain(second.url).chain_id == 31337
        assert Chain(first.url).block_number() == 0


def test_chain_id_and_gas_limit_are_options() -> None:
    with Anvil(chain_id=4242, gas_limit=33_000_000) as node:
        chain = Chain(node.url, chain_id=4242)
        assert chain.web3.eth.get_block("latest")["gasLimit"] == 33_000_000


def test_it_mines_and_moves_the_clock() -> None:
    with Anvil() as node:
        chain = Chain(node.url)
        node.mine(7)
        assert chain.block_number() == 7
        before = chain.now()
        node.increase_time(1000)
        assert 1000 <= chain.now() - before <= 1010


def test_blocks_come_by_themselves_with_a_block_time() -> None:
    with Anvil(block_time=1) as node:
        chain = Chain(node.url)
        until = time.monotonic() + 10
        while chain.block_number() == 0:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_the_chain_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with Anvil(state=state) as node:
        node.increase_time(5000)
        node.mine(3)
        chain = Chain(node.url)
        number, moment = chain.block_number(), chain.now()
        block = chain.web3.eth.get_block(2)["hash"]
    with Anvil(state=state) as node:
        chain = Chain(node.url)
        assert chain.block_number() == number
        assert chain.web3.eth.get_block(2)["hash"] == block
        node.mine()
        assert moment < chain.now() <= moment + 60, "the clock went back, or jumped"


def test_a_stopped_node_does_not_answer() -> None:
    node = Anvil().start()
    chain = Chain(node.url)
    node.stop()
    node.stop()
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:\d+ does not answer"):
        chain.block_number()


def test_a_missing_binary_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDA_ANVIL", "/nowhere/anvil")
    with pytest.raises(ChainError, match="SDA_ANVIL = /nowhere/anvil"):
        find_anvil()


def test_a_taken_port_is_an_error_with_a_reason() -> None:
    with Anvil() as node, pytest.raises(ChainError, match=r"(?i)address already in use|address in use"):
        Anvil(port=node.port).start()


def test_the_log_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "anvil.log"
    with Anvil(log=log) as node:
        Chain(node.url).block_number()
    assert "Listening on" in log.read_text()


PARENT = """
import sys, time
from sda.chain.node import Anvil
node = Anvil().start()
print(node.url, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_parent(how: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    assert request(url, "eth_chainId", []) == hex(31337)
    os.kill(parent.pid, how)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 10
    while answers(url):
        assert time.monotonic() < until, "Anvil outlived the process that started it"
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a node answers there."""
    try:
        return bool(request(url, "eth_chainId", []))
    except UnreachableError:
        return False
