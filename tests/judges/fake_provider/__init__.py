"""A fake provider of judge models: HTTP on the loopback interface, spoken to by the real SDKs."""

from tests.judges.fake_provider.asked import Asked
from tests.judges.fake_provider.faults import Fault, always, at_random, for_words, in_turn, never
from tests.judges.fake_provider.server import KEY, FakeProvider, Seen
from tests.judges.fake_provider.web import HttpReply, HttpRequest

__all__ = [
    "KEY",
    "Asked",
    "FakeProvider",
    "Fault",
    "HttpReply",
    "HttpRequest",
    "Seen",
    "always",
    "at_random",
    "for_words",
    "in_turn",
    "never",
]
