"""A local Anvil node: started, waited for, stopped, and never left behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from sda.chain.rpc import request
from sda.errors import ChainError, UnreachableError
from sda.supervised import end_supervised, start_supervised

DEVNET_CHAIN_ID = 31337
MNEMONIC = "test test test test test test test test test test test junk"
"""Anvil's own, known to everybody: only for testing and local devnets."""

_START_SECONDS = 20.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02
_LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")
_CHECKOUT = Path(__file__).resolve().parent.parent.parent


def find_anvil() -> Path:
    """The Anvil binary: `SDA_ANVIL`, else on PATH, else in `.bin/` of the working directory or the checkout.

    Raises:
        ChainError: There is none.
    """
    named = os.environ.get("SDA_ANVIL")
    candidates: list[str | Path] = (
        [named] if named else ["anvil", Path.cwd() / ".bin" / "anvil", _CHECKOUT / ".bin" / "anvil"]
    )
    for candidate in candidates:
        if found := shutil.which(candidate):
            return Path(found)
    where = f"SDA_ANVIL = {named}" if named else "PATH and .bin/"
    raise ChainError(f"anvil: not found ({where}); run `make setup`, install Foundry, or set SDA_ANVIL to the binary")


class Anvil:
    """A local node, as a context manager or with `start` and `stop`. It ends when this process does.

    Args:
        port: 0 takes a free one; see `url`.
        chain_id: Of the chain.
        block_time: Seconds between blocks; transactions are mined at once besides.
            None mines for transactions only.
        state: File in which the chain survives a restart; None forgets it.
        log: File for Anvil's output; None takes one in the temporary directory.
        accounts: How many accounts of `MNEMONIC` are funded, with 10,000 ether each.
        gas_limit: Of a block.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        chain_id: int = DEVNET_CHAIN_ID,
        block_time: int | None = None,
        state: Path | None = None,
        history: bool = True,
        log: Path | None = None,
        accounts: int = 10,
        gas_limit: int = 60_000_000,
    ) -> None:
        self.port = port
        self.state = state
        self.log = log
        self._arguments = [
            *("--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id)),
            *("--accounts", str(accounts), "--mnemonic", MNEMONIC, "--gas-limit", str(gas_limit)),
        ]
        if block_time is not None:
            self._arguments += ["--block-time", str(block_time), "--mixed-mining"]
        if state is not None:
            # Draws need headers and hashes of blocks mined before a restart.
            self._arguments += ["--state", str(state), *(["--preserve-historical-states"] if history else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self._temporary: Path | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Anvil:
        """Start the process and wait until it answers.

        Raises:
            ChainError: There is no Anvil, or it ended or did not answer; the message says where its log is.
        """
        command = [str(find_anvil()), *self._arguments]
        if self.state is not None:
            self.state.parent.mkdir(parents=True, exist_ok=True)
        temporary = None
        if self.log is None:
            temporary = Path(tempfile.mkdtemp(prefix="sda-anvil-"))
            self.log = temporary / "anvil.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = start_supervised(command, self.log)
        try:
            self._wait_until_ready(self._process, self.log)
            self._keep_clock()
        except BaseException:
            self.stop()
            raise
        # Only now: the log of a node that does not start is kept, as the error names it.
        self._temporary = temporary
        return self

    def stop(self) -> None:
        """End the process; it writes its state first. Does nothing if there is none."""
        process, self._process = self._process, None
        if process is None:
            return
        end_supervised(process, _STOP_SECONDS)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary, self.log = None, None

    def wait(self) -> int:
        """Wait until the process ends by itself (or the caller is interrupted).

        Returns:
            Its exit code.
        """
        if self._process is None:
            raise ChainError("anvil: was not started")
        return self._process.wait()

    def mine(self, blocks: int = 1, *, interval: int = 1) -> None:
        """Mine blocks, `interval` seconds of chain time apart."""
        request(self.url, "anvil_mine", [hex(blocks), hex(interval)])

    def increase_time(self, seconds: int) -> None:
        """Move the chain's clock on, and mine a block in which that shows."""
        request(self.url, "evm_increaseTime", [hex(seconds)])
        request(self.url, "evm_mine", [])

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log: Path) -> None:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            if process.poll() is not None:
                raise ChainError(f"anvil: ended with code {process.returncode}: {_last_words(log)}")
            if listening := _LISTENING.search(log.read_text(errors="replace")):
                self.port = int(listening[1])
                try:
                    request(self.url, "eth_chainId", [])
                except UnreachableError:
                    pass
                else:
                    return
            time.sleep(_POLL_SECONDS)
        raise ChainError(f"anvil: did not answer within {_START_SECONDS:.0f} s; its log is {log}")

    def _keep_clock(self) -> None:
        """After a restart, go on from the last block's time if that is ahead: time never goes back."""
        if self.state is None:
            return
        ahead = int(request(self.url, "eth_getBlockByNumber", ["latest", False])["timestamp"], 16) - int(time.time())
        if ahead > 0:
            request(self.url, "evm_increaseTime", [hex(ahead)])

    def __enter__(self) -> Anvil:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return " ".join(line for line in lines if line.strip())[-300:]
