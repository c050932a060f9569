"""Why a connection failed, by the kind of its error."""

import errno
import socket
import ssl

from labelwatch.channels.redaction import quoted
from labelwatch.core.text import Text
from labelwatch.net.errors import chain_of

_BY_NUMBER = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ENETUNREACH: "no_network",
    errno.EHOSTUNREACH: "no_route",
    errno.ECONNRESET: "reset",
}
_MOST = 160


def reason(error: BaseException, secrets: tuple[str, ...] = ()) -> Text:
    """Why, and what to check; what only the system or a library has words for is quoted."""
    for one in chain_of(error):
        match one:
            case ssl.SSLCertVerificationError():
                return Text("certificate", {"raw": quoted(one.verify_message, secrets, _MOST)})
            case socket.gaierror() | UnicodeError():
                return Text("unknown_host")
            case TimeoutError():
                return Text("connection_silent")
            case OSError(errno=number) if number in _BY_NUMBER:
                return Text(_BY_NUMBER[number])
    return Text("foreign", {"raw": quoted(str(error), secrets, _MOST) or type(error).__name__})
