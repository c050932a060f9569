"""The course of the wizard: options, questions, the configuration, what to do next."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import Any

import typer

from labelwatch.channels import check_url, check_way
from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.init_ask import Talk, in_words, show
from labelwatch.cli.init_channel import Ask, ChannelTalk, Wish, ask_channels
from labelwatch.cli.init_mail import ask_mail, robot
from labelwatch.cli.init_shop import GivenShop, ShopTalk, ask_shops
from labelwatch.cli.init_telegram import ask_telegram
from labelwatch.cli.terminal import complain
from labelwatch.cli.words import phrases
from labelwatch.config import ConfigError, Ozon, find, values
from labelwatch.config.reading import home
from labelwatch.config.secret import is_reference, resolve
from labelwatch.setup.config_writer import Draft, NewChannel, Written, write
from labelwatch.setup.locale_guess import guess_language, guess_zone, zone

STOPPED = 130
"""Exit code after Ctrl-C."""
BOARD = "127.0.0.1:8765"

_NAMES = {"zh": "中文", "ru": "Русский", "en": "English"}
_KINDS: Mapping[str, Ask] = {
    "telegram": ask_telegram,
    "mail": ask_mail,
    **{kind: robot(kind) for kind in ("wecom", "dingtalk", "feishu", "other")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options as written on the command line; a secret may be a reference."""

    language: str | None
    names: Sequence[str]
    client_ids: Sequence[str]
    keys: Sequence[str] = field(repr=False)
    telegram: Mapping[str, str | None] = field(repr=False)
    mail: Mapping[str, str | None] = field(repr=False)
    webhook: Mapping[str, str | None] = field(repr=False)
    timezone: str | None
    quiet_hours: str | None
    base_url: str | None
    api_base: str | None
    proxy: str | None = field(repr=False)
    output: Path | None
    may_replace: bool
    asks: bool


def options_of(params: Mapping[str, Any]) -> Options:
    """The options by the names that `init` has for them."""
    return Options(
        language=params["language"],
        names=params["shop"] or [],
        client_ids=params["client_id"] or [],
        keys=params["key"] or [],
        telegram={"token": params["telegram_token"], "chat": params["chat"]},
        mail={
            "address": params["mail"],
            "password": params["mail_password"],
            "server": params["mail_server"],
            "to": params["mail_to"],
        },
        webhook={"address": params["webhook"], "secret": params["webhook_secret"]},
        timezone=params["timezone"],
        quiet_hours=params["quiet_hours"],
        base_url=params["base_url"],
        api_base=params["api_base"],
        proxy=params["proxy"],
        output=params["output"] or params["config"],
        may_replace=params["replace_it"],
        asks=not params["yes"],
    )


def wizard(options: Options) -> None:
    """Run the whole dialog; typer.Exit if it ends without a configuration."""
    language = options.language or guess_language(os.environ)
    talk = Talk(phrases(language, "init_talk"), options.asks and sys.stdin.isatty() and sys.stdout.isatty())
    try:
        if talk.is_open and options.language is None:
            language = _language(talk, language)
            talk = Talk(phrases(language, "init_talk"), is_open=True)
        _converse(options, talk, str(language))
    except (KeyboardInterrupt, EOFError):
        complain("\n" + talk.words["stopped"])
        raise typer.Exit(STOPPED) from None


def _converse(options: Options, talk: Talk, language: str) -> None:
    words, path = phrases(language, "init_end"), _place(options.output)
    if not talk.is_open:
        _want_all(options, talk.words)
    _want_room(path, talk, words, may_replace=options.may_replace)
    if talk.is_open:
        show("\n" + talk.words["hello"])
    _warn_of_open_secrets(options, talk)
    base_url = _web_url(options.base_url, "--base-url")
    shops = ask_shops(ShopTalk(talk, language, base_url or Ozon().base_url), _given_shops(options))
    channels = _channels(options, talk, language, tuple(shop.name for shop in shops))
    show(f"\n{words['title']}", style="bold cyan")
    read_zone = in_words(zone, words["zone_wrong"])
    clock = talk.ask(words["zone"], read_zone, given=options.timezone, default=guess_zone(language))
    draft = Draft(
        language=language,
        timezone=clock,
        shops=shops,
        channels=_with_quiet_hours(talk, words, options.quiet_hours, channels),
        base_url=base_url,
        listen=BOARD if find_spec("starlette") else "",
    )
    _finish(words, _written(draft, path, words), draft)


def _channels(options: Options, talk: Talk, language: str, shops: tuple[str, ...]) -> tuple[NewChannel, ...]:
    api_base, proxy = _web_url(options.api_base, "--api-base"), _secret(options.proxy, "--proxy") or ""
    asked = ChannelTalk(talk, language, shops, api_base, proxy)
    return ask_channels(asked, _wishes(options), _KINDS)


def _warn_of_open_secrets(options: Options, talk: Talk) -> None:
    """Other users of the machine can read the arguments of a running program, and a shell keeps what was typed."""
    given = {
        "--key": options.keys,
        "--telegram-token": [options.telegram["token"]],
        "--mail-password": [options.mail["password"]],
        "--webhook": [options.webhook["address"]],
        "--webhook-secret": [options.webhook["secret"]],
        "--proxy": [options.proxy if options.proxy and "@" in options.proxy else None],
    }
    openly = [option for option, texts in given.items() if any(map(_is_open, texts))]
    if openly:
        talk.complain(talk.words["openly"].format(options=", ".join(openly)))


def _is_open(text: str | None) -> bool:
    """Whether an option holds a secret itself."""
    return bool(text) and text != "-" and not is_reference(text or "")


