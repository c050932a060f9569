"""A running service whose configuration changes: a wrong one is refused with its mistakes, a new secret is taken."""

import os
import signal
from pathlib import Path

import pytest

from tests.chaos.births import Life, serving
from tests.faults.ways import BEFORE, BRISK, MEANWHILE, late, one_late
from tests.support.http_server import Hook, answer
from tests.support.place import Place, place_for


def hang_up(service: Life) -> None:
    assert service.process.pid is not None
    os.kill(service.process.pid, signal.SIGHUP)


def put_secret(place: Place, url: str) -> None:
    file = place.folder / "hook.url"
    file.write_text(url)
    file.chmod(0o600)


MISTAKES = [
    ("every = ", "evry = ", "labelwatch.toml:7: ozon.evry"),
    ("every = ", "every = = ", "labelwatch.toml:7: "),
    ('name = "home"', 'name = "star"', "labelwatch.toml:"),
    ("file:hook.url", "file:gone.url", "labelwatch.toml:"),
    ("labelwatch.db", "other.db", "[store] url needs a restart to change"),
]


@pytest.mark.fault("K1", "K2")
def test_a_wrong_configuration_is_refused_with_its_place_and_a_new_secret_is_taken_without_a_restart(
    tmp_path: Path,
) -> None:
    with place_for(one_late(), tmp_path) as place, Hook([answer(200)]) as other:
        put_secret(place, place.hook.url("/hook-s3cret-token"))
        place.configure(alerts=BRISK)
        sound = place.config.read_text().replace("env:HOOK", "file:hook.url")
        place.config.write_text(sound)
        with serving(place) as service:
            service.until(lambda: BEFORE in place.told("first"))
            for right, wrong, said in MISTAKES:
                before = service.log.count("stays in use")
                place.config.write_text(sound.replace(right, wrong))
                hang_up(service)
                service.until(lambda before=before: service.log.count("stays in use") > before)  # type: ignore[misc]
                assert said in service.log
            place.config.write_text(sound)
            put_secret(place, other.url("/rotated-s3cret"))
            hang_up(service)
            service.until(lambda: "configuration reloaded" in service.log and service.log.count("watching: ") == 2)
            place.sandbox.world.plan(late(MEANWHILE))
            service.until(lambda: any(MEANWHILE in str(request.json) for request in other.requests))
    assert place.told("first") == [BEFORE]
    assert BEFORE not in "".join(str(request.json) for request in other.requests)
    assert "s3cret" not in service.log
