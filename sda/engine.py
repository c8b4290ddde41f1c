"""Where large computations run: in this process, on processes of this machine, or on a Dask cluster.

Work comes as tasks: plain values that name their own result by a digest, and whose result is bytes. `run` puts
them on a `concurrent.futures` executor, a bounded number at a time, and gives back the results in order; what
was finished before a crash is read from `WorkFiles` instead. Results never depend on the engine.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from sda.errors import EngineError, ParameterError
from sda.keys import make_private_directory

DIGEST_BYTES = 32

_AHEAD = 2
"""Tasks under way for each that can run at once: one is computed, the next one waits there already."""
_CONNECT_SECONDS = 10
_DASK = {"dask": "tcp", "dask+tls": "tls"}


class Task(Protocol):
    """A computation that can be sent to another process or machine."""

    @property
    def digest(self) -> bytes:
        """32 bytes: two tasks with the same digest have the same result."""

    def run(self) -> bytes:
        """The result."""


TaskType = TypeVar("TaskType", bound=Task)


@dataclass(frozen=True)
class Engine:
    """An executor, and how many tasks it runs at once.

    Attributes:
        executor: None computes in the calling process.
        width: Tasks at once.
    """

    executor: Executor | None = None
    width: int = 1

    @property
    def most_under_way(self) -> int:
        """Tasks that are held in memory at a time, with their results."""
        return _AHEAD * self.width

    def submit(self, task: Task) -> Future[bytes]:
        """Start a task."""
        if self.executor is None:
            return _over(task.run())
        return self.executor.submit(_run, task)


SERIAL = Engine()
"""In the calling process."""


class WorkFiles:
    """Results of finished tasks, kept until what they are for is done; owner-only.

    Every file holds the digest of its content: a damaged one is as good as none.

    Args:
        directory: Made when the first result is kept.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find(self, digest: bytes) -> bytes | None:
        """The result of the task with this digest, if it is kept and whole."""
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            return None
        result = content[DIGEST_BYTES:]
        return result if hashlib.sha256(result).digest() == content[:DIGEST_BYTES] else None

    def keep(self, digest: bytes, result: bytes) -> None:
        """Keep a result; it appears whole or not at all."""
        make_private_directory(self.directory)
        draft = self.directory / f".draft-{secrets.token_hex(8)}"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(hashlib.sha256(result).digest())
                file.write(result)
            draft.replace(self._path(digest))
        finally:
            draft.unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete everything."""
        if self.directory.exists():
            for path in self.directory.iterdir():
                path.unlink()
            self.directory.rmdir()

    def _path(self, digest: bytes) -> Path:
        return self.directory / digest.hex()


def run(engine: Engine, tasks: Iterable[TaskType], kept: WorkFiles | None = None) -> Iterator[tuple[TaskType, bytes]]:
    """Tasks and their results, in order; `engine.most_under_way` tasks are read ahead and no more.

    A single task is computed in the calling process: sending it away would take longer.

    Args:
        engine: Where to compute.
        tasks: Read as there is room for them.
        kept: Results of earlier runs; new ones are added.
    """
    stream = iter(tasks)
    head = list(islice(stream, 2))
    if len(head) < 2:
        engine = SERIAL
    under_way: deque[_UnderWay[TaskType]] = deque()
    try:
        for task in chain(head, stream):
            under_way.append(_start(engine, task, kept))
            if len(under_way) >= engine.most_under_way:
                yield under_way.popleft().finish(kept)
        while under_way:
            yield under_way.popleft().finish(kept)
    finally:
        for each in under_way:
            each.future.cancel()


@dataclass(frozen=True)
class _UnderWay(Generic[TaskType]):
    """A task that was started, or whose result was found."""

    task: TaskType
    future: Future[bytes]
    found: bool

    def finish(self, kept: WorkFiles | None) -> tuple[TaskType, bytes]:
        result = self.future.result()
        if kept and not self.found:
            kept.keep(self.task.digest, result)
        return self.task, result


def _start(engine: Engine, task: TaskType, kept: WorkFiles | None) -> _UnderWay[TaskType]:
    found = kept.find(task.digest) if kept else None
    if found is None:
        return _UnderWay(task, engine.submit(task), found=False)
    return _UnderWay(task, _over(found), found=True)


def _run(task: Task) -> bytes:
    return task.run()


# ---------------------------------------------------------------------- engines by name


def check_name(name: str) -> str:
    """The name of an engine, if it is one.

    Raises:
        ParameterError: Not serial, processes, processes:COUNT, dask://HOST:PORT or dask+tls://HOST:PORT.
    """
    kind, _, rest = name.partition(":")
    if (
        name in ("serial", "processes")
        or (kind == "processes" and rest.isdecimal() and int(rest) > 0)
        or (kind in _DASK and rest.startswith("//") and len(rest) > 2)
    ):
        return name
    allowed = "serial, processes, processes:COUNT, dask://HOST:PORT or dask+tls://HOST:PORT"
    raise ParameterError("executor", name, allowed)


@contextmanager
def open_engine(name: str) -> Iterator[Engine]:
    """The engine of a name, until the block ends.

    Args:
        name: "serial"; "processes", one for each core, or "processes:4"; "dask://host:8786", the scheduler of a
            Dask cluster whose workers have this package, or "dask+tls://…" with the TLS files of Dask's own
            configuration. The workers see the round key: the cluster must be the developer's own.

    Raises:
        ParameterError: No such engine, or the extra for it is not installed.
        EngineError: It cannot be reached, or it broke down: what it had finished is kept.
    """
    kind, _, rest = check_name(name).partition(":")
    if kind == "serial":
        yield SERIAL
    elif kind == "processes":
        with _processes(int(rest) if rest else os.cpu_count() or 1) as engine:
            yield engine
    else:
        with _dask(f"{_DASK[kind]}:{rest}") as engine:
            yield engine


@contextmanager
def _processes(count: int) -> Iterator[Engine]:
    try:
        with process_pool(count) as pool:
            yield Engine(pool, count)
    except BrokenExecutor as error:
        raise EngineError(f"processes: one ended by itself (out of memory?); {_AGAIN}") from error


@contextmanager
def process_pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with the block, and with this process however it ends."""
    # A fork would copy the threads' locks and open databases of this process.
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_be_a_child)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _be_a_child() -> None:
    """Leave interrupts to the parent; end when it does, also if it is killed: the pool's pipes would stay open."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _dask(address: str) -> Iterator[Engine]:
    try:
        from distributed import Client
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker
    except ModuleNotFoundError as error:
        raise ParameterError("extra", error.name, "installed: pip install 'sda[dask]'") from error
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineError(f"{address}: no Dask scheduler answers there ({error})") from error
    try:
        cores = sum(client.ncores().values())
        if not cores:
            raise EngineError(f"{address}: its scheduler has no workers")
        with client.get_executor(pure=False) as executor:
            yield Engine(executor, cores)
    except (KilledWorker, CommClosedError, CancelledError) as error:
        raise EngineError(f"{address}: the cluster broke down ({type(error).__name__}); {_AGAIN}") from error
    finally:
        client.close()


_AGAIN = "run again: finished batches are kept"


def _over(result: bytes) -> Future[bytes]:
    future: Future[bytes] = Future()
    future.set_result(result)
    return future
