"""Noise from the clerks: what drawing it takes, how far it is from central privacy, what an audit finds, and how many
users local privacy needs for the same error."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bench.result import Result, seconds
from sda.privacy.auditing import audit_promises
from sda.privacy.experiment.measure import USERS, clerk_noise, compare
from sda.privacy.experiment.scenarios import COMMITTEE, RARE, Scenario, scenarios
from sda.privacy.noise.accounting import multiplier_for
from sda.privacy.noise.dealing import draw
from tests.privacy.queries import AGREED

COMMAND = "python -m bench privacy"
COORDINATES = 200_000
DRAWS = 50_000
AUDIT_RUNS = 200_000
FAILURE = 1e-6
WHAT = "n=26, s=3, t=8"


def measure() -> list[Result]:
    """Draws, error, audit, local privacy: about two minutes."""
    by_name = {each.name: each for each in scenarios()}
    return [
        _drawing("gaussian", by_name["many"]),
        _drawing("laplace", by_name["many-pure"]),
        *_errors(by_name["many"]),
        _local(
            "rappor_yes_or_no",
            by_name["rappor-bit"],
            "RAPPOR's f=.5, p=.5, q=.75, one report of a bit; theory 0.9·n²·h/n",
        ),
        *_audit(),
    ]


def _drawing(name: str, scenario: Scenario) -> Result:
    terms = replace(scenario.plan.terms(**AGREED), length=COORDINATES)
    taken = seconds(lambda: draw(terms), 3)
    told = f"one clerk's noise of {COORDINATES:,} coordinates; a vector is drawn once a round"
    return Result(f"noise_{name}_200k_coordinates_s", round(taken, 2), "s", told, "≤ 5", COMMAND)


def _errors(scenario: Scenario) -> list[Result]:
    plan = scenario.plan
    central = multiplier_for(scenario.epsilon, scenario.delta) * plan.layout.sensitivity.l2
    noises = clerk_noise(scenario, DRAWS)
    found = math.sqrt(float(np.mean(np.square(noises[1]))))
    theory = plan.spread(COMMITTEE.n).sd
    told = f"{WHAT}, every clerk's noise there; √(26/15) = 1.317 by theory"
    off = f"{WHAT}, standard deviation of {DRAWS:,} sums of 26 draws against theory; its own error is 0.3%"
    return [
        Result("noise_sd_over_central_privacy", round(found / central, 3), "times", told, "≤ 1.32", COMMAND),
        Result("noise_sd_off_theory_percent", round(100 * abs(found / theory - 1), 2), "%", off, "≤ 1", COMMAND),
        _local(
            "many_events", scenario, "100 events a user, (1, 1e-6), randomised response; theory 0.98·n²·h/n", noises
        ),
    ]


def _local(name: str, scenario: Scenario, what: str, noises: tuple[np.ndarray, np.ndarray] | None = None) -> Result:
    noises = noises or clerk_noise(scenario, DRAWS)
    found = compare(scenario, RARE, *noises, np.random.default_rng(1))
    return Result(
        f"local_users_like_{USERS}_with_clerks_{name}",
        round(found.equal, -3),
        "users",
        f"{what}; a rare event, {WHAT}, all 26 present; {found.equal_promised:,.0f} with the h = 15 promised alone",
        "≥ 500,000",
        COMMAND,
    )


def _audit() -> list[Result]:
    told = f"promised ε = 1, n=4, s=1, t=1; {AUDIT_RUNS:,} releases a side, wrong with chance {FAILURE:g}"
    return [
        Result(
            f"audit_{each.mechanism}_{each.dealers}_of_{each.promised}_honest_dealers_epsilon_at_least",
            round(each.bound, 3),
            "ε",
            told,
            "> 1: it must be seen" if each.dealers < each.promised else "≤ 1",
            COMMAND,
        )
        for each in audit_promises(AUDIT_RUNS, FAILURE, lambda _: None)
    ]
