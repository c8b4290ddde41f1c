"""What is fixed when the contracts are deployed: the `Settings` of both interfaces, and two presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from types import MappingProxyType
from typing import Any

from sda.errors import ParameterError
from sda.params import MAXIMUM_SEATS

TOKEN = 10**18
"""Token units in one token."""

_DECIMALS = 18


def in_tokens(units: int) -> str:
    """Token units as tokens, exactly: 2500000000000000000 is "2.5"."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, rest = divmod(units, TOKEN)
    fraction = f"{rest:0{_DECIMALS}d}".rstrip("0")
    return f"{sign}{whole:,}" + (f".{fraction}" if fraction else "")


BEACON_LOOKBACK = 8191
"""Blocks whose hash the chain remembers (EIP-2935)."""

_SECOND = 1
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_UINT32 = 2**32 - 1
_UINT96 = 2**96 - 1


@dataclass(frozen=True)
class RegistrySettings:
    """`IClerkRegistry.Settings`, in its order. Money in token units, periods in seconds.

    Attributes:
        minimum_stake: A clerk below it has weight 0.
        registration_fee: Burned at registration.
        cap_multiple: Stake above cap_multiple · minimum_stake does not count.
        maximum_seats: Seats a clerk may hold at once; the bond of a seat is minimum_stake div maximum_seats.
        unbonding_period: Between unbonding and withdrawing.
        epoch_length: Keys are registered per epoch.
        draw_window: Blocks after its seed block in which a draw must happen.
    """

    minimum_stake: int
    registration_fee: int
    cap_multiple: int
    maximum_seats: int
    unbonding_period: int
    epoch_length: int
    draw_window: int

    def __post_init__(self) -> None:
        _require(self, "minimum_stake", 1, _UINT96)
        _require(self, "registration_fee", 0, _UINT96)
        _require(self, "cap_multiple", 1, 255)
        _require(self, "maximum_seats", 1, min(255, self.minimum_stake))
        for name in ("unbonding_period", "epoch_length", "draw_window"):
            _require(self, name, 1, _UINT32)

    @property
    def values(self) -> tuple[Any, ...]:
        """In order, as the constructor takes them."""
        return astuple(self)


@dataclass(frozen=True)
class RoundsSettings:
    """`IRounds.Settings`, in its order. Money in token units, windows in seconds.

    Attributes:
        seed_delay: Blocks from a request to its seed block, at least.
        seed_spacing: Seed blocks are multiples of it: between them the clerks' weights can move.
        minimum_window, maximum_window: Bounds of every window of a round.
        draw_bounty: To whoever draws.
        abort_burn: Burned when a developer gives up after the request.
        no_data_burn: Burned from a seat, and from the deposit, when it declares "no data".
        complaint_fee: To whoever shows a bad share.
        maximum_exclusions: Bad shares that a round's escrow pays for; with more the round is given up.
        minimum_flat_fee: Of a right row.
    """

    seed_delay: int
    seed_spacing: int
    minimum_window: int
    maximum_window: int
    draw_bounty: int
    abort_burn: int
    no_data_burn: int
    complaint_fee: int
    maximum_exclusions: int
    minimum_flat_fee: int

    def __post_init__(self) -> None:
        _require(self, "seed_delay", 1, _UINT32)
        _require(self, "seed_spacing", 1, _UINT32)
        _require(self, "minimum_window", 1, _UINT32)
        _require(self, "maximum_window", self.minimum_window, _UINT32)
        for name in ("draw_bounty", "abort_burn", "no_data_burn", "complaint_fee", "minimum_flat_fee"):
            _require(self, name, 0, _UINT96)
        _require(self, "maximum_exclusions", 0, 255)

    @property
    def values(self) -> tuple[Any, ...]:
        """In order, as the constructor takes them."""
        return astuple(self)


@dataclass(frozen=True)
class DisputesSettings:
    """`IDisputes.Settings`, in its order.

    Attributes:
        challenge_bond: Token units with which a seat demands a node; the developer's if it answers.
        challenge_window: Seconds to answer, and as many to act on the answer.
        aside_time: Seconds for which a contributor with a bad share is put aside.
    """

    challenge_bond: int
    challenge_window: int
    aside_time: int

    def __post_init__(self) -> None:
        _require(self, "challenge_bond", 0, _UINT96)
        _require(self, "challenge_window", 1, _UINT32)
        _require(self, "aside_time", 0, _UINT32)

    @property
    def values(self) -> tuple[Any, ...]:
        """In order, as the constructor takes them."""
        return astuple(self)


