"""What a person keeps of the lists: filters and columns under a name."""

from django.conf import settings
from django.db import models


class SavedView(models.Model):
    """One list as a person likes it. The query never has searched text, which may be a patient's."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    listing = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    is_first = models.BooleanField(default=False)  # shown when the list is opened without a query

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "listing", "name"], name="saved_view_name_once"),
            models.UniqueConstraint(
                fields=["user", "listing"], condition=models.Q(is_first=True), name="saved_view_first_once"
            ),
        ]

    def __str__(self):
        return self.name
