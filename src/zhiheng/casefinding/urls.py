"""The addresses of casefinding: below a case, the search and the ledger."""

from django.urls import path

from zhiheng.casefinding import views

app_name = "casefinding"
urlpatterns = [
    path("cases/<str:code>/decision/", views.decision, name="decision"),
    path("cases/<str:code>/decision/decide/", views.decide, name="decide"),
    path("cases/<str:code>/decision/keep/", views.keep, name="keep"),
    path("cases/<str:code>/decision/exclude/", views.exclude, name="exclude"),
    path("cases/<str:code>/decision/restore/", views.restore, name="restore"),
    path("cases/<str:code>/decision/move/", views.move, name="move"),
    path("cases/<str:code>/decision/assign/", views.assign, name="assign"),
    path("several/", views.several, name="several"),
    path("search/", views.search, name="search"),
    path("search/<int:pk>/", views.visit, name="visit"),
    path("search/<int:pk>/add/", views.add, name="add"),
    path("ledger/", views.ledgers, name="ledger"),
    path("ledger/visits/", views.ledger_visits, name="ledger_visits"),
    path("ledger/cases/", views.ledger_cases, name="ledger_cases"),
]
