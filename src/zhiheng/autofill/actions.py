"""Fill cases from records: keep what the records prove, each time it is something else than before."""

from collections.abc import Collection, Iterable

from django.db import connection, transaction

from zhiheng.autofill import filling, knowing, queries
from zhiheng.autofill.models import Filling
from zhiheng.casefinding.models import Case
from zhiheng.jobs.announcing import announce
from zhiheng.vault.sealing import blind

_LOCK = 7_402_002  # of filling, among PostgreSQL's advisory locks
TOGETHER = 400  # cases in one pass of the engine


def fill_case(case_id: int) -> Filling | None:
    """Look up what the records prove for a case; None where that is what its newest filling says already."""
    return next(iter(fill_cases([case_id])), None)


def fill_cases(case_ids: Iterable[int]) -> list[Filling]:
    """Look up what the records prove for many cases at once; return the new fillings.

    Cases that are out are left alone. Answers that people have given are used by rules that ask for them.
    """
    wanted = sorted(set(case_ids))
    return [filled for start in range(0, len(wanted), TOGETHER) for filled in _fill(wanted[start : start + TOGETHER])]


@transaction.atomic
def _fill(case_ids: Collection[int]) -> list[Filling]:
    _one_at_a_time()
    rows = Case.objects.filter(pk__in=case_ids).exclude(decision=Case.Decision.OUT)
    cases = list(rows.select_related("pack_version").order_by("pk"))
    if not cases:
        return []
    found = filling.fill(cases, knowing.answers_of([case.pk for case in cases]))
    newest = queries.newest_of([case.pk for case in cases])
    return [
        filled
        for case in cases
        if case.pk in found and (filled := _keep(case, found[case.pk], newest.get(case.pk))) is not None
    ]


def _keep(case: Case, found: filling.Found, newest: Filling | None) -> Filling | None:
    digest = blind("filling", f"{case.pack_version_id}\0{filling.written(found)}")
    if newest is not None and newest.digest == digest:
        return None
    number = newest.number + 1 if newest else 1
    kept = Filling.objects.create(case=case, number=number, pack_version=case.pack_version, digest=digest, sealed=found)
    announce("autofill.filled", kept)
    return kept


def _one_at_a_time() -> None:
    """Wait until no other transaction fills: one that had read older records could otherwise be the last to write."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
