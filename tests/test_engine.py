"""Engines: the same results in the same order, a bounded number under way, and what was finished is kept."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.engine import SERIAL, Engine, WorkFiles, check_name, open_engine, run
from sda.errors import EngineError, KeyFileError, ParameterError


@dataclass(frozen=True)
class Square:
    """A task small enough to read."""

    number: int

    @property
    def digest(self) -> bytes:
        return sha256(b"square" + self.number.to_bytes(8, "big")).digest()

    def run(self) -> bytes:
        return (self.number**2).to_bytes(16, "big")


class Fatal(Square):
    """Ends its process, as the system does when memory runs out."""

    def run(self) -> bytes:
        os._exit(9)


class Failing(Square):
    def run(self) -> bytes:
        raise ArithmeticError(self.number)


class Counting(ThreadPoolExecutor):
    """Knows how many tasks were submitted."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.submitted = 0

    def submit(self, *arguments: Any, **keywords: Any) -> Future[Any]:
        self.submitted += 1
        return super().submit(*arguments, **keywords)


def squares(count: int) -> Iterator[Square]:
    return map(Square, range(count))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40), st.integers(1, 5))
def test_run__results_are_in_order__on_any_width(count: int, width: int) -> None:
    with Counting(width) as executor:
        done = list(run(Engine(executor, width), squares(count)))
        assert [(task.number, int.from_bytes(result, "big")) for task, result in done] == [
            (i, i * i) for i in range(count)
        ]
        assert done == list(run(SERIAL, squares(count)))
        # One alone is not worth sending away.
        assert executor.submitted == (count if count > 1 else 0)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_run__reads_no_further_ahead_than_the_engine_holds(width: int) -> None:
    read = 0

    def tasks() -> Iterator[Square]:
        nonlocal read
        for task in squares(50):
            read += 1
            yield task

    with Counting(width) as executor:
        engine = Engine(executor, width)
        for done, _ in enumerate(run(engine, tasks())):
            assert read - done <= engine.most_under_way == 2 * width
            assert executor.submitted - done <= engine.most_under_way


def test_run__an_error_of_a_task_is_raised_in_its_turn() -> None:
    with Counting(2) as executor:
        results = run(Engine(executor, 2), [Square(1), Square(2), Failing(3), Square(4)])
        assert [int.from_bytes(next(results)[1], "big") for _ in range(2)] == [1, 4]
        with pytest.raises(ArithmeticError):
            next(results)


# ---------------------------------------------------------------------- what is kept


def test_kept__results_are_found_again(tmp_path: Path) -> None:
    kept = WorkFiles(tmp_path / "work")
    first = list(run(SERIAL, squares(5), kept))
    with Counting(2) as executor:
        assert list(run(Engine(executor, 2), squares(8), kept))[:5] == first
        assert executor.submitted == 3


def test_kept__an_interrupted_run__goes_on(tmp_path: Path) -> None:
    kept = WorkFiles(tmp_path / "work")
    for task, _ in run(SERIAL, squares(10), kept):
        if task.number == 4:
            break
    with Counting(3) as executor:
        assert len(list(run(Engine(executor, 3), squares(10), kept))) == 10
        assert executor.submitted <= 6


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:33] + b"\xff"])
def test_kept__damaged__is_computed_again(tmp_path: Path, damage: Any) -> None:
    kept = WorkFiles(tmp_path / "work")
    first = list(run(SERIAL, squares(5), kept))
    path = kept.directory / Square(3).digest.hex()
    path.write_bytes(damage(path.read_bytes()))
    assert kept.find(Square(3).digest) is None
    with Counting(2) as executor:
        assert list(run(Engine(executor, 2), squares(5), kept)) == first
        assert executor.submitted == 1
    assert kept.find(Square(3).digest) == Square(3).run()


def test_kept__is_the_owners_alone__and_goes_away(tmp_path: Path) -> None:
    kept = WorkFiles(tmp_path / "work")
    kept.clear()  # nothing there: nothing to do
    list(run(SERIAL, squares(3), kept))
    assert stat.S_IMODE(kept.directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.directory.iterdir()} == {0o600}
    assert len(list(kept.directory.iterdir())) == 3
    kept.clear()
    assert not kept.directory.exists()


def test_kept__in_a_directory_open_to_others__is_refused(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir(mode=0o755)
    with pytest.raises(KeyFileError, match="open to others"):
        list(run(SERIAL, squares(3), WorkFiles(tmp_path / "work")))


def test_kept__disk_full__leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = WorkFiles(tmp_path / "work")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        list(run(SERIAL, squares(3), kept))
    assert list(kept.directory.iterdir()) == []


# ---------------------------------------------------------------------- engines by name


@pytest.mark.parametrize("name", ["", "process", "processes:", "processes:0", "processes:-1", "dask", "dask://", "ray"])
def test_names__others_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match=r"executor = .*must be serial, processes, processes:COUNT, dask://"):
        check_name(name)
    with pytest.raises(ParameterError), open_engine(name):
        pass


def test_serial__computes_here() -> None:
    with open_engine("serial") as engine:
        assert engine is SERIAL


def test_processes__compute_elsewhere() -> None:
    with open_engine("processes:2") as engine:
        assert engine.width == 2
        assert list(run(engine, squares(9))) == list(run(SERIAL, squares(9)))


def test_processes__one_that_ends_by_itself__is_told(tmp_path: Path) -> None:
    kept = WorkFiles(tmp_path / "work")
    tasks = [Square(1), Square(2), Fatal(3), Square(4)]
    with pytest.raises(EngineError, match="run again: finished batches are kept"), open_engine("processes:1") as engine:
        list(run(engine, tasks, kept))
    assert kept.find(Square(1).digest) == Square(1).run()


_PARENT = """
import os, sys, time
from sda.engine import process_pool

if __name__ == "__main__":
    with process_pool(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def test_processes__their_parent_is_killed__end_too(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(_PARENT)
    with subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
    for _ in range(500):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True).stdout
        if not state or state.startswith("Z"):  # gone, or waits for its burial
            return
        time.sleep(0.02)
    pytest.fail(f"process {child} outlived its parent")


def test_dask__nobody_there__is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sda.engine._CONNECT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with (
        pytest.raises(EngineError, match=f"tcp://127.0.0.1:{port}: no Dask scheduler"),
        open_engine(f"dask://127.0.0.1:{port}"),
    ):
        pass
