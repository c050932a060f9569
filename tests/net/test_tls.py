"""A store of certificates that is not there is one sentence, for every way out."""

import ssl
from datetime import timedelta
from pathlib import Path

import certifi
import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.base import Delivered, OutgoingMessage, Permanent
from labelwatch.channels.verify import Account, reachable
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.net.tls import CertificatesError, trusted
from labelwatch.sources import SourceError
from labelwatch.sources.ozon.connectivity import Failure
from tests.sources.scripted import in_turn, page, scripted
from tests.sources.test_connectivity import at
from tests.support.http_server import Hook, answer
from tests.support.reasons import english
from tests.support.smtp_server import PostOffice

PARCEL = OutgoingMessage(Message("late", (Section(lines=("Not packed yet.",)),), Kind.WARNING), [], "0" * 32)
GONE = "SSL_CERT_FILE = /gone/ca.pem cannot be read (No such file or directory): correct it"


@pytest.fixture
def stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/gone/ca.pem")


def test_the_store_of_the_environment_takes_the_place_of_all_others(tmp_path: Path) -> None:
    pem = tmp_path / "own.pem"
    pem.write_bytes((Path(__file__).parents[1] / "support" / "smtp_server.pem").read_bytes())
    assert trusted({"SSL_CERT_FILE": str(pem)}).cert_store_stats()["x509"] == 1
    assert trusted({}).cert_store_stats()["x509_ca"] > 50
    assert trusted({}) is trusted({}), "read once"


@pytest.mark.parametrize(
    ("variable", "make", "said"),
    [
        ("SSL_CERT_FILE", None, r"SSL_CERT_FILE = .*/ca.pem cannot be read \(No such file or directory\)"),
        ("SSL_CERT_FILE", "nonsense", "SSL_CERT_FILE = .*/ca.pem holds no certificates"),
        ("SSL_CERT_FILE", "", "SSL_CERT_FILE = .*/ca.pem holds no certificates"),
        ("SSL_CERT_DIR", None, "SSL_CERT_DIR = .*/ca.pem is no directory"),
    ],
)
def test_a_stale_variable_is_named_with_what_it_says(
    tmp_path: Path, variable: str, make: str | None, said: str
) -> None:
    path = tmp_path / "ca.pem"
    if make is not None:
        path.write_text(make)
    with pytest.raises(CertificatesError, match=f"^{said}.*: correct it or remove it from the environment$"):
        trusted({variable: str(path)})


def test_a_file_that_is_there_again_is_used_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    with pytest.raises(CertificatesError):
        trusted({"SSL_CERT_FILE": str(path)})
    path.write_bytes(Path(certifi.where()).read_bytes())
    assert isinstance(trusted({"SSL_CERT_FILE": str(path)}), ssl.SSLContext)


@pytest.mark.usefixtures("stale")
def test_ozon_is_unreachable_with_that_sentence_and_reachable_once_it_is_corrected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted(in_turn(page("1"))) as scene:
        source = scene.source(base_url="https://ozon.invalid", proxy=scene.url)
        with pytest.raises(SourceError) as failed:
            source.key_info()
        assert GONE in failed.value.detail
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(SourceError) as failed:
            source.key_info()
        assert "SSL_CERT_FILE" not in failed.value.detail
        source.close()


@pytest.mark.usefixtures("stale")
def test_knocking_finds_it() -> None:
    found = at("https://api-seller.ozon.ru")
    assert found.barrier is Failure.CERTIFICATE
    assert GONE in found.detail


@pytest.mark.usefixtures("stale")
@pytest.mark.parametrize(
    "url", ["jsons://127.0.0.1:1/hook", "tgram://123456789:abcdefghijklmnopqrstuvwxyz-12345678/1"]
)
def test_a_channel_does_not_work_and_nothing_may_have_arrived(url: str) -> None:
    result = open_channel(url).send(PARCEL)
    assert isinstance(result, Permanent)
    assert english(result.error).startswith(GONE)


@pytest.mark.usefixtures("stale")
def test_what_needs_no_certificate_works_without_any() -> None:
    with Hook([answer(200)]) as hook:
        assert reachable(f"http://127.0.0.1:{hook.port}", timedelta(seconds=5)).ok
        assert isinstance(open_channel(hook.url()).send(PARCEL), Delivered)
        assert at(f"http://127.0.0.1:{hook.port}").barrier is None


@pytest.mark.usefixtures("stale")
def test_a_letter_is_not_handed_in() -> None:
    with PostOffice(starttls=True) as office:
        url = f"mailto://watch:word@localhost:{office.port}?from=watch@example.com&to=p@example.com&mode=starttls"
        result = open_channel(url).send(PARCEL)
    assert isinstance(result, Permanent)
    assert english(result.error).startswith(GONE)
    assert office.letters == []


@pytest.mark.usefixtures("stale")
def test_the_heartbeat_and_a_webhook_are_not_called_reachable() -> None:
    found = reachable("https://hc.example.com/ping", timedelta(seconds=1))
    assert found.seen is Account.UNREACHABLE
    assert english(found.said).startswith(GONE)
