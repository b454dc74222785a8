"""The pages of jobs: their list, one job, and running it again or taking it off the queue."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from zhiheng.jobs import actions, queries
from zhiheng.jobs.listing import Jobs, jobs
from zhiheng.jobs.models import Failure
from zhiheng.jobs.words import EVENTS, queue, short, state_in_words, task
from zhiheng.web.access import permission_required


@permission_required("jobs.view")
def job_list(request):
    return Jobs(request, jobs()).respond("jobs/list.html", {"health": queries.health()})


@permission_required("jobs.view")
@require_GET
def job_page(request, pk):
    return render(request, "jobs/job.html", _page_of(request, pk))


@permission_required("jobs.manage")
@require_POST
def retry(request, pk):
    return _change(request, pk, actions.retry, _("The job is queued again."))


@permission_required("jobs.manage")
@require_POST
def cancel(request, pk):
    return _change(request, pk, actions.cancel, _("The job was taken off the queue."))


def _change(request, pk, act, done):
    try:
        act(job=get_object_or_404(ProcrastinateJob, pk=pk), by=request.user)
    except actions.CannotChange as problem:
        return render(request, "jobs/job.html", {**_page_of(request, pk), "problem": problem}, status=409)
    messages.success(request, done)
    return redirect("jobs:job", pk)


def _page_of(request, pk):
    job = get_object_or_404(jobs(), pk=pk)
    events = ProcrastinateEvent.objects.filter(job=pk).order_by("id")
    may_manage = request.user.may("jobs.manage")
    return {
        "job": job,
        "task": task(job.task_name),
        "task_name": short(job.task_name),
        "status": state_in_words(job),
        "queue": queue(job.queue_name),
        "attempts": queries.attempts(job),
        "seconds": queries.seconds(job),
        "events": [(EVENTS.get(event.type, event.type), event.at) for event in events],
        "failures": Failure.objects.filter(job_id=pk).order_by("-id"),
        "may_retry": may_manage and job.status == "failed",
        "may_cancel": may_manage and job.status == "todo",
    }
