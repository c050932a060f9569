"""The trusted certificates: one context for every connection, or one sentence that says why there is none."""

import os
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import certifi

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class CertificatesError(Exception):
    """The trusted certificates cannot be read; the text says which and what to do."""


def trusted(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """The context with the certificates of SSL_CERT_FILE or SSL_CERT_DIR, else those of the system and certifi.

    Read once, shared and never changed. Raises CertificatesError.
    """
    return _context(*(environ.get(name, "") for name in VARIABLES))


def stale_bundle(environ: Mapping[str, str] = os.environ) -> str:
    """What is wrong with the variable that Apprise's own HTTP library reads instead; empty = nothing."""
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := environ.get(variable, ""):
            why = "cannot be read (No such file or directory)"
            return "" if Path(path).exists() else str(_stale(variable, path, why))
    return ""


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
            raise _stale("SSL_CERT_DIR", directory, "is no directory")
        return _from("SSL_CERT_DIR", directory, capath=directory)
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(certifi.where())
    except OSError as error:
        raise CertificatesError(
            f"the certificates of the package certifi cannot be read ({error.strerror or error}): install it again, "
            "or name a file of certificates in SSL_CERT_FILE"
        ) from error
    return context


def _from(variable: str, path: str, **locations: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(**locations)  # type: ignore[arg-type]
    except ssl.SSLError as error:
        raise _stale(variable, path, "holds no certificates (PEM)") from error
    except OSError as error:
        raise _stale(variable, path, f"cannot be read ({error.strerror or error})") from error


def _stale(variable: str, path: str, why: str) -> CertificatesError:
    return CertificatesError(f"{variable} = {path} {why}: correct it or remove it from the environment")
