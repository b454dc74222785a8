"""Chance that is the same on every machine: it draws upon `random()` alone, whose sequence Python guarantees."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Dice:
    """Draws for one patient. The same seed and number give the same draws, whatever was drawn for others."""

    __slots__ = ("random",)

    def __init__(self, seed: int, number: int = 0) -> None:
        self.random = Random((seed << 40) + number).random

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both possible."""
        return low + int(self.random() * (high - low + 1))

    def late(self, low: int, high: int, power: float) -> int:
        """Return a whole number from `low` to `high`: all as likely for a `power` of 1, the late ones more for more."""
        return low + int(self.random() ** (1 / power) * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of `choices`, each as likely."""
        return choices[int(self.random() * len(choices))]

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.random() < probability

    def around(self, middle: float, spread: float) -> float:
        """Return a number near `middle`, at most `spread` away, the nearer the likelier."""
        return middle + (self.random() + self.random() - 1) * spread

    def some(self, choices: Sequence[T], most: int) -> list[T]:
        """Return up to `most` different ones of `choices`, in their order."""
        wanted = self.whole(0, min(most, len(choices)))
        left = list(range(len(choices)))
        while len(left) > wanted:
            del left[int(self.random() * len(left))]
        return [choices[place] for place in left]


class Weighted(Generic[T]):
    """A choice among things with weights, looked up by a running sum."""

    def __init__(self, weights: Sequence[tuple[T, float]]) -> None:
        self.things = [thing for thing, _ in weights]
        self.sums = list(accumulate(weight for _, weight in weights))

    def draw(self, dice: Dice) -> T:
        """Return one of the things."""
        return self.things[bisect_right(self.sums, dice.random() * self.sums[-1])]
