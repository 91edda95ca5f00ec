"""The tier that several machines share: Redis, or a server that speaks its protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from query_generator.cache.entries import LARGEST_STORED
from query_generator.cache.redis_answer import BoundedParser
from query_generator.cache.tiers import NO_ENTRY, Held, TierFailedError
from query_generator.errors import ConfigurationError
from query_generator.masking import quoted

TIMEOUT_SECONDS = 0.25
PREFIX = "query-generator:completions:"
PAGE = 1000
_NO_ADDRESS = (
    "CACHE_URL: this is no address of a Redis; right is, for example: redis://:password@host:6379/0, in whose "
    "password `/`, `?`, `#` and `@` are written as %2F, %3F, %23 and %40"
)


class RedisTier:
    """Keys have a prefix of our own and go by the server's clock; how much is kept is a setting of the server.

    A connection that the server has closed is opened once more at once; nothing else is tried twice. The time-out
    holds for connecting and for each part of an answer, and not for the look-up of the host's name.
    """

    name = "redis"

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        """Take a `redis://` or `rediss://` address; nothing is connected before it is used.

        Raises:
            ConfigurationError: the address cannot be one.
        """
        try:
            where = urlsplit(url)
            if "@" in where.path + where.query + where.fragment:
                raise ValueError("a password that is not escaped")
            self._redis = redis.Redis.from_url(
                url,
                socket_timeout=timeout,
                socket_connect_timeout=timeout,
                retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
                protocol=2,
                parser_class=BoundedParser,
            )
            self._redis.connection_pool.make_connection()  # refuses options that no connection has
        except (ValueError, TypeError):
            raise ConfigurationError(_NO_ADDRESS) from None
        options = self._redis.connection_pool.connection_kwargs
        self.address = f"{options.get('host', 'localhost')}:{options.get('port', 6379)}/{options.get('db', 0)}"

    def get(self, key: str) -> bytes | None:
        """Return the bytes of a key, never more than an entry can have."""
        with self._errors():
            try:
                value = self._redis.getrange(PREFIX + key, 0, LARGEST_STORED)
            except redis.ResponseError as exc:
                if str(exc).startswith("WRONGTYPE"):
                    return NO_ENTRY
                raise
        return value if isinstance(value, bytes) and value else None

    def put(self, key: str, value: bytes, ttl: float | None) -> None:
        """Keep bytes."""
        with self._errors():
            self._redis.set(PREFIX + key, value, px=None if ttl is None else max(1, round(ttl * 1000)))

    def held(self) -> Held:
        """Count the keys with our prefix and the bytes of their values, by walking over all keys of the server."""
        entries = size = 0
        with self._errors():
            keys = self._redis.scan_iter(match=f"{PREFIX}*", count=PAGE)
            while page := list(islice(keys, PAGE)):
                pipeline = self._redis.pipeline(transaction=False)
                for key in page:
                    pipeline.strlen(key)
                lengths = pipeline.execute(raise_on_error=False)
                entries += len(page)
                size += sum(length for length in lengths if isinstance(length, int))
        return Held(entries, size)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, OSError, ValueError) as exc:
            raise TierFailedError(f"Redis {self.address}: {quoted(exc)}; check CACHE_URL and the server") from exc
