"""How sure a share of few cases is: confidence intervals, and the flag for small numbers."""

from collections.abc import Sequence
from typing import NamedTuple

SMALL = 30  # cases: below it a share is shown with the warning that it may be chance (a common convention)
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """The bounds of a share, between 0 and 1."""

    lower: float
    upper: float


def wilson(met: Sequence[int], of: Sequence[int], confidence: float = CONFIDENCE) -> list[Interval | None]:
    """Return Wilson's score interval of each share `met`/`of`, without continuity correction; None for a share of none.

    Source: Wilson, J Am Stat Assoc 1927; 22: 209-212. It keeps its promise where shares are near 0 or 1 and cases few.
    """
    from scipy.special import ndtri  # importing it takes longer than most commands

    z = float(ndtri(0.5 + confidence / 2))
    return [_wilson(k, n, z) if n else None for k, n in zip(met, of, strict=True)]


def _wilson(met: int, of: int, z: float) -> Interval:
    share, spread = met / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * (share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5
    return Interval(0.0 if met == 0 else middle - half, 1.0 if met == of else middle + half)


def exact(met: Sequence[int], of: Sequence[int], confidence: float = CONFIDENCE) -> list[Interval | None]:
    """Return the exact interval of Clopper and Pearson of each share; None for a share of none.

    Source: Clopper and Pearson, Biometrika 1934; 26: 404-413. It never promises too much, and so is wider.
    """
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    return [
        Interval(
            0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail)),
            1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail)),
        )
        if n
        else None
        for k, n in zip(met, of, strict=True)
    ]


def is_small(of: int) -> bool:
    """Return whether a share of so many cases may well be chance."""
    return of < SMALL
