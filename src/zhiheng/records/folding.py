"""Full-width digits and punctuation as ASCII, and nothing else.

Not NFKC: that would turn ㎎ into mg, Ⅱ into II and ① into 1, and clinical text says what it says.
"""

_FULL = "０１２３４５６７８９：／－．，＋＜＞＝Ｔ（）％　"
_HALF = "0123456789:/-.,+<>=T()% "
_TABLE = str.maketrans(_FULL, _HALF)


def fold(text: str) -> str:
    """Return `text` trimmed, its full-width digits and punctuation folded to ASCII."""
    return (text if text.isascii() else text.translate(_TABLE)).strip()
