"""The part of the wizard about mail, and about bots whose address is pasted as their service shows it."""

from collections.abc import Callable, Mapping

from labelwatch.channels import check_url
from labelwatch.cli.init_ask import in_words, show
from labelwatch.cli.init_channel import Ask, ChannelTalk
from labelwatch.setup.config_writer import NewChannel
from labelwatch.setup.mailbox import NO_PASSWORDS, Server, domain, mail_address, mail_url, server, server_of
from labelwatch.setup.robots import ROBOTS, Address, address, takes_secret

_ROBOTS = frozenset(robot.name for robot in ROBOTS)


def ask_mail(asked: ChannelTalk, given: Mapping[str, str]) -> NewChannel | None:
    """The mailbox of the sender, and that of the recipient."""
    talk, words = asked.talk, asked.words("mail")

    def read(text: str) -> str:
        found = in_words(mail_address, words["address_wrong"])(text)
        if domain(found) in NO_PASSWORDS and "server" not in given:
            raise ValueError(words["no_passwords"])
        return found

    sender = talk.ask(words["address"], read, given=given.get("address"))
    at = _server(asked, sender, given.get("server"))
    if talk.is_open and "password" not in given:
        hint = asked.words("mail_password_hint")
        show(hint.get(at.host, hint["other"]))
    password = talk.ask(
        words["password"], _password(asked, at), given=given.get("password"), hidden=True, skips=at.is_here
    )
    to = talk.ask(words["to"], in_words(mail_address, words["address_wrong"]), given=given.get("to"), default=sender)
    return NewChannel("mail", mail_url(sender, password, to, at))


def _server(asked: ChannelTalk, sender: str, given: str | None) -> Server:
    known = server_of(sender)
    if known is not None and given is None:
        return known
    words = asked.words("mail")
    guess = f"smtp.{domain(sender)}"
    return asked.talk.ask(words["server"], in_words(server, words["server_wrong"]), given=given, default=guess)


def _password(asked: ChannelTalk, at: Server) -> Callable[[str], str]:
    """Gmail shows app passwords in four groups; the spaces are not part of them."""

    def read(text: str) -> str:
        if not text and at.is_here:
            return ""
        return asked.talk.needed(text.replace(" ", "") if at.host == "smtp.gmail.com" else text)

    return read


def robot(kind: str) -> Ask:
    """Asks for the address of a bot of this kind; `other` accepts any channel."""

    def ask(asked: ChannelTalk, given: Mapping[str, str]) -> NewChannel | None:
        talk, words = asked.talk, asked.words("robot")
        if talk.is_open and "address" not in given:
            show("\n" + asked.words("robot_how")[kind])
        pasted = talk.ask(words["address"], _pasted(words["address_wrong"], kind), given=given.get("address"))
        secret = given.get("secret")
        if secret is None and takes_secret(address(pasted).name):
            secret = talk.ask(words["secret"], str.strip, skips=True, hidden=True)
        found = address(pasted, secret=secret or "")
        is_robot = found.name in _ROBOTS
        api_base, proxy = asked.api_base if is_robot else "", asked.proxy if is_robot or found.name == "json" else ""
        return NewChannel(found.name, found.url, api_base, proxy)

    return ask


def _pasted(wrong: str, kind: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        found: Address = in_words(address, wrong)(text)
        if kind not in ("other", found.name) or check_url(found.url):
            raise ValueError(wrong)
        return text

    return read
