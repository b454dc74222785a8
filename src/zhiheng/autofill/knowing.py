"""What people have answered already: fill rules that use answers see these before what records say.

The forms come after autofill in the flow, so they say here how to ask them.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

Known = Mapping[int, Mapping[str, Any]]  # by case, the answers by national code
_asked: list[Callable[[Collection[int]], Known]] = []


def ask(answers_of: Callable[[Collection[int]], Known]) -> None:
    """Ask `answers_of` for the answers of people, from now on."""
    _asked[:] = [answers_of]


def answers_of(cases: Collection[int]) -> Known:
    return _asked[0](cases) if _asked else {}
