"""Django's settings; what differs between hospitals comes from `env`."""

import psycopg
from csp.constants import NONE, SELF

from zhiheng.site import env, postgres
from zhiheng.vault.logs import logging_config

ENVIRONMENT = env.read()
DATA = ENVIRONMENT.data
SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = list(ENVIRONMENT.hosts)

INSTALLED_APPS = [
    "zhiheng.web",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
    "zhiheng.vault",
    "zhiheng.jobs",
    "zhiheng.audit",
    "zhiheng.accounts",
    "zhiheng.packversions",
    "zhiheng.ingestion",
    "zhiheng.casefinding",
    "zhiheng.autofill",
    "zhiheng.forms",
    "zhiheng.site",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "zhiheng.web.middleware.closed_to_others",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "zhiheng.web.middleware.chosen_language",
    "zhiheng.web.middleware.not_stored",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "zhiheng.audit.middleware.request_context",
    "zhiheng.audit.middleware.nothing_seen_untold",
    "zhiheng.web.access.RequireLogin",
    "django.contrib.messages.middleware.MessageMiddleware",
    "zhiheng.accounts.middleware.SessionLimits",
    "django_htmx.middleware.HtmxMiddleware",
    "zhiheng.web.middleware.messages_with_parts",
    "zhiheng.web.middleware.no_such_address",
]
ROOT_URLCONF = "zhiheng.site.urls"
WSGI_APPLICATION = "zhiheng.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    },
]


def database(url: str) -> dict[str, object]:
    """Return Django's way of saying an address of PostgreSQL."""
    said = psycopg.conninfo.conninfo_to_dict(url)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{django: str(said.pop(theirs, "")) for theirs, django in names.items()},
        "OPTIONS": said,  # sslmode and its kin
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": database(ENVIRONMENT.database_url or postgres.Server(ENVIRONMENT.postgres).url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["zhiheng.accounts.backends.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"

USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
FILE_UPLOAD_HANDLERS = [
    "zhiheng.ingestion.uploads.PrivateUploadHandler"
]  # Django's own leaves files in clear on a disk
DATA_UPLOAD_MAX_NUMBER_FILES = 2000
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 24 * 3600  # the longest that the policy allows; the policy itself ends sessions sooner
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_HTTPONLY = True  # forms carry the token themselves
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENVIRONMENT.https
if ENVIRONMENT.https:  # no other host of the hospital's domain can plant a cookie of these names
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_HSTS_SECONDS = 31_536_000 if ENVIRONMENT.https else 0
KEY_FILE = ENVIRONMENT.key_file
INBOXES = ENVIRONMENT.inboxes  # below which interfaces may watch folders
REPORT_FROM = ENVIRONMENT.report_from
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"  # each stage keeps its tasks in its room of that name
KEEP_JOBS_DAYS = ENVIRONMENT.keep_jobs_days
TRUSTED_PROXIES = ENVIRONMENT.proxies or ("127.0.0.1",)  # as gunicorn_config: whose X-Forwarded-For is believed
LOGGING = logging_config(ENVIRONMENT.log_level)
DEFAULT_EXCEPTION_REPORTER = "zhiheng.vault.logs.QuietReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "zhiheng.vault.logs.QuietFilter"
