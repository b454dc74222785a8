"""The addresses of the desk."""

from django.urls import path

from zhiheng.site import views

app_name = "desk"
urlpatterns = [
    path("", views.work_list, name="work_list"),
    path("cases/<str:code>/", views.case, name="case"),
    path("cases/<str:code>/course/", views.course, name="course"),
]
