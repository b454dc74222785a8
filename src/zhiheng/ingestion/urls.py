"""The addresses of ingestion."""

from django.urls import path

from zhiheng.ingestion.views import batches, interfaces, rejects

app_name = "ingestion"
urlpatterns = [
    path("", batches.batch_list, name="batches"),
    path("upload/", batches.upload, name="upload"),
    path("batches/<int:pk>/", batches.batch_detail, name="batch"),
    path("batches/<int:pk>/confirm/", batches.confirm, name="confirm"),
    path("batches/<int:pk>/cancel/", batches.cancel, name="cancel"),
    path("batches/<int:pk>/run-again/", batches.run_again, name="run_again"),
    path("rejects/", rejects.reject_list, name="rejects"),
    path("rejects/<int:pk>/", rejects.reject_detail, name="reject"),
    path("rejects/<int:pk>/correct/", rejects.correct, name="correct"),
    path("rejects/<int:pk>/dismiss/", rejects.dismiss, name="dismiss"),
    path("rejects/<int:pk>/reopen/", rejects.reopen, name="reopen"),
    path("interfaces/", interfaces.interface_list, name="interfaces"),
    path("interfaces/add/", interfaces.interface_add, name="add_interface"),
    path("interfaces/<int:pk>/", interfaces.interface_change, name="interface"),
    path("interfaces/<int:pk>/look/", interfaces.interface_look, name="look"),
]
