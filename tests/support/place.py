"""A place to run commands in: a sandbox, a webhook, a configuration file, and the console script beside them."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labelwatch.sandbox import Sandbox, TellableClock, World
from labelwatch.sandbox.scenarios.stage import HOME, STAR
from tests.support.canaries import escaped
from tests.support.ending import MARKED
from tests.support.forked import SCRIPT, Ended, ended
from tests.support.http_server import Hook, answer
from tests.support.in_process import called
from tests.support.terminal import conversation

SHOPS = {"star": STAR, "home": HOME}
NEEDS_A_PROCESS = {"run", "web", "demo", "sandbox"}
"""They listen to signals."""


@dataclass(frozen=True)
class Place:
    folder: Path
    sandbox: Sandbox
    hook: Hook
    environ: dict[str, str] = field(default_factory=dict)
    in_process: bool = False
    """Whether `run` calls a command in this process, if it is one of those that can be called there."""

    @property
    def config(self) -> Path:
        return self.folder / "labelwatch.toml"

    @property
    def clock(self) -> TellableClock:
        assert isinstance(self.sandbox.clock, TellableClock)
        return self.sandbox.clock

    def configure(self, more: str = "", *, alerts: str = 'group_wait = "0s"', ozon: str = "") -> None:
        """Write a configuration for both shops and the webhook."""
        shops = "".join(
            f'[[shop]]\nname = "{name}"\nclient_id = "{shop.client_id}"\napi_key = "env:KEY_{name.upper()}"\n'
            for name, shop in SHOPS.items()
        )
        self.config.write_text(
            f'language = "en"\ntimezone = "UTC"\n[store]\nurl = "sqlite:///labelwatch.db"\n'
            f'[ozon]\nbase_url = "{ozon or self.sandbox.base_url}"\nevery = "1s"\n[alerts]\n{alerts}\n{shops}'
            f'[[channel]]\nname = "packers"\nurl = "env:HOOK"\n{more}',
            encoding="utf-8",
        )

    def run(self, *args: str, typed: str = "", **environ: str) -> Ended:
        """Run a command to its end."""
        call = called if self.in_process and not NEEDS_A_PROCESS.intersection(args) else ended
        done = call(*args, folder=self.folder, environ=self.variables(environ), typed=typed)
        assert not escaped(done.out + done.err)
        return done

    def start(self, *args: str, **environ: str) -> "subprocess.Popen[str]":
        """Begin a command as a shell does, which costs a second; whoever starts it ends it."""
        return subprocess.Popen(
            [SCRIPT, *args],
            cwd=self.folder,
            env=self.variables(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_terminal(self, *args: str, columns: int = 100) -> Ended:
        """Run a command with a terminal in front of it; the colours are taken out again."""
        err = self.folder / ".err"
        with conversation(*args, environ=self.variables({}), folder=self.folder, columns=columns, stderr=err) as talk:
            done = Ended(talk.end(), talk.shown, err.read_text("utf-8"))
        err.unlink()
        assert not escaped(done.out + done.err)
        return done

    def told(self, *reasons: str) -> list[str]:
        """The posting numbers that the webhook was told for these reasons, in order."""
        return [one["posting_number"] for one in self.alerts() if one["reason"] in reasons]

    def alerts(self) -> list[dict[str, Any]]:
        return [one for request in list(self.hook.requests) for one in request.json["labelwatch"]]

    def variables(self, more: dict[str, str]) -> dict[str, str]:
        """The environment of a command: the secrets, and nothing of whoever runs the tests."""
        keys = {f"KEY_{name.upper()}": shop.api_key for name, shop in SHOPS.items()}
        usual = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "USER": "packer"}
        return MARKED | usual | keys | {"HOOK": self.hook.url("/hook-s3cret-token")} | self.environ | more


@contextmanager
def place_for(world: World, folder: Path, *, in_process: bool = False) -> Iterator[Place]:
    """A place over a world that lives at real time."""
    clock = TellableClock(world.start)
    with (
        Hook([answer(200, '{"ok": true}')]) as hook,
        Sandbox(world, clock, requests_a_second=None) as sandbox,
    ):
        place = Place(folder, sandbox, hook, in_process=in_process)
        place.configure()
        yield place


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def until(condition: Callable[[], bool], *, seconds: float = 90) -> None:
    """Wait for something that another process does."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.02)


def assert_says_what_to_do(err: str) -> None:
    """What happened, what it means for the orders, what to do: a line each."""
    happened, means, todo = err.splitlines()
    assert happened.startswith("labelwatch: ")
    assert means.startswith("  For the orders: ")
    assert todo.startswith("  What to do: ")
