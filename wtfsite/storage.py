"""Where files live: one URL, read into Django's STORAGES entry.

(empty)                              the folder MEDIA_ROOT
file:///srv/media                    that folder
s3://bucket/prefix?endpoint=https://…&region=…    any S3-compatible store, through django-storages;
                                     the keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from wtfsite.lib.env import BadSetting

WANTED = "file:///folder or s3://bucket/prefix?endpoint=https://host&region=name"


def storage_setting(url: str, media_root: Path) -> dict[str, Any]:
    parts = urlsplit(url)
    if not url or parts.scheme == "file":
        if url and (parts.netloc or not parts.path.startswith("/")):  # file://srv/media would be the folder /media
            raise BadSetting("STORAGE_URL", url, WANTED)
        folder = Path(unquote(parts.path)) if url else media_root
        # Files are created readable by the group, never executable, whatever temporary file they came from.
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder, "file_permissions_mode": 0o640},
        }
    if parts.scheme != "s3" or not parts.hostname:
        raise BadSetting("STORAGE_URL", url, WANTED)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := set(query) - {"endpoint", "region"}:
        raise BadSetting("STORAGE_URL", ", ".join(sorted(unknown)), WANTED)
    options = {
        "bucket_name": parts.hostname,
        "location": parts.path.strip("/"),
        "endpoint_url": query.get("endpoint"),
        "region_name": query.get("region"),
        "signature_version": "s3v4",
        "querystring_expire": 600,
        "file_overwrite": False,
        "default_acl": None,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
