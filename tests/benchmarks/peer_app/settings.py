"""Both sides: PostgreSQL when ``PEER_DATABASE`` names one, else the SQLite file of ``PEER_FILE``."""

import json
import os

SECRET_KEY = "banc"
USE_TZ = True
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "mptt",
    "rest_framework",
    "morango",
    "tests.benchmarks.peer_app",
]
AUTH_USER_MODEL = "peer_app.User"
ROOT_URLCONF = "morango.urls"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
MIDDLEWARE: list[str] = []

if "PEER_DATABASE" in os.environ:
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **json.loads(os.environ["PEER_DATABASE"])}}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["PEER_FILE"],
            "OPTIONS": {"timeout": 60},
        }
    }
