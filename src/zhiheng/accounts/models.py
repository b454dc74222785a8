"""Organisation, campus, departments valid by date, staff, accounts and the roles they hold."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhiheng.vault.fields import SealedField


class Organisation(models.Model):
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)


class Campus(models.Model):
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="campuses")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)


class Department(models.Model):
    """A department as it was between two dates; a renamed or split one is a new row."""

    campus = models.ForeignKey(Campus, models.PROTECT, null=True, blank=True, related_name="departments")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="departments")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)


class Staff(models.Model):
    """A person who works in the hospital."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="staff")
    left_on = models.DateField(null=True, blank=True)


class Role(models.TextChoices):
    FILLER = "filler", _("Filler")
    DEPARTMENT_REVIEWER = "department_reviewer", _("Department reviewer")
    QUALITY_OFFICER = "quality_officer", _("Quality officer")
    SUBMITTER = "submitter", _("Submitter")
    LEADER = "leader", _("Leader")
    MAINTENANCE_ENGINEER = "maintenance_engineer", _("Maintenance engineer")
    SYSTEM_ADMINISTRATOR = "system_administrator", _("System administrator")
    SECURITY_ADMINISTRATOR = "security_administrator", _("Security administrator")
    AUDIT_ADMINISTRATOR = "audit_administrator", _("Audit administrator")


class Users(BaseUserManager["User"]):
    pass


class User(AbstractBaseUser):
    """An account. Each person has at most one."""

    username = models.CharField(max_length=60, unique=True)
    staff = models.OneToOneField(Staff, models.PROTECT, related_name="account")
    totp_secret = SealedField(null=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    objects = Users()


class Grant(models.Model):
    """A role that an account holds, for a department and what is below it, or for the whole organisation."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=30, choices=Role)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="grants")
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
