"""Every error the package raises on purpose.

    SDAError
    ├── ParameterError   a term of a round is out of its range
    ├── EncodingError    a vector or sum cannot be packed or unpacked
    ├── MessageError     bytes from somebody else are not a well-formed message, point or scalar
    ├── ProofError       a proof, a signature or a path does not hold
    ├── KeyFileError     a key file cannot be read or opened
    ├── RelayError       the relay refused, or served something wrong
    ├── LearningError    a model, an update or data does not fit the training
    ├── EngineError      processes or cluster broke down: what was finished is kept, run the command again
    └── ChainError       the chain refused, is the wrong one, or contradicts itself
        ├── UnreachableError  a node does not answer: nothing is lost, run the command again
        └── ContractError     a contract refused, with its name for the reason and the values it gave

A message names the field, its value and what is allowed. Secrets, and a contributor's own data, never enter
one.
"""

from __future__ import annotations

from collections.abc import Mapping


class SDAError(Exception):
    """Root of all errors of this package."""


class ParameterError(SDAError, ValueError):
    """A parameter is out of its range.

    Args:
        field: The parameter, as it is called in the code.
        value: What was given. Public by nature: parameters stand on the chain.
        allowed: What would have been accepted.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field} = {value!r}: must be {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


class EncodingError(SDAError, ValueError):
    """A vector cannot be packed, or field elements do not unpack to a vector."""


class MessageError(SDAError, ValueError):
    """Bytes received from somebody else are not what they should be."""


class ProofError(SDAError):
    """A proof of possession, a signature or a membership path does not hold."""


class KeyFileError(SDAError):
    """A key file is missing, malformed, or its password is wrong."""


class RelayError(SDAError):
    """The relay refused a request or served data that does not check."""


class LearningError(SDAError, ValueError):
    """A model, an update or a contributor's data does not fit the training."""


class EngineError(SDAError):
    """Where a large computation ran broke down, or cannot be reached."""


class ChainError(SDAError):
    """The chain refused a transaction, is the wrong one, or contradicts itself."""


class UnreachableError(ChainError):
    """A node does not answer. Nothing is lost; unless a transaction was sent already, it can be run again."""


class ContractError(ChainError):
    """A contract refused a call or a transaction.

    Args:
        name: The contract's error, for example "StakeTooSmall".
        values: Its arguments by name, as the contract gave them.
    """

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        super().__init__(f"{name}({', '.join(f'{key}={value}' for key, value in values.items())})")
        self.name = name
        self.values = dict(values)
