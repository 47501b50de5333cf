"""Loaded before anything else in a test run: the tests' own folder and no setting of the machine's owner.

Only DATABASE_URL and the paths of ffmpeg are kept, so that the tests also run against PostgreSQL or another ffmpeg.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = {"DATABASE_URL", "FFMPEG_PATH", "FFPROBE_PATH"}

for name in re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), flags=re.MULTILINE):
    if name not in KEPT:
        os.environ.pop(name, None)
os.environ["WTF_DEV"] = "1"
# A folder of this run's own: two runs at once must not share a database file.
folder = tempfile.mkdtemp(prefix="wtf-test-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.environ["WTF_DATA_DIR"] = folder
os.environ["DISK_FLOOR_MB"] = "64"
os.environ["FETCH_PACE_SECONDS"] = "0"  # many tests fetch from the same host
os.environ["LOG_LEVEL"] = "WARNING"
