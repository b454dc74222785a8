"""The addresses of audit."""

from django.urls import path

from zhiheng.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.entries, name="list"),
    path("verify/", views.verify_now, name="verify"),
]
