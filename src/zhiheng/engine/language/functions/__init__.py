"""The functions and operators of the language, each declared once: the manual and the spec tests follow from them."""

from zhiheng.engine.language.declaration import FUNCTIONS, Function
from zhiheng.engine.language.functions import (  # importing them declares them
    arithmetic,
    choosing,
    comparison,
    logic,
    on_choices,
    on_codes,
    on_numbers,
    on_texts,
    on_times,
)

__all__ = [
    "FUNCTIONS",
    "Function",
    "arithmetic",
    "choosing",
    "comparison",
    "logic",
    "on_choices",
    "on_codes",
    "on_numbers",
    "on_texts",
    "on_times",
]
