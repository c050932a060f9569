"""The trusted certificates: one context for every connection, or why there is none."""

import errno
import os
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import certifi

from labelwatch.core.text import Text
from labelwatch.net.errors import NetError

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class CertificatesError(NetError):
    """The trusted certificates cannot be read; the text says which and what to do."""


def trusted(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """The context with the certificates of SSL_CERT_FILE or SSL_CERT_DIR, else those of the system and certifi.

    Read once, shared and never changed. Raises CertificatesError.
    """
    return _context(*(environ.get(name, "") for name in VARIABLES))


def stale_bundle(environ: Mapping[str, str] = os.environ) -> Text | None:
    """What is wrong with the variable that Apprise's own HTTP library reads instead; None = nothing."""
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := environ.get(variable, ""):
            why = os.strerror(errno.ENOENT)
            return None if Path(path).exists() else _stale("unreadable", variable, path, raw=why).text
    return None


@cache
def unverified() -> ssl.SSLContext:
    """The context that accepts any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@cache
def _context(file: str, directory: str) -> ssl.SSLContext:
    if file:
        return _from("SSL_CERT_FILE", file, cafile=file)
    if directory:
        if not Path(directory).is_dir():
            raise _stale("directory", "SSL_CERT_DIR", directory)
        return _from("SSL_CERT_DIR", directory, capath=directory)
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(certifi.where())
    except OSError as error:
        raise CertificatesError("certs_package", raw=error.strerror or str(error)) from error
    return context


def _from(variable: str, path: str, **locations: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(**locations)  # type: ignore[arg-type]
    except ssl.SSLError as error:
        raise _stale("none", variable, path) from error
    except OSError as error:
        raise _stale("unreadable", variable, path, raw=error.strerror or str(error)) from error


def _stale(what: str, variable: str, path: str, **more: str) -> CertificatesError:
    return CertificatesError(f"certs_{what}", variable=variable, path=path, **more)
