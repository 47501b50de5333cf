"""Who wants to hear that brands show something else. Other apps register in `AppConfig.ready()`; callers are plain."""

from collections.abc import Callable, Iterable

Handler = Callable[[frozenset[int]], str | None]
_handlers: list[Handler] = []


def on_change(handler: Handler) -> None:
    """`handler` gets the ids of the brands, in the transaction of the change. It may return a sentence for people."""
    if handler not in _handlers:
        _handlers.append(handler)


def changed(brands: Iterable[int]) -> list[str]:
    """To be called by whoever changed layers, pictures, clips or fonts of these brands. Gives what handlers say."""
    found = frozenset(brands)
    said = [handler(found) for handler in _handlers] if found else []
    return [sentence for sentence in said if sentence]
