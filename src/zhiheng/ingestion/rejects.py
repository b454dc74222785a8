"""Keep the rejects of a batch, what people decided about them, and the corrections that the next reading takes."""

from collections.abc import Iterable, Iterator

from zhiheng.ingestion.models import Batch
from zhiheng.ingestion.models import Reject as Stored
from zhiheng.sources.base import Reject
from zhiheng.sources.corrections import Correction, Corrections, can_correct
from zhiheng.vault.sealing import blind

TOGETHER = 5000
_SAID = ("file", "row", "found", "reason", "remedy")


def keep(batch: Batch, found: Iterable[Reject]) -> None:
    """Store what a reading set aside. What it did not meet again is resolved; what people decided stays.

    A correction typed while the files were read was not laid over them: it waits for the next reading as it is.
    """
    known = dict(batch.rejects.values_list("identity", "state"))
    taken = batch.rejects.filter(decided_at__lt=batch.started_at) if batch.started_at else batch.rejects.all()
    tried = set(taken.filter(state=Stored.State.CORRECTED).values_list("identity", flat=True))
    met = {identity(reject): reject for reject in found}
    fresh = [
        _stored(batch, number, name, reject)
        for number, (name, reject) in enumerate(met.items(), len(known) + 1)
        if name not in known
    ]
    Stored.objects.bulk_create(fresh, batch_size=TOGETHER)
    State = Stored.State
    _set_state(
        batch, (name for name, state in known.items() if state == State.OPEN and name not in met), State.RESOLVED
    )
    _set_state(batch, (name for name, state in known.items() if state == State.RESOLVED and name in met), State.OPEN)
    # A corrected value that is met again as it was: the correction found no place, and somebody has to look.
    _set_state(batch, (name for name in tried if name in met), State.OPEN)
    taken.filter(is_pending=True).update(is_pending=False)


def identity(reject: Reject) -> str:
    """Return what makes a reject the same one in the next reading, as a blind index."""
    return blind("reject", "\0".join((reject.file, reject.row, reject.field, reject.kind, reject.found)))


def corrections(batch: Batch) -> Corrections:
    """Return the values that people typed for the rejects of a batch."""
    return Corrections(_corrections(batch))


def is_correctable(reject: Stored) -> bool:
    """Say whether a value can be typed for a reject."""
    return can_correct(_as_read(reject))


def _corrections(batch: Batch) -> Iterator[Correction]:
    for reject in batch.rejects.filter(state=Stored.State.CORRECTED):
        said = reject.sealed
        yield Correction(
            said["file"], said["row"], reject.field, said["found"], said["correction"], said.get("everywhere", False)
        )


def _stored(batch: Batch, number: int, name: str, reject: Reject) -> Stored:
    return Stored(
        batch=batch,
        identity=name,
        number=number,
        field=reject.field[:200],
        kind=reject.kind,
        effect=str(reject.effect),
        sealed={said: getattr(reject, said) for said in _SAID},
    )


def _as_read(reject: Stored) -> Reject:
    said = {name: reject.sealed[name] for name in _SAID}
    return Reject(field=reject.field, kind=reject.kind, **said)


def _set_state(batch: Batch, identities: Iterable[str], state: Stored.State) -> None:
    batch.rejects.filter(identity__in=list(identities)).update(state=state)
