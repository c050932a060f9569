"""A mailbox and its mail server as the URL of a channel."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote

TLS_PORT = 465

_HOUSES = {
    "smtp.qq.com": ("qq.com", "foxmail.com", "vip.qq.com"),
    "smtp.163.com": ("163.com",),
    "smtp.126.com": ("126.com",),
    "smtp.yeah.net": ("yeah.net",),
    "smtp.139.com": ("139.com",),
    "smtp.sina.com": ("sina.com",),
    "smtp.aliyun.com": ("aliyun.com",),
    "smtp.yandex.ru": ("yandex.ru", "ya.ru", "yandex.com"),
    "smtp.mail.ru": ("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru"),
    "smtp.rambler.ru": ("rambler.ru", "lenta.ru", "ro.ru"),
    "smtp.gmail.com": ("gmail.com", "googlemail.com"),
}
SERVERS = {domain: server for server, domains in _HOUSES.items() for domain in domains}
"""Mail domain -> its mail server with TLS on port 465; all of them require an app password."""

NO_PASSWORDS = frozenset({"outlook.com", "hotmail.com", "live.com", "msn.com"})
"""Microsoft no longer accepts mail with a password."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server."""

    host: str
    port: int

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, so that no encryption is needed."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def mail_address(text: str) -> str:
    """The checked address; raises ValueError."""
    found = re.fullmatch(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+", text.strip())
    if not found:
        raise ValueError("no mail address")
    return found[0]


def server_of(address: str) -> Server | None:
    """The server of a well-known provider; None if the user must name it."""
    host = SERVERS.get(domain(address))
    return Server(host, TLS_PORT) if host else None


def domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def server(text: str) -> Server:
    """`smtp.example.com` or `smtp.example.com:587`; raises ValueError."""
    host, _, port = text.strip().partition(":")
    if not re.fullmatch(r"[A-Za-z0-9.-]+", host) or (port and not (port.isdecimal() and 0 < int(port) < 65536)):
        raise ValueError("no server")
    return Server(host, int(port or TLS_PORT))


def mail_url(sender: str, password: str, to: str, at: Server) -> str:
    """The channel's URL: TLS from the first byte on 465, STARTTLS elsewhere, unencrypted on this machine only."""
    login = f"{quote(sender, safe='')}:{quote(password, safe='')}@" if password else ""
    mode = "ssl" if at.port == TLS_PORT else "starttls" if password or not at.is_here else "insecure"
    scheme = "mailto" if mode == "insecure" else "mailtos"
    who = f"from={quote(sender, safe='@')}&to={quote(to, safe='@')}"
    return f"{scheme}://{login}{at.host}:{at.port}/?smtp={at.host}&{who}&mode={mode}"
