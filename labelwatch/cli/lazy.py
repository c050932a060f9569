"""Groups whose commands are imported when one of them is used, so that each start pays for its own command only."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from labelwatch.cli.commands import Entry
from labelwatch.cli.terminal import is_terminal

Panels = Mapping[str | None, tuple[Entry, ...]]


class Later(TyperCommand):
    """A command that is not imported yet: what the help of its group and completion show of it."""

    def __init__(self, entry: Entry, panel: str | None) -> None:
        super().__init__(entry.name, help=entry.summary, epilog=entry.epilog, rich_help_panel=panel)
        self._entry = entry

    def loaded(self) -> Any:
        """The command itself."""
        entry, (module, _, name) = self._entry, self._entry.function.partition(":")
        function = getattr(import_module(f"labelwatch.cli.{module}"), name) if name else _nothing
        if not entry.commands:
            app = typer.Typer(rich_markup_mode=looks(), add_completion=False)
            app.command(entry.name, epilog=entry.epilog)(function)
        else:
            settings = {"invoke_without_command": True} if name else {"no_args_is_help": True, "help": entry.summary}
            app = lazy_app({None: entry.commands}, add_completion=False, **settings)
            app.callback(epilog=entry.epilog)(function)
        return typer.main.get_command(app)


def lazy_app(panels: Panels, **settings: Any) -> typer.Typer:
    """A Typer application of these commands, by panel of its help; a callback has to be added."""

    class Group(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            for panel, entries in panels.items():
                for entry in entries:
                    self.add_command(Later(entry, panel))

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            name, command, rest = super().resolve_command(ctx, args)
            return name, command.loaded() if isinstance(command, Later) else command, rest

    return typer.Typer(cls=Group, rich_markup_mode=looks(), **settings)


def looks() -> Any:
    """How the help is formatted: for people, or plain for programs."""
    return "rich" if is_terminal() else None


def _nothing() -> None:
    """A group that does nothing by itself."""
