"""Commands that need packages which come with an extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sda.errors import ParameterError


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Say how to install what an import in here does not find.

    Raises:
        ParameterError: A package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ParameterError("extra", error.name, f"installed: pip install 'sda[{name}]'") from error
