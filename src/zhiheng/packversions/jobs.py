"""Check in the background what was uploaded."""

from procrastinate.contrib.django import app

from zhiheng.packversions import actions
from zhiheng.packversions.models import Upload


@app.task(queue="records", lock="packversions")
def check_upload(upload_id: int) -> None:
    actions.check_upload(upload=Upload.objects.get(pk=upload_id))
