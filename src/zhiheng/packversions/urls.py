"""The addresses of packversions."""

from django.urls import path

from zhiheng.packversions import views

app_name = "packversions"
urlpatterns = [
    path("", views.version_list, name="list"),
    path("upload/", views.upload, name="upload"),
    path("uploads/<int:pk>/", views.uploaded, name="uploaded"),
    path("<int:pk>/", views.version_detail, name="version"),
    path("<int:pk>/approve/", views.approve, name="approve"),
]
