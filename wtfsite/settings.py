"""Settings, read from the environment by the typed readers of `wtfsite.lib.env`.

Every variable is listed in `.env.example` and explained in `docs/settings.md`; a test keeps the three equal.
"""

import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from jobs.media import formats
from wtfsite import logs
from wtfsite.lib.env import Env
from wtfsite.storage import storage_setting

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

# --- What kind of installation this is ------------------------------------------------------------------------------

DEV = env.flag("WTF_DEV")
DEBUG = env.flag("WTF_DEBUG")
DATA_DIR = env.folder("WTF_DATA_DIR", BASE_DIR / "var")
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """The configured key; on a developer's machine a random one, made once and kept readable by its owner only."""
    if key := env.text("WTF_SECRET_KEY"):
        return key
    if not DEV:
        raise ImproperlyConfigured(
            "WTF_SECRET_KEY is not set. Make one with "
            "`python3 -c 'import secrets; print(secrets.token_urlsafe(50))'` and set it, "
            "or set WTF_DEV=1 on a machine that only you use."
        )
    path = DATA_DIR / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50), encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


SECRET_KEY = _secret_key()
PORT = env.integer("PORT", 8000, minimum=1)
ALLOWED_HOSTS = list(env.words("WTF_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEV else ""))
BEHIND_HTTPS = not DEV

# --- Apps -----------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "brands",
    "jobs",
    "publishing",
    "wtfsite",  # last: its admin module takes away what others have registered
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # deny by default: a view opens up by name
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "wtfsite.urls"
WSGI_APPLICATION = "wtfsite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------------------------

DATABASES = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}"), conn_max_age=60, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN: a transaction that reads and then writes would otherwise fail with
    # "database is locked" at once, whatever the timeout.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
    # Tests share the database with real worker processes, which an in-memory one cannot do.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # A server that vanished says nothing, and without these the kernel waits a quarter of an hour for its word. Half a
    # minute is less than a lease.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 10,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        **DATABASES["default"].get("OPTIONS", {}),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "wtfsite.User"

# --- Files ----------------------------------------------------------------------------------------------------------

MEDIA_ROOT = env.folder("MEDIA_ROOT", DATA_DIR / "media")
TEMP_DIR = env.folder("TEMP_DIR", DATA_DIR / "temp")
STORAGES = {
    "default": storage_setting(env.text("STORAGE_URL"), MEDIA_ROOT),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "wtfsite" / "static"]
MAX_UPLOAD_SIZE = env.size("MAX_UPLOAD_SIZE", "500MB")
MAX_SOURCE_SECONDS = env.integer("MAX_SOURCE_SECONDS", 7200, minimum=1)
MAX_CLIP_SIZE = env.size("MAX_CLIP_SIZE", "50MB")
MAX_CLIP_SECONDS = env.integer("MAX_CLIP_SECONDS", 60, minimum=1)
MAX_OUTPUTS_PER_JOB = env.integer("MAX_OUTPUTS_PER_JOB", 200, minimum=1)
RETENTION_HOURS = env.integer("RETENTION_HOURS", 24, minimum=1)
OUTPUT_RETENTION_DAYS = env.integer("OUTPUT_RETENTION_DAYS", 30, minimum=1)
EVENT_RETENTION_DAYS = env.integer("EVENT_RETENTION_DAYS", 90, minimum=1)
DISK_FLOOR_MB = env.integer("DISK_FLOOR_MB", 2048)
# On the disk of the media files, so that a finished file is renamed into place and never half there.
FILE_UPLOAD_TEMP_DIR = TEMP_DIR / "uploads"
FILE_UPLOAD_HANDLERS = ["wtfsite.uploads.UploadHandler"]
for folder in (TEMP_DIR, FILE_UPLOAD_TEMP_DIR):
    folder.mkdir(parents=True, exist_ok=True)

# --- Tools and fetching ---------------------------------------------------------------------------------------------

FFMPEG_PATH = env.text("FFMPEG_PATH")
FFPROBE_PATH = env.text("FFPROBE_PATH")
SOURCE_FORMATS = env.subset("SOURCE_FORMATS", formats.DEFAULT, formats.FORMATS, formats.NEEDED)
SANDBOX_REQUIRED = env.flag("SANDBOX_REQUIRED")  # obeyed by wtfsite.lib.process, which reads it itself
EGRESS_ALLOW_CIDRS = env.networks("EGRESS_ALLOW_CIDRS")
FETCH_RETRIES = env.integer("FETCH_RETRIES", 5)
FETCH_FRAGMENT_RETRIES = env.integer("FETCH_FRAGMENT_RETRIES", 5)
FETCH_SOCKET_TIMEOUT = env.integer("FETCH_SOCKET_TIMEOUT", 15, minimum=1)
FETCH_STALL_SECONDS = env.integer("FETCH_STALL_SECONDS", 300, minimum=1)
FETCH_WALL_SECONDS = env.integer("FETCH_WALL_SECONDS", 1800, minimum=1)
FETCH_PACE_SECONDS = env.number("FETCH_PACE_SECONDS", 2)
FETCH_BREAKER_FAILURES = env.integer("FETCH_BREAKER_FAILURES", 5, minimum=1)
FETCH_BREAKER_SECONDS = env.integer("FETCH_BREAKER_SECONDS", 300, minimum=1)

# --- Background work ------------------------------------------------------------------------------------------------

WORKER_CONCURRENCY = env.integer("WORKER_CONCURRENCY", 0)
WORKER_MEMORY_MB = env.integer("WORKER_MEMORY_MB", 0)
STAGE_MAX_ATTEMPTS = env.integer("STAGE_MAX_ATTEMPTS", 5, minimum=1)
STAGE_LEASE_SECONDS = env.integer("STAGE_LEASE_SECONDS", 60, minimum=2)
QUEUE_POLL_INTERVAL = env.number("QUEUE_POLL_INTERVAL", 0.5, minimum=0.05)
QUEUE_BROKER = env.server("QUEUE_BROKER", "orm", ("redis", "rediss", "unix"))


def _cluster(timeout: int, **more: Any) -> dict[str, Any]:
    """A worker is killed after `timeout` seconds: the last resort, which no work should ever meet. A message is handed
    out again after `retry` seconds, when its worker is surely gone.
    """
    return {"timeout": timeout, "retry": 3 * timeout + 300, **more}


_work = _cluster(max(3600, 2 * FETCH_WALL_SECONDS), workers=2, recycle=50)
# The longest video takes some twice its length for one output in the slowest profile, decoding included; hosts differ.
# On a small machine this cluster also fetches.
_render = _cluster(max(21600, 6 * MAX_SOURCE_SECONDS, _work["timeout"]), workers=1, recycle=10, daemonize_workers=False)
Q_CLUSTER: dict[str, Any] = {
    "name": "wtf",  # signs the messages: the same everywhere, never changed
    "orm": "default",
    # No function but ours is run, whatever a message names.
    "broker_class": f"jobs.engine.{'broker.Doorbell' if QUEUE_BROKER == 'orm' else 'redis_broker.RedisDoorbell'}",
    "ack_failures": True,
    "max_attempts": 1,
    "queue_limit": 1,
    "bulk": 1,
    "guard_cycle": 0.5,
    "catch_up": False,
    "save_limit": 200,
    "compress": False,
    "daemonize_workers": True,
    "scheduler": False,
    "poll": QUEUE_POLL_INTERVAL,
    "label": "Task diagnostics",
    **_work,
    "ALT_CLUSTERS": {"work": _work, "render": _render},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- People and pages -----------------------------------------------------------------------------------------------

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS if "*" not in host and ":" not in host]
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_SSL_REDIRECT = BEHIND_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health(/live|/ready)?$"]  # the platform's health check speaks plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("WTF_BEHIND_PROXY") else None
SECURE_HSTS_SECONDS = 3600 if BEHIND_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # HSTS for a whole domain is its owner's decision
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "wtfsite.formats"


def _list_page(title: Any, icon: str, app: str, model: str) -> dict[str, Any]:
    """One line of the sidebar, for those who may see the list."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": lambda request: any(
            request.user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change")
        ),
    }


def _may_view(request: Any, model: str) -> bool:
    return any(request.user.has_perm(f"jobs.{verb}_{model}") for verb in ("view", "change"))


UNFOLD = {
    "SITE_TITLE": "WTF Studio",
    "SITE_HEADER": "WTF Studio",
    "SITE_SUBHEADER": _("The video desk of a brand network"),
    "SITE_SYMBOL": "movie",
    "SITE_URL": None,  # there is no other site to return to
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("wtfsite/favicon.svg")},
    ],
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "jobs.admin.dashboard.fill",
    "STYLES": [lambda request: static("wtfsite/studio.css")],
    "SIDEBAR": {
        "show_search": False,
        "navigation": [
            {
                "title": _("Studio"),
                "items": [
                    {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")},
                    _list_page(_("Videos"), "video_library", "jobs", "asset"),
                    _list_page(_("Jobs"), "work", "jobs", "job"),
                    _list_page(_("Outputs"), "movie", "jobs", "output"),
                    {
                        "title": _("Gave up"),
                        "icon": "report",
                        "link": reverse_lazy("admin:jobs_stage_changelist"),
                        "permission": lambda request: request.user.has_perm("jobs.view_job"),
                    },
                    _list_page(_("Brands"), "sell", "brands", "brand"),
                    _list_page(_("Artwork"), "imagesmode", "brands", "artwork"),
                    _list_page(_("Fonts"), "text_fields", "brands", "font"),
                    _list_page(_("Clips"), "animation", "brands", "brandclip"),
                    {
                        "title": _("Storage"),
                        "icon": "hard_drive",
                        "link": reverse_lazy("storage"),
                        "permission": lambda request: _may_view(request, "asset") and _may_view(request, "output"),
                    },
                ],
            },
            {
                "title": _("House"),
                "items": [
                    _list_page(_("Users"), "person", "wtfsite", "user"),
                    _list_page(_("Groups"), "group", "auth", "group"),
                    {
                        "title": _("Workers"),
                        "icon": "memory",
                        "link": reverse_lazy("workers"),
                        "permission": lambda request: request.user.has_perm("jobs.view_job"),
                    },
                    {
                        "title": _("Queue"),
                        "icon": "queue",
                        "link": reverse_lazy("queue"),
                        "permission": lambda request: request.user.is_superuser,
                    },
                    _list_page(_("Safe zones"), "crop_free", "brands", "safezone"),
                    _list_page(_("Sites"), "public", "jobs", "site"),
                    _list_page(_("Failures to name"), "school", "jobs", "lesson"),
                ],
            },
        ],
    },
}

# --- Logs -----------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.choice("LOG_FORMAT", "text" if DEV else "json", ("text", "json"))
LOG_FILE = env.text("LOG_FILE")
LOG_MAX_MB = env.integer("LOG_MAX_MB", 50, minimum=1)
LOG_KEEP_DAYS = env.integer("LOG_KEEP_DAYS", 14, minimum=1)
LOGGING_CONFIG = None
logs.configure(LOG_LEVEL, LOG_FORMAT, logs.LogFile(Path(LOG_FILE), LOG_MAX_MB * 10**6) if LOG_FILE else None)
