"""Processes that end with the one that started them, however it ended."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# Standard input is a pipe that only the starting process holds. When it closes, the shell's child stops the other, in
# order. A line on it means: the other is gone already.
_SCRIPT = 'exec 3<&0; (read -r _ <&3 || kill $$) 2>/dev/null & exec "$@" 3<&- </dev/null'


def start_supervised(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process; its own number is that of what is returned.

    Args:
        command: With its arguments.
        log: For what it prints.
    """
    with log.open("wb") as output:
        return subprocess.Popen(
            ["sh", "-c", _SCRIPT, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches the starting process alone, which then stops this one in order.
            start_new_session=True,
        )


def end_supervised(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End such a process, if it has not ended: it is told to, and killed if it has not after some seconds."""
    if process.stdin is None:
        raise ValueError("a process that was started otherwise")
    with suppress(BrokenPipeError):
        if process.poll() is not None:
            process.stdin.write(b"\n")
        process.stdin.close()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
