"""The Django app site: the pages that compose the stages."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "zhiheng.site"
    label = "desk"
