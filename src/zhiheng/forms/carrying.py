"""What becomes of answers when their case takes another form: kept, to be given anew, or set aside. No database."""

from collections.abc import Iterator
from dataclasses import dataclass

from zhiheng.forms.models import AnswerState
from zhiheng.forms.sheet import Sheet, SheetItem
from zhiheng.forms.state import Document, Entry

KEPT, ANEW, LEFT, BACK = "kept", "anew", "left", "back"


@dataclass(frozen=True)
class Carried:
    """One entry on its way: `label` and `text` are the question and the answer as they stood before.

    `text` is empty where nobody has answered: what records propose, they propose to the new form again.
    """

    code: str
    fate: str  # KEPT, ANEW, LEFT (the form has no such item), BACK (it has it again)
    label: str
    text: str
    after: Entry


def carry(was: Sheet, now: Sheet, document: Document) -> Iterator[Carried]:
    """Say of every entry what becomes of it. An answer goes along only where the same question asks for it.

    What the new form does not ask stays in the document as it was, set aside under "left" with its question and
    version: nobody loses it, it counts for nothing, and it comes back with a form that asks for it again.
    """
    for code, entry in document.items():
        before, after = was.by_code.get(code), now.by_code.get(code)
        if before is not None:
            yield _leave(code, entry, before, was) if after is None else _go_along(code, entry, before, after)
        elif after is not None and "left" in entry:
            yield _come_back(code, entry, after)


def moved(was: Sheet, now: Sheet, document: Document) -> Document:
    """Return the document after all that `carry` says."""
    return {**document, **{each.code: each.after for each in carry(was, now, document)}}


def left_behind(document: Document) -> list[tuple[str, dict[str, str]]]:
    """Return the answers to items that the form does not have, with what was asked and answered."""
    return [(code, entry["left"]) for code, entry in document.items() if "left" in entry]


def _leave(code: str, entry: Entry, item: SheetItem, was: Sheet) -> Carried:
    text = _answer(entry, item)
    if not text:
        return Carried(code, LEFT, item.label, "", dict(_NOTHING))
    left = {"label": item.label, "type": item.type, "text": text, "version": was.pack.version}
    # Nobody has to decide a difference about an item that the form does not have.
    kept = {name: said for name, said in entry.items() if name != "difference"}
    return Carried(code, LEFT, item.label, text, {**kept, "left": left})


def _go_along(code: str, entry: Entry, before: SheetItem, after: SheetItem) -> Carried:
    asks_alike = (before.type, before.label) == (after.type, after.label)
    fits = asks_alike and all(before.labels.get(each) == after.labels.get(each) for each in _values(entry))
    return Carried(
        code, KEPT if fits else ANEW, before.label, _answer(entry, before), entry if fits else dict(_NOTHING)
    )


def _come_back(code: str, entry: Entry, item: SheetItem) -> Carried:
    left, alone = entry["left"], {name: said for name, said in entry.items() if name != "left"}
    asks_alike = (left["type"], left["label"]) == (item.type, item.label)
    fits = asks_alike and left["text"] == _answer(alone, item)
    return Carried(code, BACK if fits else ANEW, left["label"], left["text"], alone if fits else dict(_NOTHING))


def _answer(entry: Entry, item: SheetItem) -> str:
    """Return what somebody has answered, in words; nothing for what is only proposed."""
    state = entry.get("state", AnswerState.UNANSWERED)
    if state in (AnswerState.UNANSWERED, AnswerState.PROPOSED):
        return ""
    return item.text(entry.get("value")) or entry.get("reason") or str(AnswerState(state).label)


def _values(entry: Entry) -> list[str]:
    value = entry.get("value")
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


_NOTHING: Entry = {"value": None, "state": AnswerState.UNANSWERED}
