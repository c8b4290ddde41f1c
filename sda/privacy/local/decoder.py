"""RAPPOR's decoder: how many contributors hold each candidate string.

As published: estimate each bit's true count, select candidates by a Lasso regression on the strings' bits, fit the
selected ones by least squares, and report those whose count is significant after a Bonferroni correction. The noise
of the bits is known, so the Lasso's penalty is the universal one for it instead of a cross-validated one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm
from sklearn.linear_model import Lasso

from sda.privacy.local.rappor import Counts, Rappor

SIGNIFICANCE = 0.05

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """One string.

    Attributes:
        value: The string.
        count: Estimated contributors that hold it; 0 if the Lasso dropped it.
        error: Standard error; infinite if it was dropped.
        found: Whether the count is significant.
    """

    value: str
    count: float
    error: float
    found: bool


def true_bits(rappor: Rappor, counts: Counts) -> Floats:
    """t_ij = (c_ij - p*·N_j) / (q* - p*): how many contributors of each cohort have each bit, unbiased; m × k."""
    estimate: Floats = (counts.ones - rappor.zero * counts.reports[:, None]) / (rappor.one - rappor.zero)
    return estimate


def decode(rappor: Rappor, counts: Counts, candidates: Sequence[str]) -> list[Candidate]:
    """Estimates for known candidates, in their order.

    Args:
        rappor: The parameters.
        counts: Of the reports.
        candidates: Different strings; one that is not among them goes unnoticed.
    """
    design = _design(rappor, candidates)
    bits = (true_bits(rappor, counts) * rappor.cohorts).ravel()
    noise = rappor.cohorts * math.sqrt(rappor.bit_variance * max(float(counts.reports.mean()), 1.0))
    selected = _select(design, bits, noise)
    fitted, errors = _fit(design[:, selected], bits)
    found = {i: (x, e) for i, x, e in zip(selected, fitted, errors, strict=True)}
    return [_candidate(value, *found.get(i, (0.0, math.inf)), len(candidates)) for i, value in enumerate(candidates)]


def _design(rappor: Rappor, candidates: Sequence[str]) -> Floats:
    """(m·k) × M: which bits of which cohorts each candidate sets."""
    design = np.zeros((rappor.cohorts, rappor.bits, len(candidates)))
    for index, value in enumerate(candidates):
        for cohort in range(rappor.cohorts):
            design[cohort, rappor.bloom(value, cohort), index] = 1.0
    return design.reshape(-1, len(candidates))


def _select(design: Floats, bits: Floats, noise: float) -> list[int]:
    rows, candidates = design.shape
    largest = math.sqrt(float((design**2).sum(axis=0).max()))
    # The largest correlation of pure noise with any candidate: a string that nobody holds rarely gets beyond it.
    penalty = noise * largest * math.sqrt(2 * math.log(max(candidates, 2))) / rows
    model = Lasso(alpha=penalty, positive=True, fit_intercept=False, max_iter=10_000).fit(design, bits)
    return [int(index) for index in np.flatnonzero(model.coef_ > 0)]


def _fit(design: Floats, bits: Floats) -> tuple[Floats, Floats]:
    """Least squares, with standard errors from the residuals."""
    rows, columns = design.shape
    if columns == 0:
        return np.zeros(0), np.zeros(0)
    inverse = np.linalg.pinv(design.T @ design)
    fitted: Floats = inverse @ design.T @ bits
    left = bits - design @ fitted
    variance = float(left @ left) / max(rows - columns, 1)
    errors: Floats = np.sqrt(variance * np.diag(inverse))
    return fitted, errors


def _candidate(value: str, count: float, error: float, candidates: int) -> Candidate:
    significant = math.isfinite(error) and error > 0 and float(norm.sf(count / error)) <= SIGNIFICANCE / candidates
    return Candidate(value, float(count), float(error), significant)
