"""What an agent did, told to whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sda.errors import SDAError, UnreachableError


@dataclass(frozen=True)
class Deed:
    """Something that a pass did, or could not do.

    Attributes:
        action: What, such as "key registered", "job checked", "row sent" or "round closed".
        round_id: For which round, if for one.
        detail: For people.
        failed: Whether it went wrong; what is still due is tried again by the next pass.
    """

    action: str
    round_id: int | None = None
    detail: str = ""
    failed: bool = False


def attempt(action: str, round_id: int | None, act: Callable[[], str]) -> Deed:
    """Do something; what fails is told, and does not keep the agent from its other duties.

    Raises:
        UnreachableError: A node does not answer: nothing else would work either.
    """
    try:
        return Deed(action, round_id, act())
    except UnreachableError:
        raise
    except SDAError as error:
        return Deed(action, round_id, f"{type(error).__name__}: {error}", failed=True)
