"""gunicorn's configuration: `gunicorn -c wtfsite/gunicorn.py`.

Threads instead of sync workers, so that one slow upload does not hold up every other page.
"""

import os
from pathlib import Path

wsgi_app = "wtfsite.wsgi:application"
# Every interface: in a container that is the point, elsewhere a proxy stands before it.
bind = f"{os.environ.get('WTF_BIND') or '0.0.0.0'}:{os.environ.get('PORT') or 8000}"  # noqa: S104
worker_class = "gthread"
workers = 1
threads = 8
timeout = 300
graceful_timeout = 300
keepalive = 5
preload_app = True
worker_connections = 1000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # the heartbeat file must not sit on a slow disk
loglevel = "info"
accesslog = None
proc_name = "wtf-web"
