"""A fake Ozon Seller API on 127.0.0.1: it shares no code with the client that it tests."""

from labelwatch.sandbox.bodies import CANARIES, merged, needs, posting, state
from labelwatch.sandbox.clock import TellableClock
from labelwatch.sandbox.control import Seen
from labelwatch.sandbox.faults import Fault, Kind
from labelwatch.sandbox.sandbox import Sandbox
from labelwatch.sandbox.serve import serve
from labelwatch.sandbox.shops import Flow, KeyState, Method, Role, Shop, Warehouse
from labelwatch.sandbox.world import At, Effect, Stall, World

__all__ = [
    "CANARIES",
    "At",
    "Effect",
    "Fault",
    "Flow",
    "KeyState",
    "Kind",
    "Method",
    "Role",
    "Sandbox",
    "Seen",
    "Shop",
    "Stall",
    "TellableClock",
    "Warehouse",
    "World",
    "merged",
    "needs",
    "posting",
    "serve",
    "state",
]
