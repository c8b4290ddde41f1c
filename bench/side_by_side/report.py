"""What is measured of each system, and how: the same way for all of them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Vectors = Sequence[Sequence[int]]
"""One vector of zeros and ones per contributor, all of the same length."""

ROLES = ("contributor", "clerk", "developer", "relay")


@dataclass(frozen=True)
class Load:
    """What one party of a role has to do, on average over all of that role.

    Attributes:
        up, down: Bytes of what it really serialised and read.
        cpu_ms: Processor time of its process, all threads.
    """

    up: float
    down: float
    cpu_ms: float


@dataclass(frozen=True)
class Report:
    """One run.

    Attributes:
        sums: What came out.
        first: By role; in a first round, when nobody met anybody before. A role that a system lacks is missing.
        later: The same in a later round among the same parties; empty where that makes no difference.
    """

    sums: Sequence[int]
    first: Mapping[str, Load]
    later: Mapping[str, Load]


@dataclass(frozen=True)
class System:
    """One thing to compare, and what is known of it besides figures.

    Attributes:
        slug: In names of figures.
        title, setting: Which code, and with which parameters.
        run: The whole of it.
        round_trips: Of a contributor; of a clerk.
        silent: Who may stay silent.
        lying: Who may lie, and what comes of it.
        learns: Who learns what, and who together would learn more.
        not_counted: What is simulated or left out.
        needs: Python modules beyond the bench's own, or "node".
    """

    slug: str
    title: str
    setting: str
    run: Callable[[Vectors], Report]
    round_trips: str
    silent: str
    lying: str
    learns: str
    not_counted: str
    needs: tuple[str, ...] = ()


class Meter:
    """Adds up bytes and processor time by role."""

    def __init__(self) -> None:
        self._up: Counter[str] = Counter()
        self._down: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._working: list[str] = []
        self._since = 0.0

    @contextmanager
    def working(self, role: str) -> Iterator[None]:
        """The time in here is this role's; whoever it interrupts waits."""
        self._charge()
        self._working.append(role)
        try:
            yield
        finally:
            self._charge()
            self._working.pop()

    def _charge(self) -> None:
        now = time.process_time()
        if self._working:
            self._seconds[self._working[-1]] += now - self._since
        self._since = now

    def sent(self, role: str, size: int) -> None:
        """Somebody of a role sent so many bytes."""
        self._up[role] += size

    def received(self, role: str, size: int) -> None:
        """Somebody of a role received so many bytes."""
        self._down[role] += size

    def loads(self, **parties: int) -> dict[str, Load]:
        """The averages, by role, given how many parties each has."""
        return {
            role: Load(self._up[role] / count, self._down[role] / count, 1000 * self._seconds[role] / count)
            for role, count in parties.items()
        }
