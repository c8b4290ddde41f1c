"""Intervals of quotients."""

from __future__ import annotations

import math


def ratio_interval(x: float, y: float, half_x: float, half_y: float) -> tuple[float, float]:
    """Fieller's interval of E[x] / E[y] for independent x and y; y counts something, so E[y] is not negative.

    All r with |x - r·y| ≤ √(half_x² + r²·half_y²): it holds the quotient whenever that combination of both errors lies
    within its own interval, however small y is.

    Args:
        x, y: As estimated.
        half_x, half_y: Half their intervals.

    Returns:
        Lower and upper end; infinite ones if y may be zero.

    Reference: E. C. Fieller, Some problems in interval estimation, 1954.
    """
    a, b, c = y * y - half_y * half_y, x * y, x * x - half_x * half_x
    if y <= 0 or a <= 0:
        return -math.inf, math.inf
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a
