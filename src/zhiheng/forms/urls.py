"""The addresses of forms."""

from django.urls import path

from zhiheng.forms import periods, versions, views

app_name = "forms"
urlpatterns = [
    path("versions/<int:pk>/open-cases/", versions.open_cases, name="open_cases"),
    path("versions/<int:pk>/open-cases/move/", versions.move_all, name="move_all"),
    path("undo/", periods.undo_period, name="undo_period"),
    path("cases/<str:code>/form/", views.form, name="form"),
    path("cases/<str:code>/form/answer/", views.answer, name="answer"),
    path("cases/<str:code>/form/section/", views.confirm_section, name="confirm_section"),
    path("cases/<str:code>/form/open/", views.leave_open, name="leave_open"),
    path("cases/<str:code>/form/explain/", views.explain, name="explain"),
    path("cases/<str:code>/form/difference/", views.decide_difference, name="difference"),
    path("cases/<str:code>/form/undo/", views.undo, name="undo"),
    path("cases/<str:code>/form/present/", views.present, name="present"),
    path("cases/<str:code>/form/options/<str:item>/", views.options, name="options"),
    path("cases/<str:code>/form/print/", views.print_form, name="print"),
    path("cases/<str:code>/form/export/", views.export, name="export"),
    path("cases/<str:code>/form/version/", versions.move, name="move"),
    path("cases/<str:code>/form/hand-in/", views.hand_in, name="hand_in"),
    path("cases/<str:code>/form/take-back/", views.take_back, name="take_back"),
    path("cases/<str:code>/proof/<str:item>/", views.card, name="card"),
]
