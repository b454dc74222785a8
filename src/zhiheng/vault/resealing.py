"""Seal again with the newest key what stands in the database, in chunks, and in files, while the product runs."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import Error, connection, transaction
from django.db.models import Model

from zhiheng.vault.fields import SealedField
from zhiheng.vault.files import every_file, key_of, reseal
from zhiheng.vault.keys import forget, keyring
from zhiheng.vault.sealing import HEAD, seal_bytes, unseal_bytes

CHUNK = 500


@dataclass
class Done:
    """What came of one field: sealed again, and kept as it is where only the owner of the table may seal again."""

    field: str
    resealed: int = 0
    kept: int = 0


def fields() -> Iterator[SealedField]:
    """Yield every sealed field of every table."""
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            yield from (field for field in model._meta.local_fields if isinstance(field, SealedField))


def reseal_all() -> Iterator[Done]:
    """Seal again, field by field, and tell after each. Stopped halfway, it goes on from there the next time."""
    forget()
    for field in fields():
        yield reseal_field(field)


def reseal_files() -> int:
    """Seal every file with the newest key; return how many were not. It goes on where it was stopped."""
    return sum(reseal(path, about=about) for path, about in every_file())


def reseal_field(field: SealedField) -> Done:
    """Values that are written meanwhile are left alone: they carry the newest key, or are found the next time."""
    done, last = Done(field.about), None
    while rows := _older(field, last):
        last = rows[-1][0]
        try:
            with transaction.atomic():
                done.resealed += sum(_replace(field, pk, bytes(sealed)) for pk, sealed in rows)
        except Error as problem:
            if not _is_final(problem):
                raise
            done.kept = _count_older(field)
            return done
    return done


def keys_in_use() -> dict[int, Counter[str]]:
    """Return how many values each key still opens, by field; the files of a kind count as one field."""
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for field in fields():
        for number, count in _by_key(field):
            found[number][field.about] += count
    for path, about in every_file():
        found[key_of(path)][about] += 1
    return dict(sorted(found.items()))


def _by_key(field: SealedField) -> list[tuple[int, int]]:
    table, column, _key = _names(field.model, field)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select get_byte({column}, 0) * 256 + get_byte({column}, 1), count(*) from {table}"
            f" where {column} is not null group by 1"
        )
        return list(cursor.fetchall())


def _is_final(problem: Error) -> bool:
    """Did a trigger refuse the change? Rows that never change are sealed again by the owner of their table alone."""
    return getattr(problem.__cause__, "sqlstate", None) in ("P0001", "42501", "23001", "55000")


def _older(field: SealedField, last: object) -> list[tuple[object, bytes]]:
    table, column, key = _names(field.model, field)
    after = f"and {key} > %s" if last is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {key}, {column} from {table} where {column} is not null"
            f" and substring({column} from 1 for {HEAD}) <> %s {after} order by {key} limit {CHUNK}",
            [_newest(), *([last] if last is not None else [])],
        )
        return cursor.fetchall()


def _count_older(field: SealedField) -> int:
    table, column, _key = _names(field.model, field)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select count(*) from {table} where substring({column} from 1 for {HEAD}) <> %s",
            [_newest()],
        )
        return int(cursor.fetchone()[0])


def _replace(field: SealedField, pk: object, old: bytes) -> int:
    table, column, key = _names(field.model, field)
    new = seal_bytes(unseal_bytes(old, about=field.about), about=field.about)
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {table} set {column} = %s where {key} = %s and {column} = %s",
            [new, pk, old],
        )
        return cursor.rowcount


def _names(model: type[Model], field: SealedField) -> tuple[str, str, str]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), quote(field.column), quote(model._meta.pk.column)


def _newest() -> bytes:
    return keyring().newest.to_bytes(HEAD)
