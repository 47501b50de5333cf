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
shared_memory = Path("/dev/shm")  # noqa: S108  where it is, the heartbeat file need not touch a slow disk
worker_tmp_dir = str(shared_memory) if shared_memory.is_dir() else None
loglevel = "info"
accesslog = None
proc_name = "wtf-web"
