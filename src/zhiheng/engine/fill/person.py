"""Rows of the whole person: of every visit, and those that belong to no visit, such as old illnesses and allergies."""

from .query import quote

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


def create_rows(table: str) -> str:
    """Return the statement that copies the rows of these people, each with its person."""
    visit = "LEFT JOIN encounter e ON e.encounter_id = t.encounter_id"
    whose = "t.patient_id" if table in STATED else "coalesce(t.patient_id, e.patient_id)"
    if table in OF_VISIT_ALONE:
        whose = "e.patient_id"
    joins = "" if table in STATED else visit
    return (
        f"CREATE OR REPLACE TEMP TABLE {rows_of(table)} AS SELECT DISTINCT t.*, n.person FROM {quote(table)} t {joins} "
        f"JOIN fill_numbers n ON n.patient_id = {whose}"
    )


def rows_of(table: str) -> str:
    """Return the name of the rows of the people of the cases."""
    return f"fill_person_{table}"
