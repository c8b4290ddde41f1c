"""The command `sda` as a test types it. Every run is searched for tracebacks and for secrets."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from eth_keyfile.keyfile import decode_keyfile_json

from sda.chain.client import Chain
from sda.chain.rpc import request
from sda.cli.main import main

PROGRAM = Path(sys.executable).with_name("sda")
PASSWORD = "correct horse, battery staple"
DONE, REFUSED, WRONG_USAGE, UNREACHABLE = 0, 1, 2, 3

_BARE_BYTES = re.compile(r"[0-9a-fA-F]{40,}")


@dataclass(frozen=True)
class Shell:
    """Runs commands in a home directory, on a node.

    sda = Shell(home, url)
    sda("round status 0")
    sda.json("round status 0")["state"]
    assert "no such key file" in sda.refuses("claim 0 --key nobody")

    Attributes:
        home: What `--home` gets.
        url: What `--rpc` gets.
        password: What `SDA_PASSWORD` is.
    """

    home: Path
    url: str
    password: str = PASSWORD

    def run(self, line: str, *, typed: str | None = None) -> Result:
        """Run a command line; whatever it says is checked."""
        options = ["--home", str(self.home), "--rpc", self.url, "--light-keys"]
        environment = {"SDA_PASSWORD": self.password, "COLUMNS": "200"}
        result = CliRunner(mix_stderr=False).invoke(main, [*options, *shlex.split(line)], input=typed, env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), f"{line}: {result.exception!r}"
        self.check(line, result.stdout + result.stderr)
        return result

    def check(self, line: str, output: str) -> None:
        """No traceback, no secret."""
        assert "Traceback" not in output, f"{line}: {output}"
        for secret in self.secrets():
            assert secret not in output.lower(), f"{line}: shows a secret"

    def secrets(self) -> list[str]:
        """Everything that must never be shown: the password, and what the key files hold."""
        contents = [path.read_bytes() for path in (self.home / "keys").glob("*/*.json")]
        return [PASSWORD, *(shown for content in contents for shown in _secret_of(content))]

    def __call__(self, line: str, *, typed: str | None = None) -> str:
        """Run a command that succeeds; what it prints."""
        result = self.run(line, typed=typed)
        assert result.exit_code == DONE, f"{line}: {result.stdout}{result.stderr}"
        return result.stdout

    def json(self, line: str, *, typed: str | None = None, code: int = DONE) -> Any:
        """Run a command with `--json`; what it prints: JSON and nothing besides, bytes as "0x…"."""
        result = self.run(f"{line} --json", typed=typed)
        assert result.exit_code == code, f"{line}: {result.stdout}{result.stderr}"
        answer = json.loads(result.stdout)
        assert not [text for text in _texts(answer) if _BARE_BYTES.fullmatch(text)], f"{line}: {answer}"
        return answer

    def refuses(self, line: str, *, typed: str | None = None, code: int = REFUSED) -> str:
        """Run a command that does not succeed; its message: a single line, with nothing else printed."""
        result = self.run(line, typed=typed)
        assert result.exit_code == code, f"{line}: {result.stdout}{result.stderr}"
        assert result.stdout == ""
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 1, f"{line}: {result.stderr}"
        assert lines[0].startswith("error: ")
        return lines[0].removeprefix("error: ")

    def misuse(self, line: str) -> str:
        """Run a command line that is wrong in itself; what is said of it."""
        result = self.run(line)
        assert result.exit_code == WRONG_USAGE, f"{line}: {result.stdout}{result.stderr}"
        assert result.stdout == ""
        return result.stderr

    def process(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `sda` as a process of its own, with no terminal and no password in its environment."""
        environment = {name: value for name, value in os.environ.items() if name != "SDA_PASSWORD"}
        environment["TMPDIR"] = str(self.home.parent)  # for what the demonstration leaves to look at
        options = {"capture_output": True, "stdin": subprocess.DEVNULL, **options}
        line = [str(PROGRAM), "--home", str(self.home), "--rpc", self.url, "--light-keys", *words]
        done = subprocess.run(line, text=True, env=environment, start_new_session=True, timeout=30, **options)
        self.check(shlex.join(words), f"{done.stdout}{done.stderr}")
        return done

    # ------------------------------------------------------------------ files, chain, other homes

    def write(self, name: str, text: str) -> Path:
        """A file with this text, outside what the commands keep."""
        path = self.home.parent / name
        path.write_text(text)
        return path

    def files(self) -> dict[str, bytes]:
        """Every file that the commands keep, but for the databases, which are asked by commands."""
        paths = (path for path in self.home.rglob("*") if path.is_file() and "sqlite" not in path.suffix)
        return {str(path.relative_to(self.home)): path.read_bytes() for path in paths}

    @property
    def chain(self) -> Chain:
        """A connection to the node."""
        return Chain(self.url)

    def mine(self, blocks: int) -> None:
        """Blocks pass."""
        request(self.url, "anvil_mine", [hex(blocks), "0x1"])

    def wait_until(self, moment: int) -> None:
        """Time passes on the chain."""
        request(self.url, "evm_increaseTime", [hex(max(0, moment - self.chain.now()))])
        request(self.url, "evm_mine", [])

    def but(self, **changes: Any) -> Shell:
        """The same with another password or node address."""
        return replace(self, **changes)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens on the chain in here is undone; files are not."""
        snapshot = request(self.url, "evm_snapshot", [])
        try:
            yield
        finally:
            assert request(self.url, "evm_revert", [snapshot])

    @contextmanager
    def branch(self, directory: Path) -> Iterator[Shell]:
        """A copy of the home directory, on a chain that is put back afterwards."""
        home = directory / "home"
        shutil.copytree(self.home, home)
        with self.undone():
            yield replace(self, home=home)


def _texts(answer: object) -> Iterator[str]:
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, dict):
        yield from (text for value in answer.values() for text in _texts(value))
    elif isinstance(answer, list):
        yield from (text for value in answer for text in _texts(value))


@cache
def _secret_of(content: bytes) -> tuple[str, ...]:
    """What is in a key file, as it might be printed; nothing if it is none of ours."""
    try:
        secret = decode_keyfile_json(json.loads(content), PASSWORD.encode())  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    return secret.hex(), str(int.from_bytes(secret, "big"))
