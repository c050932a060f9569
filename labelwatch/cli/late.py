"""`late`: the open alerts, most urgent first."""

from labelwatch.cli.options import ConfigFile, Json, Speak
from labelwatch.cli.terminal import as_json


def late(config: ConfigFile = None, language: Speak = None, as_document: Json = False) -> None:
    """List what is late now, the most urgent first.

    It also says how well each shop is seen, and which channel does not work. It reads the database only: what the
    service, or the last `labelwatch poll`, found out.
    """
    from labelwatch.cli import board
    from labelwatch.cli.opening import configuration, opened

    with opened(configuration(config)) as app:
        overview, settings = app.overview(), app.config
    spoken = language or settings.language
    if as_document:
        as_json(board.as_document(overview, language=spoken, timezone=settings.timezone))
    else:
        board.print_board(overview, board.voice(spoken, settings.timezone, overview.as_of))
