"""Problems of this process's environment that affect connections, each with its remedy."""

import os
import tempfile
from collections.abc import Mapping

from labelwatch.core.text import Text
from labelwatch.net import proxy
from labelwatch.net.tls import CertificatesError, stale_bundle, trusted


def problems(environ: Mapping[str, str] = os.environ) -> list[Text]:
    """Proxies, certificates and a directory for temporary files that cannot be used; no text contains a secret."""
    found = [error.text for error in proxy.mistakes(environ)]
    try:
        trusted(environ)
    except CertificatesError as error:
        found.append(error.text)
    if bundle := stale_bundle(environ):
        found.append(bundle)
    try:
        tempfile.gettempdir()
    except OSError:
        found.append(Text("no_temporary"))
    return found
