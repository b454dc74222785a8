"""Organisation, campus, departments valid by date, staff, accounts and the roles they hold."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhiheng.accounts import browsers, policies
from zhiheng.accounts.naming import initials_of, pinyin_of
from zhiheng.accounts.roles import ADMINISTRATORS, EVERY_ACCOUNT, ORDINARY, PERMISSIONS, WHOLE_HOSPITAL, Role
from zhiheng.accounts.scope import ALL, departments_below
from zhiheng.vault.fields import SealedField

__all__ = [
    "ALL",
    "Campus",
    "Department",
    "Failures",
    "Grant",
    "Organisation",
    "PastPassword",
    "Policy",
    "RecoveryCode",
    "Role",
    "SetupToken",
    "SignIn",
    "Staff",
    "User",
]


SOMEWHERE = object()  # in whatever department


class Organisation(models.Model):
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name


class Campus(models.Model):
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="campuses")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint("organisation", "code", name="campus_once")]

    def __str__(self) -> str:
        return self.name


class DatedQuerySet(models.QuerySet[Any]):
    """Rows that hold from one date until another, both included; no date is no end."""

    def on(self, day: date) -> "DatedQuerySet":
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=day), Q(valid_until__isnull=True) | Q(valid_until__gte=day)
        )


def in_order(name: str) -> models.CheckConstraint:
    either_open = Q(valid_from__isnull=True) | Q(valid_until__isnull=True)
    return models.CheckConstraint(condition=either_open | Q(valid_from__lte=F("valid_until")), name=name)


class Department(models.Model):
    """A department as it was between two dates; a renamed or split one is a new row.

    Rows with the same code never overlap in time (an exclusion constraint in the migrations).
    """

    campus = models.ForeignKey(Campus, models.PROTECT, null=True, blank=True, related_name="departments")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="departments")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            in_order("department_dates_in_order"),
            models.CheckConstraint(condition=~Q(code=""), name="department_has_a_code"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="department_not_below_itself"),
        ]

    def __str__(self) -> str:
        return self.name

    def is_valid_on(self, day: date) -> bool:
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)


class Staff(models.Model):
    """A person who works in the hospital."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    pinyin = models.CharField(max_length=200, editable=False, db_index=True)
    initials = models.CharField(max_length=80, editable=False, db_index=True)
    title = models.CharField(max_length=60, blank=True)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="staff")
    left_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def save(self, **kwargs: Any) -> None:
        self.pinyin, self.initials = pinyin_of(self.name)[:200], initials_of(self.name)[:80]
        super().save(**kwargs)


class Users(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=self.model.normalize_username(username or "").lower())


