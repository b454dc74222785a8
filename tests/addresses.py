"""Every address of the product, and an example of what each is about.

A new address appears by itself. One that names a thing (`<int:pk>`, `<str:code>`) needs an example in `EXAMPLES`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver
from tests.cast import Cast, make_account


@dataclass(frozen=True)
class Address:
    name: str  # "forms:answer"
    pattern: str  # "cases/<str:code>/form/answer/"
    view: Any

    @property
    def is_public(self) -> bool:
        return not getattr(self.view, "login_required", True)

    @property
    def permission(self) -> str | None:
        return getattr(self.view, "permission", None)

    @property
    def takes(self) -> list[str]:
        return [part.split(">")[0].split(":")[-1] for part in self.pattern.split("<")[1:]]


def addresses() -> list[Address]:
    return list(_walk(get_resolver(), "", ""))


def _walk(resolver: Any, before: str, namespace: str) -> Iterator[Address]:
    for each in resolver.url_patterns:
        pattern = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield Address(f"{namespace}{each.name or ''}", pattern, each.callback)
        else:
            yield from _walk(each, pattern, f"{namespace}{each.namespace}:" if each.namespace else namespace)


class World:
    """The cast with one example of everything that has an address. What belongs to a department is of cardiology."""

    def __init__(self, cast: Cast) -> None:
        from tests.casework import admission, open_case, receive

        self.cast = cast
        self.batch = receive(1, **admission())
        found = {"decision": "in", "ids": []}
        self.case = open_case(cast, finding=found, basis=found)
        self.item = item_with_options(self.case)
        self.reject = make_reject(self.batch)
        self.visit = make_visit(self.case)
        self.colleague = make_account("colleague", "filler", cast.neurology)
        self.job = make_job()
        self.upload = make_upload(cast)
        self.change, self.difference = make_change(self), make_difference(self)

    def values_for(self, address: Address, user: Any) -> dict[str, Any]:
        """Return what stands in the brackets of `address`; KeyError where nobody has said."""
        if not address.takes:
            return {}
        example = EXAMPLES.get(address.name) or EXAMPLES[f"{address.name.split(':')[0]}:*"]
        return {name: value for name, value in example(self, user).items() if name in address.takes}

    def posted_to(self, address: Address) -> dict[str, Any]:
        """Return what a form of `address` names beside the address itself; nothing where that is enough."""
        return POSTED[address.name](self) if address.name in POSTED else {}


def item_with_options(case: Any) -> str:
    from zhiheng.forms import queries

    return next(code for code, state in queries.form_state(case).items.items() if state.item.options)


def make_change(world: "World") -> Any:
    from zhiheng.forms import actions, queries

    option = queries.form_state(world.case).items[world.item].item.options[0]
    actions.answer(case=world.case, item=world.item, typed=option.value, by=world.cast.filler)
    return world.case.changes.latest("pk")


def make_difference(world: "World") -> Any:
    from zhiheng.autofill.models import Filling

    sealed = {"proposals": {}, "refused": []}
    filling = Filling.objects.create(
        case=world.case, number=1, pack_version=world.case.pack_version, digest="0" * 64, sealed=sealed
    )
    proposed = {"value": None, "filling": None, "proposed": None, "reason": ""}
    return world.case.differences.create(item=world.item, filling=filling, sealed=proposed)


def make_reject(batch: Any) -> Any:
    from zhiheng.ingestion.models import Reject

    sealed = {"file": "a.csv", "row": "2", "found": "x", "reason": "", "remedy": "", "correction": None, "note": ""}
    return Reject.objects.create(
        batch=batch, identity="0" * 32, number=1, field="sex", kind="option", effect="value", sealed=sealed
    )


def make_visit(case: Any) -> Any:
    from zhiheng.casefinding.models import Visit

    visit, _made = Visit.objects.get_or_create(
        encounter_key=case.encounter_key,
        defaults={
            "person_key": case.person_key,
            "patient_key": case.person_key,
            "encounter_class": case.encounter_class,
            "department": case.department,
            "admit_time": case.admit_time,
            "discharge_time": case.discharge_time,
            "has_ended": True,
            "ended_on": case.discharge_time.date(),
            "sealed": case.sealed,
        },
    )
    case.visits.add(visit)
    return visit


def make_upload(cast: Cast) -> Any:
    from zhiheng.packversions.models import Upload

    return Upload.objects.create(name="stemi.zip", by=cast.quality_officer, state=Upload.State.REFUSED)


def make_job() -> Any:
    from procrastinate.contrib.django.models import ProcrastinateJob

    from zhiheng.accounts.jobs import sweep

    return ProcrastinateJob.objects.get(pk=sweep.configure(queueing_lock=None).defer(timestamp=0))


def own_session(world: World, user: Any) -> dict[str, Any]:
    """Another session of the same person: those of others do not exist for them."""
    from django.test import Client

    from zhiheng.accounts.models import SignIn

    Client().force_login(user)
    return {"pk": SignIn.objects.filter(user=user).order_by("pk").last().pk}


def account(world: World, _user: Any) -> dict[str, Any]:
    return {"pk": world.colleague.pk}


def person(world: World, _user: Any) -> dict[str, Any]:
    return {"pk": world.colleague.staff.pk}


def case(world: World, _user: Any) -> dict[str, Any]:
    return {"code": world.case.code, "item": world.item}


Example = Callable[[World, Any], dict[str, Any]]
EXAMPLES: dict[str, Example] = {
    "accounts:*": account,
    "accounts:end_session": own_session,
    "accounts:person": person,
    "accounts:change_person": person,
    "accounts:make_account": person,
    "accounts:revoke": lambda world, _user: {"pk": world.colleague.grants.get().pk},
    **{
        f"accounts:{name}": lambda world, _user: {"pk": world.cast.cardiology.pk}
        for name in ("department", "change_department", "rename_department", "close_department")
    },
    "desk:*": case,
    "forms:*": case,
    "casefinding:*": case,
    **{f"casefinding:{name}": lambda world, _user: {"pk": world.visit.pk} for name in ("visit", "add")},
    "jobs:*": lambda world, _user: {"pk": world.job.pk},
    "packversions:*": lambda world, _user: {"pk": world.case.pack_version.pk},
    **{f"forms:{name}": lambda world, _user: {"pk": world.case.pack_version.pk} for name in ("open_cases", "move_all")},
    "packversions:uploaded": lambda world, _user: {"pk": world.upload.pk},
    "ingestion:*": lambda world, _user: {"pk": world.batch.pk},
    **{
        f"ingestion:{name}": lambda world, _user: {"pk": world.reject.pk}
        for name in ("reject", "correct", "dismiss", "reopen")
    },
    **{f"ingestion:{name}": lambda world, _user: {"pk": world.batch.interface.pk} for name in ("interface", "look")},
}
POSTED: dict[str, Callable[[World], dict[str, Any]]] = {
    "casefinding:several": lambda world: {"do": "assign", "row": world.case.pk, "go": "1"},
    "forms:undo": lambda world: {"change": world.change.pk},
    "forms:difference": lambda world: {"difference": world.difference.pk, "do": "keep", "reason": "样例"},
}
# Addresses that are about something of a department: for the people of other departments it does not exist.
ABOUT_A_DEPARTMENT = ("desk:", "forms:", "casefinding:", "autofill:")
