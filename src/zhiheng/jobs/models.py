"""What is remembered of jobs beside the queue itself."""

from django.db import models


class Failure(models.Model):
    """One attempt of a job that failed."""

    job_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=120)
    message = models.CharField(max_length=500, blank=True)
    place = models.CharField(max_length=300, blank=True)
