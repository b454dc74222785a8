"""Which patient gets which story: every story once, early, and after that by their weights."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from zhiheng.sources.demo.catalogue import Catalogue
from zhiheng.sources.demo.dice import Dice, Weighted
from zhiheng.sources.demo.stories import named, simple

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital

Story = Callable[["Hospital", Dice, int], None]

ORDINARY, VISITS = 0.74, 0.14  # shares of patients; the rest are the diseases that must be reported
ROOM = 5  # the most visits that one story tells


class Plan:
    """Hands out the stories."""

    def __init__(self, encounters: int, book: Catalogue) -> None:
        deck = named.deck()
        diseases = simple.templates(book, "diseases")
        visits = simple.templates(book, "visits")
        deck += [simple.story(template) for template in diseases]
        deck += [simple.visit(template) for template in visits if template.procedures]
        self.deck = deck
        self.every = max(1, encounters * 6 // 10 // len(deck))
        self.ordinary = Weighted([(simple.story(one), one.weight) for one in simple.templates(book, "ordinary")])
        self.visits = Weighted([(simple.visit(one), one.weight) for one in visits])
        self.diseases = Weighted(
            [*named.weighted(), *((simple.story(template), template.weight) for template in diseases)]
        )

    def story(self, dice: Dice, number: int, room: int) -> Story:
        """Return the story of the patient with this number, `room` being how many visits are still wanted."""
        if room < ROOM:
            return self.ordinary.draw(dice)
        place, rest = divmod(number, self.every)
        if rest == 0 and place <= len(self.deck):
            return self.deck[place - 1]
        lot = dice.random()
        if lot < ORDINARY:
            return self.ordinary.draw(dice)
        return (self.visits if lot < ORDINARY + VISITS else self.diseases).draw(dice)
