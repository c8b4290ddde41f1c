"""`sda devnet` as a process of its own, `sda deploy`, and `sda demo`."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from sda.chain.deploy import CONTRACTS
from sda.chain.settings import TOKEN
from tests.cli.shell import PROGRAM, REFUSED, UNREACHABLE, Shell
from tests.cli.steps import MINIMA

DEVNET_PASSWORD = "devnet"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _devnet(home: Path, port: int, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running devnet, and what it says before it waits."""
    line = [str(PROGRAM), "--home", str(home), "devnet", "--port", str(port), *options]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        for text in process.stderr:
            said += text
            if "Ctrl-C" in text:
                break
        try:
            yield process, said
        finally:
            process.kill()


def _interrupt(process: subprocess.Popen[str]) -> str:
    """Ctrl-C; what it prints."""
    process.send_signal(signal.SIGINT)
    said, trouble = process.communicate(timeout=20)
    assert (process.returncode, trouble) == (0, "")
    return said


def test_devnet__stopped_and_started_again__goes_on(tmp_path: Path) -> None:
    home, port = tmp_path / "home", _free_port()
    sda = Shell(home, f"http://127.0.0.1:{port}", DEVNET_PASSWORD)

    with _devnet(home, port, "--clerks", "7", "--contributors", "1") as (process, said):
        assert f"chain 31337 at {sda.url}; contracts in {home}/deployment.json" in said
        assert "password devnet" in said
        assert "Traceback" not in said
        accounts = dict(re.findall(r"^  (\S+) +(0x\w{40})$", said, re.MULTILINE))
        assert list(accounts) == ["developer", *(f"clerk-{number}" for number in range(1, 8)), "contributor-1"]
        assert {key["name"]: key["address"] for key in sda.json("keys list")["keys"]} == accounts
        for name in list(accounts)[1:8]:
            sda(f"clerk register --key {name} --stake 100")
        opened = sda.json("round open --profile test --minimum 3")
        assert opened["outcome"] == "drawn"
        round_before, money_before = sda.json("round status 0"), sda.json("balance clerk-1")
        assert money_before["token_units"] == 10_000 * TOKEN - 101 * TOKEN
        assert _interrupt(process) == "devnet stopped; its state is kept\n"
    sda.refuses("round status 0", code=UNREACHABLE)

    with _devnet(home, port, "--clerks", "7", "--contributors", "1", "--json") as (process, again):
        assert dict(re.findall(r"^  (\S+) +(0x\w{40})$", again, re.MULTILINE)) == accounts
        assert sda.json("round status 0") == round_before
        assert sda.json("balance clerk-1") == money_before
        sda(f"contribute 0 --key contributor-1 --vector - {MINIMA}", typed="[1,2,3,4,5,6,7]")
        assert json.loads(_interrupt(process)) == {"stopped": True}


def test_devnet__its_node_is_killed__ends_with_an_error(tmp_path: Path) -> None:
    port = _free_port()
    with _devnet(tmp_path / "home", port, "--clerks", "0", "--contributors", "0") as (process, _):
        os.kill(_listener(port), signal.SIGKILL)
        _, trouble = process.communicate(timeout=20)
        assert process.returncode == REFUSED
        assert trouble.startswith("error: anvil: ended by itself; its log is ")


def test_devnet__port_is_taken__is_refused(sda: Shell) -> None:
    port = sda.url.rsplit(":", 1)[1]
    message = sda.refuses(f"devnet --port {port} --clerks 0 --contributors 0")
    assert message.startswith("anvil: ended with code ")
    assert "in use" in message


@pytest.mark.parametrize("options", ["--port 0", "--port 70000", "--clerks -1", "--block-time 0"])
def test_devnet__no_such_value__is_wrong_usage(sda: Shell, options: str) -> None:
    assert options.split()[0] in sda.misuse(f"devnet {options}")


def _listener(port: int) -> int:
    """The Anvil that was started with this port: nobody else is ended."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for directory in Path("/proc").iterdir():
            if directory.name.isdigit():
                words = _words_of(directory)
                if words and words[0].endswith("anvil") and ("--port", str(port)) in pairwise(words):
                    return int(directory.name)
        time.sleep(0.05)
    raise AssertionError(f"no anvil on port {port}")


def _words_of(directory: Path) -> list[str]:
    try:
        return (directory / "cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []  # it has ended


# ---------------------------------------------------------------------- deploying by hand


def test_deploy__addresses_are_printed_and_written(sda: Shell) -> None:
    file = sda.home / "second.json"
    made = sda.json(f"deploy --key developer --preset testnet --out {file}")
    assert made.keys() == {"chain_id", *CONTRACTS, "file"}
    assert (made["chain_id"], made["file"]) == (31337, str(file))
    (sda.home / "deployment.json").unlink()
    file.rename(sda.home / "deployment.json")
    assert sda.json("balance developer")["token_units"] == 10**9 * TOKEN


def test_deploy__over_an_earlier_one__is_refused(sda: Shell) -> None:
    before = sda.files()
    assert "move the old deployment away first" in sda.refuses("deploy --key developer --preset devnet")
    assert sda.files() == before


def test_deploy__without_ether__is_refused_and_nothing_written(sda: Shell) -> None:
    file = sda.home / "second.json"
    assert "nsufficient funds" in sda.refuses(f"deploy --key poor --preset devnet --out {file}")
    assert not file.exists()


# ---------------------------------------------------------------------- the demonstration


def test_demo__a_hundred_contributors__sums_are_equal(sda: Shell) -> None:
    done = sda.process("demo", "--contributors", "100", "--clerks", "12", "--json")
    assert done.returncode == 0
    story = json.loads(done.stdout)
    assert story["matches"]
    assert story["ok"]
    assert (story["contributors"], story["claims"], len(story["totals"])) == (100, 100, 100)
    assert all(check["ok"] for check in story["checks"])
    deeds = [clerk["deed"] for clerk in story["clerks"] if clerk["seat"] is not None]
    assert sorted(deeds) == ["sent a wrong row", *["sent its row"] * 6, "stayed silent"]
    assert all(
        bool(clerk["slashed"]) == (clerk["deed"] in ("sent a wrong row", "stayed silent")) for clerk in story["clerks"]
    )


@pytest.mark.parametrize("options", ["--contributors 99", "--clerks 11", "--seed one"])
def test_demo__no_such_value__is_wrong_usage(sda: Shell, options: str) -> None:
    assert options.split()[0] in sda.misuse(f"demo {options}")