class User(AbstractBaseUser):
    """An account. Each person has at most one."""

    username = models.CharField(max_length=60, unique=True)
    staff = models.OneToOneField(Staff, models.PROTECT, related_name="account")
    # Which roles it may hold at all. (id, kind) is what grants refer to: see the migrations.
    kind = models.CharField(max_length=30, default=ORDINARY, editable=False)
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(null=True, editable=False)
    password_changed_at = models.DateTimeField(null=True, editable=False)
    must_change = models.BooleanField(default=False)  # the password was chosen by somebody else
    totp_secret = SealedField(null=True, of_patients=False)
    totp_confirmed_at = models.DateTimeField(null=True, editable=False)
    totp_step = models.BigIntegerField(default=0, editable=False)  # the last one used: a code works once

    USERNAME_FIELD = "username"
    objects = Users()

    class Meta:
        constraints = [
            models.UniqueConstraint("id", "kind", name="user_kind"),
            models.CheckConstraint(condition=Q(username=Lower("username")), name="username_in_lower_case"),
            models.CheckConstraint(condition=Q(kind__in=[ORDINARY, *ADMINISTRATORS]), name="user_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def code(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        return self.staff.name

    @property
    def role_names(self) -> str:
        return "、".join(str(Role(role).label) for role in self.roles)

    @property
    def has_totp(self) -> bool:
        return self.totp_confirmed_at is not None

    @cached_property
    def _grants(self) -> list["Grant"]:
        # Once per request: every request has its own instance.
        return list(self.grants.on(timezone.localdate())) if self.pk and self.is_active else []

    @cached_property
    def _reach(self) -> dict[frozenset[int], frozenset[int]]:
        return {}

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles held today, in the order of `Role`."""
        held = {grant.role for grant in self._grants}
        return tuple(role for role in Role.values if role in held)

    def may(self, permission: str, department: Any = SOMEWHERE) -> bool:
        """May this account do `permission` ("forms.fill") somewhere, or in this department?

        What belongs to no department (None) is only for those who hold the permission everywhere.
        """
        if permission in EVERY_ACCOUNT:
            return self.is_active
        if not any(self._grants_with(permission)):
            return False
        return department is SOMEWHERE or getattr(department, "pk", department) in self.departments_for(permission)

    def departments_for(self, permission: str) -> frozenset[int]:
        """Return the ids of the departments where `permission` is held, or ALL for the whole organisation."""
        granted = {grant.department_id for grant in self._grants_with(permission)}
        return ALL if None in granted else self._below(frozenset(i for i in granted if i is not None))

    def _below(self, granted: frozenset[int]) -> frozenset[int]:
        if granted not in self._reach:
            self._reach[granted] = departments_below(granted)
        return self._reach[granted]

    def _grants_with(self, permission: str) -> Iterator["Grant"]:
        for grant in self._grants:
            reaches = grant.department_id is None or permission not in WHOLE_HOSPITAL
            if reaches and permission in PERMISSIONS[Role(grant.role)]:
                yield grant

    def forget_grants(self) -> None:
        """Read the grants again: they were changed while this instance lives."""
        self.__dict__.pop("_grants", None)
        self.__dict__.pop("_reach", None)


class Grant(models.Model):
    """A role that an account holds, for a department and what is below it, or for the whole organisation."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=30, choices=Role)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="grants")
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    # Together with `user` a foreign key to (id, kind) of the account: no account holds roles of two kinds.
    kind = models.GeneratedField(
        expression=Case(When(role__in=[*ADMINISTRATORS], then=F("role")), default=Value(ORDINARY)),
        output_field=models.CharField(max_length=30),
        db_persist=True,
    )

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("user", "role", "department", name="grant_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="grant_role_is_known"),
            models.CheckConstraint(
                condition=~Q(role__in=[*ADMINISTRATORS]) | Q(department__isnull=True),
                name="administrators_have_no_department",
            ),
            in_order("grant_dates_in_order"),
        ]


class PastPassword(models.Model):
    """The hash of a password that was used before: it may not come back too soon."""

    user = models.ForeignKey(User, models.CASCADE, related_name="past_passwords")
    password = models.CharField(max_length=128)
    at = models.DateTimeField(default=timezone.now)


class RecoveryCode(models.Model):
    """A code that stands in once for a lost authenticator; only its blind index is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    index = models.CharField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint("user", "index", name="recovery_code_once")]


class SignIn(models.Model):
    """A session that is open: where, with what, since when."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    @property
    def browser_name(self):
        return browsers.name_of(self.browser)


class Failures(models.Model):
    """Logins that failed in a row, by the name that was typed (of an account or of none) and by address."""

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("Account")
        ADDRESS = "address", _("Address")

    kind = models.CharField(max_length=10, choices=Kind)
    subject = models.CharField(max_length=64)  # a blind index
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(default=timezone.now)
    locked_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("kind", "subject", name="failures_once")]


class SetupToken(models.Model):
    """Lets whoever holds it make the first three administrators, once."""

    index = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Policy(models.Model):
    """The rules for passwords, logins and sessions: one row. Its defaults are those of 等保三级."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    password_length = models.PositiveSmallIntegerField(default=10)
    password_classes = models.PositiveSmallIntegerField(default=3)
    password_history = models.PositiveSmallIntegerField(default=5)
    password_days = models.PositiveSmallIntegerField(default=90)
    warning_days = models.PositiveSmallIntegerField(default=7)
    account_failures = models.PositiveSmallIntegerField(default=5)
    # Many computers of a hospital come from one address: it takes more to lock an address than an account.
    address_failures = models.PositiveSmallIntegerField(default=20)
    lock_minutes = models.PositiveSmallIntegerField(default=30)
    idle_minutes = models.PositiveSmallIntegerField(default=30)
    absolute_hours = models.PositiveSmallIntegerField(default=12)
    totp_roles = models.JSONField(default=policies.default_totp_roles)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="policy_is_one_row"), *policies.constraints()]
