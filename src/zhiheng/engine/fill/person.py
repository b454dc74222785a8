"""Rows of the whole person: of every visit, and those that belong to no visit, such as old illnesses and allergies."""

from zhiheng.engine.find.query import END
from zhiheng.records.schema import TABLES

from .query import IN_TIME, quote
from .rules import DATED

# Whose row it is: stated by the row, or by the visit that it belongs to.
OF_VISIT_ALONE = ("stay", "charge", "staff")
STATED = ("patient", "encounter")


def create_people(persons: str) -> str:
    """Return the statement that names the person of each case; `persons` says which patient numbers are one."""
    return (
        "CREATE OR REPLACE TEMP TABLE fill_people AS SELECT c.case_no, c.job, coalesce(p.person_id, c.patient_id) "
        f"AS person FROM fill_cases c LEFT JOIN {persons} p ON p.patient_id = c.patient_id"
    )


def create_numbers(persons: str) -> str:
    """Return the statement that lists all patient numbers of the people of the cases."""
    return (
        "CREATE OR REPLACE TEMP TABLE fill_numbers AS SELECT DISTINCT n.patient_id, n.person FROM ("
        f"SELECT patient_id, person_id AS person FROM {persons} UNION "
        "SELECT patient_id, patient_id FROM fill_cases "
        f"ANTI JOIN {persons} p USING (patient_id)) n SEMI JOIN fill_people w ON w.person = n.person"
    )


CREATE_ENDS = (
    "CREATE OR REPLACE TEMP TABLE fill_ends AS SELECT v.encounter_id, max(" + END + ") AS ended FROM encounter v "
    "SEMI JOIN fill_numbers n ON n.patient_id = v.patient_id GROUP BY v.encounter_id"
)
CREATE_YEARS = (
    "CREATE OR REPLACE TEMP TABLE fill_years AS SELECT c.case_no, year(e.ended) AS year FROM fill_cases c "
    "JOIN fill_ends e ON e.encounter_id = c.encounter_id"
)


def create_rows(table: str) -> str:
    """Return the statement that copies the rows of these people, each with its person and when it happened."""
    visit = "LEFT JOIN encounter e ON e.encounter_id = t.encounter_id"
    whose = "t.patient_id" if table in STATED else "coalesce(t.patient_id, e.patient_id)"
    if table in OF_VISIT_ALONE:
        whose = "e.patient_id"
    joins = "" if table in STATED else visit
    in_time = "NULL::TIMESTAMP"
    if "encounter_id" in TABLES[table].names:
        joins += " LEFT JOIN fill_ends w ON w.encounter_id = t.encounter_id"
        in_time = f"coalesce(t.{quote(DATED[table])}, w.ended)" if table in DATED else "w.ended"
    return (
        f"CREATE OR REPLACE TEMP TABLE {rows_of(table)} AS SELECT DISTINCT t.*, n.person, {in_time} AS "
        f"{quote(IN_TIME)} FROM {quote(table)} t {joins} JOIN fill_numbers n ON n.patient_id = {whose}"
    )


def rows_of(table: str) -> str:
    """Return the name of the rows of the people of the cases."""
    return f"fill_person_{table}"
