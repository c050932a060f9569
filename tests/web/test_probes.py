"""`/livez` says whether a restart would help, `/readyz` whether the shops were read: neither blames us for Ozon."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from labelwatch.app import App
from labelwatch.sources import Trouble
from labelwatch.store import Store
from tests.support.alert_builders import NOW
from tests.web.asking import browser
from tests.web.build import Board, Hands
from tests.web.test_health import break_database, read_all

yaml: Any = pytest.importorskip("yaml")  # comes with Apprise
DEPLOY = Path(__file__).parents[2] / "deploy"


def fails(store: Store, trouble: Trouble, *shops: str) -> None:
    """The polls of these shops failed."""
    for state in store.shops.all():
        if state.name in shops:
            with store.write() as tx:
                tx.shops.mark_failed(state.id, at=NOW, cause=str(trouble), detail="no", retry_at=None)


def asked(board: Board, path: str) -> tuple[int, str | None]:
    answer = board.client.get(path)
    return answer.status_code, answer.json().get("reason")


FINE, UNREAD = (200, None), (503, "shop_not_read")


def test_an_outage_of_ozon_lets_the_process_live_and_the_shops_that_were_read_stay_ready(
    calm_board: Board, hands: Hands
) -> None:
    assert asked(calm_board, "/readyz") == UNREAD
    read_all(calm_board.app)
    assert asked(calm_board, "/readyz") == FINE
    fails(calm_board.app.store, Trouble.OZON_DOWN, "main", "north")
    hands.at = NOW + timedelta(hours=3)
    assert asked(calm_board, "/livez") == FINE
    assert asked(calm_board, "/readyz") == FINE
    assert asked(calm_board, "/healthz") == UNREAD


@pytest.mark.parametrize("trouble", Trouble)
def test_a_shop_that_was_never_read_is_ready_only_if_that_is_its_own_trouble(
    calm_board: Board, trouble: Trouble
) -> None:
    fails(calm_board.app.store, trouble, "main", "north")
    assert asked(calm_board, "/readyz") == (FINE if trouble.is_final else UNREAD)
    assert asked(calm_board, "/livez") == FINE


def test_a_shop_that_was_read_before_the_start_is_not_ready_yet(app: App) -> None:
    read_all(app)
    app.poller.read_before = {state.name: state.read_at for state in app.store.shops.all() if state.read_at}
    with browser(app) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["shops_not_read"] == 2
    assert "main" not in answer.text, "no names without the password"


def test_a_job_that_is_stuck_is_no_life(calm_board: Board) -> None:
    calm_board.app.stuck = lambda: "poll main"
    answer = calm_board.client.get("/livez")
    assert answer.status_code == 503
    assert (answer.json()["reason"], answer.json()["detail"]) == ("no_progress", "poll main")
    with browser(calm_board.app) as stranger:
        assert "main" not in stranger.get("/livez").text


def test_a_database_that_takes_nothing_is_no_life(calm_board: Board) -> None:
    calm_board.app.database_watch.line = "labels.db: database or disk is full"
    assert asked(calm_board, "/livez") == (503, "database")


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_database_that_does_not_answer_is_neither(app: App, tmp_path: Path, path: str) -> None:
    with browser(app) as client:
        break_database(tmp_path)
        answer = client.get(path)
    assert answer.status_code == 503
    assert answer.json() == {"state": "trouble", "reason": "database"}


def test_kubernetes_restarts_by_livez_and_waits_by_readyz() -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))
    deployment = next(one for one in documents if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    probes = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert probes == {"livenessProbe": "/livez", "startupProbe": "/livez", "readinessProbe": "/readyz"}


def test_compose_asks_livez() -> None:
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]["labelwatch"]
    assert "http://127.0.0.1:8765/livez" in service["healthcheck"]["test"][-1]
