"""The functions and operators of the language, each declared once. The manual and the spec tests are made from these."""

from zhiheng.engine.language.declaration import FUNCTIONS, Function
from zhiheng.engine.language.functions import (  # importing them declares them
    on_choices,
    on_codes,
    on_numbers,
    on_texts,
    on_times,
    operators,
)

__all__ = ["FUNCTIONS", "Function", "on_choices", "on_codes", "on_numbers", "on_texts", "on_times", "operators"]
