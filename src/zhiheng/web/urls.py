"""Addresses of the layout itself: language and theme."""

from django.urls import path

from zhiheng.web import views

app_name = "web"
urlpatterns = [
    path("language/", views.choose_language, name="language"),
    path("theme/", views.choose_theme, name="theme"),
]
