"""Sweep away what has ended: sessions past their time, sign-ins without session, old counts of failures."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone
from procrastinate.contrib.django import app

from zhiheng.accounts.models import Failures, SignIn


@app.periodic(cron="17 * * * *")
@app.task(queue="housekeeping", queueing_lock="accounts.sweep", pass_context=False)
def sweep(timestamp: int = 0) -> None:
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    SignIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    Failures.objects.filter(last_at__lt=now - timedelta(days=7)).delete()
