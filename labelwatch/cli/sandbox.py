"""`sandbox`: the fake Ozon Seller API alone, for trying a configuration and for other people's clients."""

import errno
import os
from typing import Annotated

import typer

from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.terminal import complain
from labelwatch.cli.words import language_of, phrases

Port = Annotated[
    int, typer.Option("--port", metavar="P", min=0, max=65535, help="Port of the API; 0 takes a free one.")
]
Scenario = Annotated[
    str,
    typer.Option("--scenario", metavar="NAME", help="Scenario: day, causes, many:N, ...; an unknown NAME lists all."),
]
Speed = Annotated[
    float, typer.Option("--speed", metavar="X", min=0, help="Speed of the clock, as a multiple of real time.")
]


def sandbox(port: Port = 8790, scenario: Scenario = "day", speed: Speed = 1.0) -> None:
    """Serve a fake Ozon Seller API with invented shops.

    GET /sandbox/ lists the keys, the methods, and how to move the clock or inject faults. Ctrl-C ends it.
    """
    from labelwatch.sandbox import serve

    try:
        serve(port, scenario, speed=speed)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--scenario") from error
    except OSError as error:
        said, why = phrases(language_of(os.environ), "port"), error.strerror or os.strerror(error.errno or 0)
        what = "sandbox_taken" if error.errno == errno.EADDRINUSE else "sandbox"
        complain(f"{said[what].format(port=port, why=why)}\n{said['other']}")
        raise typer.Exit(FOUND_TROUBLE) from error
