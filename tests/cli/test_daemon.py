"""`sda clerk run --daemon` as a process of its own: killed at any instant, stopped, run twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from sda.agents.daemon import STATE_FILE
from sda.chain.contracts import Contracts
from sda.chain.rounds import Rounds
from sda.errors import ChainError
from tests.chain.proxy import hostile_node
from tests.cli.shell import DONE, PROGRAM, REFUSED, Shell
from tests.cli.steps import deadlines, disputing, run_clerks, seated

PATIENCE_SECONDS = 60.0
KILLS_A_STEP = 5


class Process:
    """A daemon.

    Args:
        sda: Whose home it serves in.
        name: The clerk's.
        url: Of the node, if not the shell's.
    """

    def __init__(self, sda: Shell, name: str, url: str | None = None) -> None:
        self.sda, self.name = sda, name
        line = [str(PROGRAM), "--home", str(sda.home), "--rpc", url or sda.url, "--light-keys"]
        line += ["clerk", "run", "--key", name, "--daemon", "--interval", "0.1", "--log", "json"]
        self._log = sda.home.parent / f"{name}-{time.monotonic_ns()}.log"
        environment = {**os.environ, "SDA_PASSWORD": sda.password}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> int:
        """End it without a warning; its exit code."""
        self._process.kill()
        return self._process.wait()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Until it ends by itself; its exit code."""
        return self._process.wait(PATIENCE_SECONDS)

    def said(self) -> str:
        """Everything it printed. No traceback, no secret."""
        text = self._log.read_text()
        self.sda.check(self.name, text)
        return text

    def events(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def told(self, event: str) -> bool:
        return event in {each["event"] for each in self.events()}

    def had_a_pass(self) -> bool:
        state = self.sda.home / "keys" / self.name / STATE_FILE
        return state.exists() and json.loads(state.read_text())["pid"] == self.pid

    def wait_for(self, happened: Callable[[], bool]) -> bool:
        """Until something happens, or it ends; whether it happened."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < until, self.said()
            if self._process.poll() is not None:
                return happened()
            time.sleep(0.05)
        return True


@contextmanager
def daemon(sda: Shell, name: str, url: str | None = None) -> Iterator[Process]:
    made = Process(sda, name, url)
    try:
        yield made
    finally:
        made.kill()


def test_stopped__ends_in_order(sda: Shell) -> None:
    with daemon(sda, "clerk-1") as clerk:
        assert clerk.wait_for(clerk.had_a_pass)
        shown = sda.json("clerk status --key clerk-1")["daemon"]
        assert (shown["pid"], shown["due"] > shown["chain_time"]) == (clerk.pid, True)
        assert clerk.stop() == DONE
    assert [each["event"] for each in clerk.events()] == ["started", "stopped"]
    assert all(each.keys() >= {"time", "level", "event"} for each in clerk.events())
    assert sda.json("clerk status --key clerk-1")["daemon"] is None


def test_second_daemon__does_not_start(sda: Shell) -> None:
    with daemon(sda, "clerk-1") as first:
        assert first.wait_for(lambda: first.told("started"))
        with daemon(sda, "clerk-1") as second:
            assert second.wait() == REFUSED
            assert f"clerk-1: is served by process {first.pid} already; stop that one first" in second.said()
        first.kill()
        with daemon(sda, "clerk-1") as third:
            assert third.wait_for(lambda: third.told("started"))


def test_wrong_password__does_not_start(sda: Shell) -> None:
    with daemon(sda.but(password="not it"), "clerk-1") as clerk:
        assert clerk.wait() == REFUSED
        assert "the password is wrong" in clerk.said()


def test_no_node_yet__is_waited_for(sda: Shell) -> None:
    with daemon(sda, "clerk-1", "http://127.0.0.1:9") as clerk:
        assert clerk.wait_for(lambda: clerk.told("trouble"))
        assert clerk.stop() == DONE


def test_killed_at_any_request__answers_once_and_in_time(sda: Shell) -> None:
    """Every request to the node is an instant at which the process may end, its effect done and the answer lost."""
    random, fuse, kills = Random(3), 0, 0
    rows: list[str] = []
    serving: list[Process] = []
    disputing(sda)
    victim = seated(sda)[2]
    rounds = Contracts.connect(sda.home / "deployment.json", sda.url).rounds
    keys = {path: path.read_bytes() for path in (sda.home / "keys" / victim).glob("*.json")}

    def kill_in_time(asked: dict[str, Any], answer: dict[str, Any]) -> Any:
        nonlocal fuse
        if asked["method"] == "eth_sendRawTransaction":
            sent = rounds.chain.input_of(bytes.fromhex(answer["result"][2:]))
            rows.extend(["sent"] if _is_row(rounds, sent) else [])
            fuse = 1  # the instant that matters most
        fuse -= 1
        if fuse == 0:
            serving[-1].kill()
        return answer

    with hostile_node(sda.url, kill_in_time) as url:
        for moment in ("snapshot", "complaint_end", "row_end"):
            sda.wait_until(deadlines(sda).get(moment, 0))
            for _ in range(KILLS_A_STEP):
                fuse = random.randrange(1, 150)
                with daemon(sda, victim, url) as clerk:
                    serving.append(clerk)
                    clerk.wait_for(clerk.had_a_pass)
                    kills += clerk.had_a_pass() is False
            if moment == "complaint_end":
                run_clerks(sda)  # one honest pass of everybody, the victim included, is in time
    assert kills >= KILLS_A_STEP
    assert len(rows) == 1, "one row, one transaction"
    seats = sda.json("round status 0")["seats"]
    assert [seat["answered"] for seat in seats] == [True] * 5
    assert {path: path.read_bytes() for path in keys} == keys


def _is_row(rounds: Rounds, data: bytes) -> bool:
    try:
        return rounds.contract.arguments(data)[0] == "submitRow"
    except ChainError:  # of another contract
        return False