@dataclass(frozen=True)
class Settings:
    """Of a whole deployment.

    Attributes:
        supply: Of the token, in token units; the deployer gets it.
    """

    supply: int
    registry: RegistrySettings
    rounds: RoundsSettings
    disputes: DisputesSettings

    def __post_init__(self) -> None:
        # The contracts refuse the same, but only once some of them are deployed.
        registry, rounds = self.registry, self.rounds
        _require(registry, "unbonding_period", 5 * rounds.maximum_window, _UINT32)
        _require(registry, "draw_window", 1, BEACON_LOOKBACK)
        _require(rounds, "no_data_burn", 0, registry.minimum_stake // registry.maximum_seats)
        # The smallest deposit, 4 · abort_burn, pays the "no data" of every seat.
        _require(rounds, "abort_burn", -(-MAXIMUM_SEATS * rounds.no_data_burn // 4), _UINT96)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """From `dataclasses.asdict`.

        Raises:
            ParameterError: A field is missing, unknown or out of range.
        """
        _require_fields(cls, "settings", data)
        return cls(
            supply=data["supply"],
            registry=_read(RegistrySettings, "registry", data["registry"]),
            rounds=_read(RoundsSettings, "rounds", data["rounds"]),
            disputes=_read(DisputesSettings, "disputes", data["disputes"]),
        )


def _require(settings: object, field: str, lowest: int, highest: int) -> None:
    value = getattr(settings, field)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise ParameterError(field, value, f"an integer in [{lowest}, {highest}]")


def _require_fields(kind: type, name: str, data: Any) -> None:
    wanted = {field.name for field in fields(kind)}
    if not isinstance(data, Mapping) or set(data) != wanted:
        raise ParameterError(name, data, f"an object of {', '.join(sorted(wanted))}")


def _read(kind: Any, name: str, data: Any) -> Any:
    _require_fields(kind, name, data)
    return kind(**data)


_DEVNET_MAXIMUM_WINDOW = _DAY

DEVNET = Settings(
    supply=10**9 * TOKEN,
    registry=RegistrySettings(
        minimum_stake=100 * TOKEN,
        registration_fee=TOKEN,
        cap_multiple=8,
        maximum_seats=4,
        unbonding_period=5 * _DEVNET_MAXIMUM_WINDOW,
        epoch_length=30 * _DAY,
        draw_window=256,
    ),
    rounds=RoundsSettings(
        seed_delay=2,
        seed_spacing=1,
        minimum_window=2 * _SECOND,
        maximum_window=_DEVNET_MAXIMUM_WINDOW,
        draw_bounty=TOKEN,
        abort_burn=20 * TOKEN,
        no_data_burn=TOKEN,
        complaint_fee=TOKEN,
        maximum_exclusions=4,
        minimum_flat_fee=TOKEN // 1000,
    ),
    disputes=DisputesSettings(challenge_bond=TOKEN, challenge_window=30 * _SECOND, aside_time=_DAY),
)
"""Only for testing and local chains: windows of seconds, and a seed that two proposers would decide."""

TESTNET = Settings(
    supply=10**9 * TOKEN,
    registry=RegistrySettings(
        minimum_stake=1000 * TOKEN,
        registration_fee=10 * TOKEN,
        cap_multiple=8,
        maximum_seats=4,
        # The collect and complaint windows, the three row windows of a wide round, and a week to spare for the draw and
        # for slow settlement.
        unbonding_period=42 * _DAY,
        epoch_length=30 * _DAY,
        draw_window=1024,
    ),
    rounds=RoundsSettings(
        # Two epochs of 32 slots: who proposes then is not known at the request (PROTOCOL §8).
        seed_delay=64,
        seed_spacing=64,
        minimum_window=10 * _MINUTE,
        maximum_window=7 * _DAY,
        draw_bounty=10 * TOKEN,
        abort_burn=100 * TOKEN,
        no_data_burn=5 * TOKEN,
        complaint_fee=10 * TOKEN,
        maximum_exclusions=8,
        minimum_flat_fee=TOKEN,
    ),
    disputes=DisputesSettings(challenge_bond=10 * TOKEN, challenge_window=10 * _MINUTE, aside_time=90 * _DAY),
)
"""For a public test chain: a seed that nobody foresees, realistic windows, weeks of unbonding."""

PRESETS: Mapping[str, Settings] = MappingProxyType({"devnet": DEVNET, "testnet": TESTNET})


def preset(name: str) -> Settings:
    """The named preset.

    Raises:
        ParameterError: No such preset.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ParameterError("preset", name, f"one of {', '.join(PRESETS)}") from None
