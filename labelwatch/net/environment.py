"""Problems of this process's environment that affect connections, each as a sentence with its remedy."""

import os
import tempfile
from collections.abc import Mapping

from labelwatch.net import proxy
from labelwatch.net.tls import CertificatesError, stale_bundle, trusted

_NO_TEMPORARY = "no directory for temporary files can be written to: set TMPDIR to one that can"


def problems(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Proxies, certificates and a directory for temporary files that cannot be used; no text contains a secret."""
    found = [str(error) for error in proxy.mistakes(environ)]
    try:
        trusted(environ)
    except CertificatesError as error:
        found.append(str(error))
    if bundle := stale_bundle(environ):
        found.append(bundle)
    try:
        tempfile.gettempdir()
    except OSError:
        found.append(_NO_TEMPORARY)
    return found