def _language(talk: Talk, guess: str) -> str:
    chosen = talk.choose("语言 / Язык / Language", list(_NAMES.values()), default=list(_NAMES).index(guess))
    return list(_NAMES)[chosen]


def _place(output: Path | None) -> Path:
    """Where the configuration goes: one of the places where it is looked for."""
    named = output or os.environ.get("LABELWATCH_CONFIG")
    if named:
        return Path(named).expanduser()
    folder = home(os.environ)
    return folder / ".config/labelwatch/labelwatch.toml" if folder else Path("/etc/labelwatch/labelwatch.toml")


def _want_all(options: Options, words: Mapping[str, str]) -> None:
    """Name every missing option at once if nobody can be asked; exits with 2."""
    mail, telegram = options.mail, options.telegram
    lacking = [
        option
        for option, is_lacking in (
            ("--client-id", not options.client_ids),
            ("--key", not options.keys or len(options.keys) < len(options.client_ids)),
            ("--telegram-token", telegram["chat"] and not telegram["token"]),
            ("--chat", telegram["token"] and not telegram["chat"]),
            ("--mail", any(mail.values()) and not mail["address"]),
            ("--mail-password", mail["address"] and not mail["password"] and not mail["server"]),
        )
        if is_lacking
    ]
    if lacking:
        why = words["lacking"].format(options=", ".join(lacking))
        raise typer.BadParameter(f"{why} {words['no_terminal']} {words['open_help']}")


def _want_room(path: Path, talk: Talk, words: Mapping[str, str], *, may_replace: bool) -> None:
    """Check before the first question that the configuration can be written, and may replace another one."""
    above = next(parent for parent in path.absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        complain(words["not_written"].format(path=path, why=above))
        raise typer.Exit(FOUND_TROUBLE)
    if path.exists() and not may_replace and not talk.yes(words["exists"].format(path=path), default=False):
        complain(talk.words["stopped"] if talk.is_open else f"{words['exists'].format(path=path)} --replace")
        raise typer.Exit(FOUND_TROUBLE)


def _given_shops(options: Options) -> tuple[GivenShop, ...]:
    keys = [_secret(key, "--key") for key in options.keys]
    return tuple(GivenShop(*one) for one in zip_longest(options.names, options.client_ids, keys))


def _wishes(options: Options) -> list[Wish]:
    """The channels given by options, with their secrets resolved."""
    kinds = {
        "telegram": (options.telegram, {"token": "--telegram-token"}),
        "mail": (options.mail, {"password": "--mail-password"}),
        "other": (options.webhook, {"address": "--webhook", "secret": "--webhook-secret"}),
    }
    found = []
    for kind, (said, hidden) in kinds.items():
        known = {name: text for name, text in said.items() if text}
        known |= {name: _secret(known[name], option) or "" for name, option in hidden.items() if name in known}
        if known:
            found.append(Wish(kind, known))
    return found


def _secret(text: str | None, option: str) -> str | None:
    """The value of an option or of its reference: env:NAME, file:PATH, - for the next line of the input."""
    if text is None:
        return None
    if text == "-":
        return sys.stdin.readline().strip()
    return _checked(partial(resolve, environ=os.environ, directory=Path.cwd()), text, option)


def _web_url(text: str | None, option: str) -> str:
    return _checked(values.web_url, text, option) if text else ""


def _checked(read: Callable[[str], str], text: str, option: str) -> str:
    try:
        return read(text)
    except ValueError as error:
        raise typer.BadParameter(f"allowed is {error}", param_hint=option) from None


def _with_quiet_hours(
    talk: Talk, words: Mapping[str, str], given: str | None, channels: tuple[NewChannel, ...]
) -> tuple[NewChannel, ...]:
    if not channels:
        return channels

    def read(text: str) -> str:
        if text:
            in_words(values.quiet_hours, words["quiet_wrong"])(text)
        return text

    quiet = talk.ask(words["quiet"], read, given=given, skips=True)
    return tuple(replace(channel, quiet_hours=quiet) for channel in channels)


def _written(draft: Draft, path: Path, words: Mapping[str, str]) -> Written:
    comments = phrases(draft.language, "init_file")
    try:
        return write(draft, path, comments=comments, environ=os.environ, check_url=check_url, check_way=check_way)
    except OSError as error:
        complain(words["not_written"].format(path=path, why=error.strerror or error))
        raise typer.Exit(FOUND_TROUBLE) from None


def _finish(said: Mapping[str, str], written: Written, draft: Draft) -> None:
    program = _program(written.config)
    show("\n" + said["written"].format(path=written.config), style="green")
    show(said["secrets"].format(path=written.secrets))
    if written.kept:
        show(said["kept"].format(path=written.kept))
    show("\n" + said["next"], style="bold")
    for command, what in (("poll", said["poll"]), ("run", said["run"])):
        show(f"\n  {program[0]} {command}{program[1]}", style="bold")
        show(f"    {what}")
    if draft.listen:
        show("\n" + said["board"])
    if draft.base_url:
        show("\n" + said["trial"], style="bold")
        return
    services = phrases(draft.language, "init_end_service")
    show("\n" + services.get(sys.platform, services["other"]))


def _program(config: Path) -> tuple[str, str]:
    """How to run this program here, and the option it needs to find the configuration."""
    called = "labelwatch" if shutil.which("labelwatch") else sys.argv[0]
    if called.endswith(".py"):
        called = f"{sys.executable} -m labelwatch"
    try:
        found = find(None, os.environ).absolute()
    except ConfigError:
        found = None
    return called, "" if found == config.absolute() else f" --config {config}"
