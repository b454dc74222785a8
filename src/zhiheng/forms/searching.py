"""Search the options of an item: by code, by name, or by the initials of the name's pinyin."""

from collections.abc import Sequence

from zhiheng.forms.sheet import SheetOption


def search(options: Sequence[SheetOption], text: str, limit: int) -> list[SheetOption]:
    """Return the options that `text` may mean, the likeliest first, in the order of the form among equals."""
    wanted = fold(text)
    if not wanted:
        return list(options[:limit])
    ranked = [(rank, number) for number, option in enumerate(options) if (rank := _rank(option, wanted)) is not None]
    ranked.sort()
    return [options[number] for _, number in ranked[:limit]]


def fold(text: str) -> str:
    return "".join(text.split()).lower()


def _rank(option: SheetOption, wanted: str) -> int | None:
    """Return how well an option fits, 0 best; None when it does not."""
    if option.value.lower() == wanted or option.folded == wanted or option.code == wanted:
        return 0
    if option.code and (option.code.startswith(wanted) or option.code.replace(".", "").startswith(wanted)):
        return 1
    if option.folded.startswith(wanted):
        return 2
    if wanted.isascii() and option.name_initials.startswith(wanted):
        return 3
    if wanted in option.folded:
        return 4
    if wanted.isascii() and len(wanted) > 1 and wanted in option.initials:
        return 5
    return None
