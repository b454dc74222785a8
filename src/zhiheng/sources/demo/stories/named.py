"""The stories that are told in detail, and which of them every hospital has at least once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.stories import arthroplasty, stemi

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital

Story = Callable[["Hospital", Dice, int], None]


def deck() -> list[Story]:
    """Return every planted story, one of each."""
    return [
        *(stemi.story(plan) for plan in stemi.PLANS),
        stemi.readmitted(12),
        stemi.readmitted(40),
        stemi.merged,
        *(arthroplasty.story(arthroplasty.HIP, plan) for plan in arthroplasty.PLANS),
        arthroplasty.readmitted(arthroplasty.HIP, 21),
        arthroplasty.readmitted(arthroplasty.HIP, 60),
    ]


def weighted() -> list[tuple[Any, float]]:
    """Return the stories that fill the years, with their weights."""
    return [
        *((stemi.story(plan), 2.0) for plan in stemi.USUAL),
        (arthroplasty.story(arthroplasty.HIP, arthroplasty.USUAL), 5.0),
    ]
