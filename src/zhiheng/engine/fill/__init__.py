"""Fill the items of a form from records: which value, which row proves it, and what could not be filled and why."""

from .rules import FillError, Plan, Rule, table_scope
from .run import Filled, Job, fill, fill_all, proposals_by_case
from .terms import Term, Terms
from .units import Unit, Units

__all__ = [
    "FillError",
    "Filled",
    "Job",
    "Plan",
    "Rule",
    "Term",
    "Terms",
    "Unit",
    "Units",
    "fill",
    "fill_all",
    "proposals_by_case",
    "table_scope",
]
