"""Reading a query's mappings field by field: every error names the field, what was given and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sda.errors import ParameterError

_MISSING: Any = object()
_NAME_LENGTH = 100


class Section:
    """One mapping of a query.

    Args:
        values: As the YAML reader gave it.
        where: How errors call it, such as "metrics[2]".

    Raises:
        ParameterError: It is no mapping, or a key is no text.
    """

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, Mapping):
            raise ParameterError(where, values, "a mapping of fields to values")
        for key in values:
            if not isinstance(key, str):
                raise ParameterError(where, key, "fields whose names are text (quote names such as on, off, yes)")
        self.where = where
        self._values = dict(values)
        self._read: set[str] = set()

    def field(self, name: str) -> str:
        """How errors call a field."""
        return f"{self.where}.{name}" if self.where else name

    def has(self, name: str) -> bool:
        """Whether a field is given."""
        self._read.add(name)
        return name in self._values

    def value(self, name: str, default: object = _MISSING) -> Any:
        """A field as it is.

        Raises:
            ParameterError: Not given, and there is no default.
        """
        self._read.add(name)
        if name in self._values:
            return self._values[name]
        if default is _MISSING:
            raise ParameterError(self.field(name), None, "given")
        return default

    def text(self, name: str, default: str | None = None) -> str:
        """A short line of text."""
        value = self.value(name, _MISSING if default is None else default)
        self._check_text(self.field(name), value)
        return str(value)

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self.value(name, default)
        if value not in allowed:
            raise ParameterError(self.field(name), value, f"one of {', '.join(allowed)}")
        return str(value)

    def integer(self, name: str, lowest: int, highest: int, default: int | None = None) -> int:
        """An integer in a range."""
        value = self.value(name, _MISSING if default is None else default)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise ParameterError(self.field(name), value, f"an integer in [{lowest}, {highest}]")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number; YAML's 1e-6, which its readers take for text, is one too."""
        value = self.value(name, _MISSING if default is None else default)
        return finite(self.field(name), value)

    def numbers(self, name: str, default: Sequence[float] | None = None) -> tuple[float, ...]:
        """A list of finite numbers."""
        value = self.value(name, _MISSING if default is None else default)
        if not isinstance(value, list | tuple):
            raise ParameterError(self.field(name), value, "a list of numbers")
        return tuple(finite(f"{self.field(name)}[{index}]", each) for index, each in enumerate(value))

    def names(
        self, name: str, known: Sequence[str] | None = None, default: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """A list of different names, at least one, each of them known if `known` is given; or the default."""
        value = self.value(name, _MISSING if default is None else default)
        if not self.has(name) and not value and known is None:
            return ()
        if not isinstance(value, list | tuple) or not value:
            raise ParameterError(self.field(name), value, "a list of at least one name")
        for index, each in enumerate(value):
            where = f"{self.field(name)}[{index}]"
            self._check_text(where, each)
            if each in value[:index]:
                raise ParameterError(where, each, "named once")
            if known is not None:
                require_known(where, each, known)
        return tuple(value)

    def known(self, name: str, known: Sequence[str]) -> str:
        """One name that is known."""
        value = self.text(name)
        require_known(self.field(name), value, known)
        return value

    def sections(self, name: str) -> list[Section]:
        """A list of mappings."""
        value = self.value(name)
        if not isinstance(value, list) or not value:
            raise ParameterError(self.field(name), value, "a list of at least one mapping")
        return [Section(each, f"{self.field(name)}[{index}]") for index, each in enumerate(value)]

    def done(self) -> None:
        """Refuse what nobody asked for: a misspelt field would silently be left out.

        Raises:
            ParameterError: A field that was not read.
        """
        for name in self._values:
            if name not in self._read:
                raise ParameterError(
                    self.field(name), self._values[name], f"left out; fields are {', '.join(sorted(self._read))}"
                )

    @staticmethod
    def _check_text(where: str, value: object) -> None:
        if not isinstance(value, str) or not value.strip() or len(value) > _NAME_LENGTH or not value.isprintable():
            raise ParameterError(
                where, value, f"one line of text, 1 to {_NAME_LENGTH} characters (quote on, off, yes, no)"
            )


def finite(where: str, value: object) -> float:
    """A finite number.

    Raises:
        ParameterError: It is none.
    """
    if not isinstance(value, bool) and isinstance(value, int | float | str):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ParameterError(where, value, "a finite number")


def require_known(where: str, name: str, known: Sequence[str]) -> None:
    """Refuse a name that the query does not declare.

    Raises:
        ParameterError: It is not among `known`.
    """
    if name not in known:
        raise ParameterError(where, name, f"declared by the query: one of {', '.join(known) or '(none are)'}")
