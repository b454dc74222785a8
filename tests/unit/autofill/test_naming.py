"""Proofs show tables and columns in people's words: these must exist, and none may be forgotten."""

from zhiheng.autofill import naming
from zhiheng.engine.fill.rules import TAKES
from zhiheng.packs.loading import load_packs
from zhiheng.records.schema import TABLES


def test_every_named_column_exists():
    for table, columns in naming.COLUMNS.items():
        assert set(columns) <= set(TABLES[table].names)


def test_everything_that_fill_rules_look_at_has_a_name():
    assert set(TAKES) <= naming.TAKES.keys()
    rules = [rule for pack in load_packs() if pack.fills for rule in pack.fills.plan.rules]
    assert {rule.table for rule in rules} <= naming.TABLES.keys() & naming.COLUMNS.keys()
    known = {"terms"}  # the hospital's own codes, resolved: shown as the name they stand for
    read = {
        (rule.table, column)
        for rule in rules
        if rule.value
        for column in (set(rule.value.fields) & rule.columns) - known
    }
    assert {(table, column) for table, column in read if column not in naming.COLUMNS[table]} == set()
