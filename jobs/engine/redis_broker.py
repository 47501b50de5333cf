"""Messages in Redis instead of the database, for those who set QUEUE_BROKER to its address. Same door as there.

A ring that was taken out is gone with the worker that took it: the reaper rings again. While Redis is away nobody is
rung at all; the rows wait.
"""

from functools import cache
from hashlib import sha256

import redis
import structlog
from django.conf import settings
from django_q.brokers.redis_broker import Redis

from jobs.engine.broker import Doorkeeper

log = structlog.stdlib.get_logger(__name__)

PATIENCE = 10.0  # seconds for an answer; a worker that waits for messages asks for one second at a time
PREFIX = f"wtf:{sha256(settings.SECRET_KEY.encode()).hexdigest()[:12]}"  # several studios may share one Redis


@cache
def client(url: str) -> "redis.Redis":
    """One for each process; its connections notice by themselves that they were inherited."""
    options = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "socket_keepalive": True}
    return redis.from_url(url, **options)


class RedisDoorbell(Doorkeeper, Redis):  # type: ignore[misc]  # django-q2 has no types
    def __init__(self, list_key: str) -> None:
        super().__init__(list_key)
        self.list_key = f"{PREFIX}:{list_key}"

    @staticmethod
    def get_connection(list_key: str | None = None) -> "redis.Redis":
        return client(settings.QUEUE_BROKER)

    def queue_size(self) -> int:
        """0 when nobody knows: a ring too many does no harm, and the reaper has more to do than to ring."""
        try:
            return int(super().queue_size())
        except redis.RedisError as error:
            log.warning("Redis does not answer", error=str(error))
            return 0

    def answers(self) -> bool:
        try:
            return bool(self.connection.ping())
        except redis.RedisError as error:
            log.warning("Redis does not answer", error=str(error))
            return False
