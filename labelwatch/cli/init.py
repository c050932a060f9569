"""`init`: creates a working configuration, one question at a time, testing each answer at once.

    language | shop: key, what it shows | channel: address, first message | clock | write | what to do next

Nothing is written before the end, and then all of it or nothing. The other parts are in init_*.py.
"""

from pathlib import Path
from typing import Annotated

import typer

from labelwatch.cli.options import ConfigFile, Language

Speak = Annotated[
    Language | None,
    typer.Option(
        "--language", show_default=False, help="Language of the questions and messages. Default: the system's."
    ),
]
Shops = Annotated[
    list[str] | None, typer.Option("--shop", metavar="NAME", show_default=False, help="Name of a shop.")
]
ClientIds = Annotated[
    list[str] | None,
    typer.Option("--client-id", metavar="N", show_default=False, help="Client-Id of a shop; repeat for several."),
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="SECRET",
        show_default=False,
        help="API key. A SECRET is - (a line of the input), file:PATH or env:NAME; others see one in the command.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--telegram-token", metavar="SECRET", show_default=False, help="Telegram bot token from @BotFather."
    ),
]
Chat = Annotated[
    str | None, typer.Option("--chat", metavar="ID", show_default=False, help="Telegram chat: its id, or @name.")
]
Mail = Annotated[
    str | None, typer.Option("--mail", metavar="ADDRESS", show_default=False, help="Mail address of the sender.")
]
MailPassword = Annotated[
    str | None,
    typer.Option("--mail-password", metavar="SECRET", show_default=False, help="App password of the mailbox."),
]
MailServer = Annotated[
    str | None,
    typer.Option(
        "--mail-server", metavar="HOST[:PORT]", show_default=False, help="Mail server for outgoing mail (465 is TLS)."
    ),
]
MailTo = Annotated[
    str | None,
    typer.Option(
        "--mail-to", metavar="ADDRESS", show_default=False, help="Mail address of the recipient. Default: the sender."
    ),
]
Webhook = Annotated[
    str | None,
    typer.Option(
        "--webhook",
        metavar="SECRET",
        show_default=False,
        help="Address of a robot (WeCom, DingTalk, Feishu: as copied), a web address that takes JSON, or any "
        "Apprise URL.",
    ),
]
WebhookSecret = Annotated[
    str | None,
    typer.Option("--webhook-secret", metavar="SECRET", show_default=False, help="Secret of the robot's signature."),
]
Timezone = Annotated[
    str | None, typer.Option("--timezone", metavar="ZONE", show_default=False, help="Time zone, like Asia/Shanghai.")
]
Quiet = Annotated[
    str | None,
    typer.Option("--quiet-hours", metavar="FROM-TO", show_default=False, help="Quiet hours, like 22:00-08:00."),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        show_default=False,
        help="Another address of Ozon's API, like the sandbox's; the database is then one for trials.",
    ),
]
ApiBase = Annotated[
    str | None,
    typer.Option(
        "--api-base",
        metavar="URL",
        show_default=False,
        help="Another address of the Bot API or of the robot's service.",
    ),
]
Proxy = Annotated[
    str | None,
    typer.Option(
        "--proxy", metavar="SECRET", show_default=False, help="Proxy to Telegram or to the robot's service."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="FILE",
        show_default=False,
        help="The file to write (--config is the same). Without it: $LABELWATCH_CONFIG, else "
        "~/.config/labelwatch/labelwatch.toml.",
    ),
]
Replace = Annotated[bool, typer.Option("--replace", help="Overwrite an existing file; a copy of it is kept.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; what no option sets keeps its default.")]


def init(
    context: typer.Context,
    language: Speak = None,
    shop: Shops = None,
    client_id: ClientIds = None,
    key: Keys = None,
    telegram_token: Token = None,
    chat: Chat = None,
    mail: Mail = None,
    mail_password: MailPassword = None,
    mail_server: MailServer = None,
    mail_to: MailTo = None,
    webhook: Webhook = None,
    webhook_secret: WebhookSecret = None,
    timezone: Timezone = None,
    quiet_hours: Quiet = None,
    base_url: BaseUrl = None,
    api_base: ApiBase = None,
    proxy: Proxy = None,
    output: Output = None,
    config: ConfigFile = None,
    replace_it: Replace = False,
    yes: Yes = False,
) -> None:
    """Set up labelwatch: the key of your shop, and where messages go.

    It explains where to find both, tests them, and writes the configuration. With options it asks only for the
    rest, with --yes or without a terminal nothing at all. If Ozon or a channel refuses, nothing is written.
    """
    # Imported here: the libraries for Ozon and the channels take time, which --help must not spend.
    from labelwatch.cli.init_wizard import options_of, wizard

    wizard(options_of(context.params))
