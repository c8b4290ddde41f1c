"""The chain does not answer, or stops half-way: exit code 3, nothing lost, the same command again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sda.chain.addresses import from_text
from sda.chain.devnet import Devnet
from sda.chain.node import Anvil
from sda.chain.settings import TOKEN
from tests.cli.gate import Gate, gate_to
from tests.cli.shell import REFUSED, UNREACHABLE, Shell
from tests.cli.steps import MINIMA, OPEN, VECTORS, answered, answering, collecting, contributed, disputing, seated

NOBODY = "http://127.0.0.1:1"
VECTOR = json.dumps(VECTORS["alice"])

EVERY_LINE = [
    *("clerk register --key alice --stake 100", "clerk stake --key clerk-1 --amount 1", "clerk unbond --key clerk-1"),
    *("clerk withdraw --key clerk-1", "clerk status --key clerk-1", "clerk run --key clerk-1", OPEN),
    *("round draw 0", "round status 0", "round snapshot 0", "round finalise 0", "round abandon 0"),
    *(f"contribute 0 --key alice --vector - {MINIMA}", "claim 0 --key alice", "balance alice", "collect --key alice"),
    *("audit 0", "round reveal 0", "deploy --key developer --preset devnet --out {home}/other.json"),
]


@pytest.mark.parametrize("line", EVERY_LINE)
def test_node_down__every_command__exits_with_3_and_writes_nothing(sda: Shell, line: str) -> None:
    before = sda.files()
    message = sda.but(url=NOBODY).refuses(line.format(home=sda.home), typed=VECTOR, code=UNREACHABLE)
    assert message == f"the node at {NOBODY} does not answer; the command can be run again"
    (sda.home / "keys" / "clerk-1" / "lock").unlink(missing_ok=True)  # who serves the clerk, while it is served
    assert sda.files() == before


def test_node_down__for_programs__is_json(sda: Shell) -> None:
    answer = sda.but(url=NOBODY).json("round status 0", code=UNREACHABLE)
    assert answer.keys() == {"error", "message"}
    assert answer["error"] == "UnreachableError"


def test_node_address__access_key__is_never_shown(sda: Shell) -> None:
    message = sda.but(url="http://user:hunter2@127.0.0.1:1/v2/ACCESSKEY").refuses("round status 0", code=UNREACHABLE)
    assert "hunter2" not in message
    assert "ACCESSKEY" not in message


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://[::1"])
def test_node_address__none__is_refused(sda: Shell, url: str) -> None:
    assert sda.but(url=url).refuses("round status 0").startswith("node address: must be http://host:port")


def test_one_of_two_nodes_down__exits_with_3(sda: Shell) -> None:
    assert NOBODY in sda.refuses(f"--rpc {NOBODY} round status 0", code=UNREACHABLE)


def test_deployment__no_file__says_how_to_get_one(sda: Shell) -> None:
    (sda.home / "deployment.json").unlink()
    message = sda.refuses("round status 0")
    assert message == f"{sda.home}/deployment.json: no deployment there; run `sda devnet` or `sda deploy`"


def test_deployment__another_chain__is_refused(sda: Shell) -> None:
    with Anvil(chain_id=4242) as node:
        message = sda.but(url=node.url).refuses("balance alice")
    assert message == f"the node at {node.url} is on chain 4242, not on 31337"


def test_deployment__chain_started_anew__is_refused(sda: Shell) -> None:
    with Anvil() as node:
        assert "was the devnet started anew? deploy again" in sda.but(url=node.url).refuses("balance alice")


# ---------------------------------------------------------------------- the way to the node breaks half-way


@pytest.fixture
def gate(sda: Shell) -> Iterator[Gate]:
    """Between the commands and the node."""
    with gate_to(sda.url) as gate:
        yield gate


def _register(sda: Shell) -> str:
    return "clerk register --key alice --stake 100"


def _open(sda: Shell) -> str:
    return OPEN


def _draw(sda: Shell) -> str:
    sda(OPEN)
    sda.mine(3)
    return "round draw 0"


def _contribute(sda: Shell) -> str:
    collecting(sda)
    return f"contribute 0 --key alice --vector - {MINIMA}"


def _snapshot(sda: Shell) -> str:
    contributed(sda)
    return "round snapshot 0"


def _check(sda: Shell) -> str:
    disputing(sda)
    return f"clerk run --key {seated(sda)[0]}"


def _row(sda: Shell) -> str:
    answering(sda)
    return f"clerk run --key {seated(sda)[0]}"


def _reveal(sda: Shell) -> str:
    answered(sda)
    return "round reveal 0"


READING = ["eth_chainId", "eth_getCode", "eth_call", "eth_getBlockByNumber"]
SENDING = ["eth_estimateGas", "eth_getTransactionCount", "eth_sendRawTransaction"]


@pytest.mark.parametrize(
    ("line", "methods"),
    [
        *((line, [*READING, *SENDING]) for line in (_register, _open, _draw, _snapshot, _row)),
        *((line, [*READING, "eth_getLogs"]) for line in (_contribute, _check, _reveal)),
    ],
)
def test_node_stops_at_any_step__the_same_command_again__succeeds(
    sda: Shell, gate: Gate, line: Callable[[Shell], str], methods: list[str]
) -> None:
    command = line(sda)
    for method in methods:
        gate.closes_at = method
        sda.but(url=gate.url).refuses(command, typed=VECTOR, code=UNREACHABLE)
        gate.open()
    sda.but(url=gate.url)(command, typed=VECTOR)


def test_node_stops_after_a_row_was_sent__running_again__sends_no_second_one(sda: Shell, gate: Gate) -> None:
    command = _row(sda)
    gate.closes_at = "eth_getTransactionReceipt"
    sda.but(url=gate.url).refuses(command, code=UNREACHABLE)
    gate.open()
    assert sda.but(url=gate.url)(command) == "nothing is due\n"
    assert sda.json("round status 0")["seats"][0]["answered"]


def test_node_stops_after_the_snapshot_was_sent__the_round_goes_on(sda: Shell, gate: Gate) -> None:
    command = _snapshot(sda)
    gate.closes_at = "eth_getTransactionReceipt"
    sda.but(url=gate.url).refuses(command, code=UNREACHABLE)
    gate.open()
    assert sda.but(url=gate.url).refuses(command, code=REFUSED) == "round 0: is disputing, takes no snapshot"
    assert "job checked" in sda(f"clerk run --key {seated(sda)[0]}")


def test_node_stops_after_a_stake_was_sent__running_again_is_not_advised(sda: Shell, gate: Gate) -> None:
    # It would be added twice; a round would be opened, and paid, twice.
    gate.closes_at = "eth_getTransactionReceipt"
    message = sda.but(url=gate.url).refuses("clerk stake --key clerk-1 --amount 50", code=UNREACHABLE)
    assert sda.json("clerk status --key clerk-1")["stake"] == 150 * TOKEN
    assert "can be run again" not in message


# ---------------------------------------------------------------------- the node itself ends


def test_node_ends_half_way_and_is_started_again__the_same_command__succeeds(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = Anvil(state=state)
    sda = Shell(tmp_path / "home", "")
    file = sda.home / "deployment.json"
    with Devnet(first, file=file) as devnet, gate_to(first.url) as gate:
        sda = sda.but(url=gate.url)
        devnet.fund([from_text(sda.json("keys new anna --role clerk")["address"])])
        gate.closes_at = "eth_sendRawTransaction"
        sda.refuses("clerk register --key anna --stake 100", code=UNREACHABLE)
        devnet.stop()
        gate.open()
        with Devnet(Anvil(port=first.port, state=state), file=file):
            assert sda.json("clerk register --key anna --stake 100")["clerk_id"] == 1
            assert sda("clerk run --key anna") == "nothing is due\n"
