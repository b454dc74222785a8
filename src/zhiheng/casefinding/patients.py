"""Whom a case or visit is about, as a person may see it, and where it was: for the cells of lists and their export."""

from typing import Any

from zhiheng.web.masking import mask_name, mask_number


def name_for(row: Any, user: Any) -> str:
    name = row.sealed.get("name") or ""
    return name if user.may("personal.see", row.department_id) else mask_name(name)


def record_number_for(row: Any, user: Any) -> str:
    number = row.sealed.get("record_number") or ""
    return number if user.may("personal.see", row.department_id) else mask_number(number)


def department_of(row: Any) -> str:
    return row.department.name if row.department else row.department_name
