"""The command group; commands are imported on first use, so that ``--help`` stays instant."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

import click

from harness.core.errors import LensbenchError

_COMMANDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "agree": ("harness.cli.agree:command", "Tell how far judges and people agree."),
        "annotate": ("harness.cli.annotate:command", "Ask people what judges were asked."),
        "compare": ("harness.cli.compare:command", "Compare two runs, or one with the paper."),
        "doctor": ("harness.cli.doctor:command", "Check that a model is read as it should be."),
        "judge": ("harness.cli.judge:command", "Ask judges, or add some to a finished run."),
        "library": ("harness.cli.library:command", "Build reference libraries, look after them."),
        "list": ("harness.cli.list:command", "Show models, lenses, judges, corpora and images."),
        "report": ("harness.cli.report:command", "Write one page from runs, or from the paper."),
        "run": ("harness.cli.run:command", "Compare lenses on a model and write a leaderboard."),
        "train": ("harness.cli.train:command", "Train a projector, or repeat a miniature."),
        "view": ("harness.cli.view:command", "Serve a report on this machine and open it."),
    }
)
_INTERRUPTED: Final = 130


class LazyGroup(click.Group):
    """A group that knows its commands by name and help line before importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for an unknown name."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        return cast(click.Command, getattr(importlib.import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help lines without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lensbench", prog_name="lensbench")
def cli() -> None:
    """Lensbench: which lens says best, in words, what a visual token encodes?"""


def main() -> None:
    """Run the command line; a user's mistake or a failure is one line and an exit code.

    Exit codes: 0 done, 1 failure, 2 wrong usage, 130 interrupted.
    """
    try:
        code = cli.main(standalone_mode=False)
    except LensbenchError as error:
        click.echo(f"lensbench: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else str(error), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"lensbench: {error.format_message()}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo(
            "lensbench: interrupted; everything finished is kept, the same command continues",
            err=True,
        )
        sys.exit(_INTERRUPTED)
    sys.exit(code or 0)
