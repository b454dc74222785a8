"""The addresses of the product."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("zhiheng.accounts.urls")),
    path("", include("zhiheng.site.desk_urls")),
    path("", include("zhiheng.forms.urls")),
    path("", include("zhiheng.casefinding.urls")),
    path("audit/", include("zhiheng.audit.urls")),
    path("jobs/", include("zhiheng.jobs.urls")),
    path("ingestion/", include("zhiheng.ingestion.urls")),
    path("packs/", include("zhiheng.packversions.urls")),
    path("web/", include("zhiheng.web.urls")),
]
