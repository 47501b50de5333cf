# One image for web and worker; which one it is, the command says (docs/deploy.md).
#
# 3.11 on bookworm, because that is what the tests run on: Python 3.11 and Debian's ffmpeg 5.1. The ffmpeg build is part
# of every output's key, so another base image also means that nothing made before is recognised.

FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt .
# Wheels only: an unpacked source package runs its own code here, and would need a compiler that is not there.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.txt

FROM python:3.11-slim-bookworm
# The fonts are for emoji and for scripts that our own font lacks. For Chinese, Japanese and Korean add fonts-noto-cjk,
# which is larger than the rest together.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg tini fonts-noto-core fonts-noto-color-emoji \
    && rm -rf /var/lib/apt/lists/*
# A fixed number, so that a folder of the host can be given to it: chown 10001:10001 FOLDER
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin studio \
    && install -d -o studio -g studio /data /app/var
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# Static files and the workers' status lines stay inside (/app/var), so a new image brings its own; what must outlive the
# container is in the one volume. Media and temporary files share it: taking in a file is then a rename, not a copy.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WTF_DATA_DIR=/app/var \
    DATABASE_URL=sqlite:////data/db.sqlite3 \
    MEDIA_ROOT=/data/media \
    TEMP_DIR=/data/temp
USER studio
# The key is there for this one line only. The last word makes the build fail should one ever be left behind.
RUN WTF_SECRET_KEY=only-to-collect-static-files TEMP_DIR=/tmp/build python manage.py collectstatic --no-input \
    && rm -rf /tmp/build \
    && test ! -e var/secret_key
VOLUME /data
EXPOSE 8000
# Workers answer no HTTP: a container of theirs is known by its command, and asked by a command. Of the web any name will
# do that the studio accepts.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; b'runworkers' in open('/proc/1/cmdline', 'rb').read() and os.execvp('python', ['python', 'manage.py', 'checkworkers']); name = os.environ.get('WTF_ALLOWED_HOSTS', '').split(',')[0].strip(' .*') or 'localhost'; u.urlopen(u.Request(f\"http://127.0.0.1:{os.environ.get('PORT') or 8000}/health/live\", headers={'Host': name}), timeout=4)"]
# What a killed render leaves behind falls to process 1, and neither gunicorn nor the workers clear up after strangers.
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn", "-c", "wtfsite/gunicorn.py"]
