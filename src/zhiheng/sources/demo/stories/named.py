"""The stories that are told in detail, and which of them every hospital has at least once."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.stories import arthroplasty, medical, stemi, surgical

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
        *(arthroplasty.story(arthroplasty.KNEE, plan) for plan in arthroplasty.PLANS if plan.disease is None),
        arthroplasty.readmitted(arthroplasty.KNEE, 25),
        *(medical.story(medical.heart_failure, plan) for plan in medical.HEART_FAILURE),
        medical.readmitted(medical.heart_failure, "HF", 20),
        medical.readmitted(medical.heart_failure, "HF", 45),
        *(medical.story(medical.stroke, plan) for plan in medical.STROKE),
        *(medical.story(medical.pneumonia, plan) for plan in medical.PNEUMONIA),
        medical.readmitted(medical.pneumonia, "CAP", 15),
        *(medical.story(medical.copd, plan) for plan in medical.COPD),
        medical.readmitted(medical.copd, "AECOPD", 28),
        *(surgical.story(surgical.caesarean, plan) for plan in surgical.CAESAREAN),
        *(surgical.story(surgical.bypass, plan) for plan in surgical.BYPASS),
        *(surgical.story(surgical.prophylaxis, plan) for plan in surgical.PROPHYLAXIS),
    ]


def weighted() -> list[tuple[Story, float]]:
    """Return the stories that fill the years, with their weights."""
    return [
        *((stemi.story(plan), 2.0) for plan in stemi.USUAL),
        (arthroplasty.story(arthroplasty.HIP, arthroplasty.USUAL), 5.0),
        (arthroplasty.story(arthroplasty.KNEE, arthroplasty.USUAL), 4.0),
        (medical.story(medical.heart_failure, medical.Plan("usual")), 6.0),
        (medical.story(medical.stroke, medical.Plan("usual", when=52)), 3.0),
        (medical.story(medical.stroke, medical.Plan("usual_late", variant="late")), 8.0),
        (medical.story(medical.pneumonia, medical.Plan("usual")), 7.0),
        (medical.story(medical.copd, medical.Plan("usual")), 6.0),
        (surgical.story(surgical.caesarean, surgical.Plan("usual")), 9.0),
        (surgical.story(surgical.bypass, surgical.Plan("usual", variant="mammary", stop=22)), 3.0),
        (surgical.story(surgical.prophylaxis, surgical.Plan("usual")), 12.0),
    ]
