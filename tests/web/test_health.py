"""Programs learn whether all is well, and names only with the password; what is watched for them is there."""

import base64
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from labelwatch.app import App
from labelwatch.web.auth.password import FEW
from tests.support.alert_builders import NOW
from tests.web.asking import PASSWORD, browser
from tests.web.build import Board, Hands, furnish

if TYPE_CHECKING:
    from starlette.testclient import TestClient

yaml: Any = pytest.importorskip("yaml")  # comes with Apprise
DEPLOY = Path(__file__).parents[2] / "deploy"
MEASURE = re.compile(r"\blabelwatch_[a-z_]+")


def read_all(app: App) -> None:
    """Every shop was read just now."""
    for state in app.store.shops.all():
        with app.store.write() as tx:
            tx.shops.mark_read(state.id, started_at=NOW, finished_at=NOW)


def test_all_is_well_while_every_shop_was_read_within_three_intervals(calm_board: Board, hands: Hands) -> None:
    read_all(calm_board.app)
    hands.at = NOW + timedelta(minutes=6) - timedelta(seconds=1)
    answer = calm_board.client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["state"] == "ok"
    hands.at = NOW + timedelta(minutes=6)
    answer = calm_board.client.get("/healthz")
    assert answer.status_code == 503
    assert (answer.json()["state"], answer.json()["reason"]) == ("trouble", "shop_not_read")
    assert answer.json()["not_read"] == ["main", "north"]


def test_a_shop_that_was_never_read_is_not_well(calm_board: Board) -> None:
    answer = calm_board.client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["read_at"] == {"main": None, "north": None}


def test_a_database_that_does_not_answer_is_said_without_its_name(app: App, tmp_path: Path) -> None:
    with browser(app) as client:
        break_database(tmp_path)
        answer = client.get("/healthz")
        assert answer.status_code == 503
        assert answer.json() == {"state": "trouble", "reason": "database"}
        with_password = client.get("/metrics", headers=bearer(PASSWORD))
        assert values(with_password.text)["labelwatch_database_up"] == 0


def break_database(folder: Path) -> None:
    """The file is no database any more."""
    for file in folder.glob("labelwatch.db*"):
        file.write_bytes(b"no database at all" * 1000)


def test_a_stranger_is_told_how_it_is_and_no_name(app: App) -> None:
    furnish(app.store)
    with browser(app) as client:
        answer = client.get("/healthz")
    assert answer.json() == {"state": "trouble", "reason": "shop_not_read", "shops_not_read": 1, "as_of": as_of()}


def as_of() -> str:
    return NOW.isoformat().replace("+00:00", "Z")


def bearer(password: str) -> dict[str, str]:
    return {"authorization": f"Bearer {password}"}


def basic(password: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'prometheus:{password}'.encode()).decode()}"}


@pytest.mark.parametrize("how", [bearer, basic])
def test_the_metrics_want_the_password_where_there_is_one(app: App, how: Any) -> None:
    with browser(app) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers=how("wrong")).status_code == 401
        assert client.get("/metrics", headers=how(PASSWORD)).status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic", "Basic !!!", "Basic /w==", "Digest x", f"Token {PASSWORD}"]
)
def test_no_other_proof_is_taken(app: App, header: str) -> None:
    with browser(app) as client:
        answer = client.get("/metrics", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert "labelwatch_" not in answer.text


def test_guessing_at_the_metrics_counts_as_guessing(app: App) -> None:
    with browser(app) as client:
        for _ in range(FEW):
            client.get("/metrics", headers=bearer("wrong"))
        answer = client.get("/metrics", headers=bearer(PASSWORD))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
    assert "wrong passwords" in answer.text


def values(text: str) -> dict[str, float]:
    """`name{labels}` -> what was read."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_the_metrics_tell_what_is_late_and_how_well_everything_is_seen(board: Board) -> None:
    found = values(board.client.get("/metrics").text)
    late = {name: value for name, value in found.items() if name.startswith("labelwatch_late_postings{")}
    assert sum(late.values()) == 5
    assert late['labelwatch_late_postings{cause="not_packed",hands="nobody",severity="critical",shop="main"}'] == 2
    assert found['labelwatch_shop_read_age_seconds{shop="main"}'] == 60
    assert found['labelwatch_shop_interval_seconds{shop="main"}'] == 120
    assert found['labelwatch_shop_failing{cause="key_rejected",shop="north"}'] == 1
    assert 'labelwatch_shop_failing{cause="stale",shop="main"}' not in found
    assert found["labelwatch_open_incidents"] == 1
    assert found["labelwatch_database_up"] == 1
    assert found['labelwatch_database_file_bytes{file="database"}'] > 0
    assert found['labelwatch_channel_failing{channel="packers"}'] == 0


def test_the_metrics_are_in_the_format_that_they_say(board: Board) -> None:
    answer = board.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    described = set(re.findall(r"^# HELP (\S+) \S", answer.text, re.MULTILINE))
    assert described == set(re.findall(r"^# TYPE (\S+) (?:gauge|counter)$", answer.text, re.MULTILINE))


def measures(client: "TestClient") -> set[str]:
    return set(re.findall(r"^# TYPE (\S+)", client.get("/metrics").text, re.MULTILINE))


def expressions(document: Any) -> list[str]:
    """Every PromQL expression in rules or in a dashboard."""
    if isinstance(document, dict):
        own = [document["expr"]] if isinstance(document.get("expr"), str) else []
        return own + [one for value in document.values() for one in expressions(value)]
    return [one for value in document for one in expressions(value)] if isinstance(document, list) else []


def rules() -> Any:
    return yaml.safe_load((DEPLOY / "prometheus-rules.yml").read_text("utf-8"))


def dashboard() -> Any:
    return json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))


def test_every_measure_in_the_rules_and_on_the_dashboard_is_there(board: Board) -> None:
    used = {name for one in expressions(rules()) + expressions(dashboard()) for name in MEASURE.findall(one)}
    assert len(used) > 8
    assert used <= measures(board.client)


def test_every_rule_says_what_happened_and_what_to_do() -> None:
    found = [rule for group in rules()["groups"] for rule in group["rules"]]
    assert len(found) >= 5
    for rule in found:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+[smhd]", rule["for"])


def test_the_panels_of_the_dashboard_lie_beside_each_other() -> None:
    panels = dashboard()["panels"]
    cells = [
        (place["x"] + x, place["y"] + y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["w"])
        for y in range(place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and expressions(panel) for panel in panels)
