"""Chinese names as pinyin: to sort by, and to search by initials."""

from pypinyin import Style, lazy_pinyin


def pinyin_of(name: str) -> str:
    """Return "zhang san feng" for 张三丰: a list sorted by it stands as people expect."""
    return " ".join(lazy_pinyin(name.strip())).lower()


def initials_of(name: str) -> str:
    """Return "zsf" for 张三丰."""
    return "".join(lazy_pinyin(name.strip(), style=Style.FIRST_LETTER)).lower()
