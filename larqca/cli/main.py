"""The command ``larqca``: verbs, and what becomes of errors.

====  ==================================================================
exit  meaning
====  ==================================================================
0     done
1     an error that larqca foresees, or a sweep with failed runs
2     a mistake in how the command was called
3     `larqca compare` found a regression
70    an unexpected error: a bug
130   interrupted
====  ==================================================================

Modules that take long to import are imported inside the verbs that need them.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from larqca.cli import debug, versions
from larqca.cli.compare import compare
from larqca.cli.data import data
from larqca.cli.evaluate import evaluate
from larqca.cli.export import export, verify
from larqca.cli.importing import import_model
from larqca.cli.report import report
from larqca.cli.sensitivity import sensitivity
from larqca.cli.sweep import sweep
from larqca.cli.track import track
from larqca.errors import Interrupted, LarqcaError

EXIT_ERROR, EXIT_BUG, EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 1, 70, 130, 141


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False,
              callback=versions.print_versions, help="Show versions and exit.")
@debug.option
def cli() -> None:
    """Train, compare and compress neural cellular automata with Larq quantizers."""


for _verb in (sweep, report, compare, track, sensitivity, import_model, evaluate, export, verify,
              data):
    cli.add_command(_verb)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: runs a command line and exits with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code and never raises."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with debug.switch():
        try:
            # Not cli.main, which has ways of its own with Ctrl-C and closed pipes.
            with cli.make_context("larqca", given) as context:
                code = cli.invoke(context)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
        except click.exceptions.Exit as leaving:
            return leaving.exit_code
        except click.ClickException as error:
            return _complain(_usage_line(error), error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            return _complain("interrupted", EXIT_INTERRUPTED)
        except Interrupted as error:
            return _complain(_one_line(error), EXIT_INTERRUPTED)
        except BrokenPipeError:
            return _pipe_closed()
        except LarqcaError as error:
            return _complain(f"error: {_one_line(error)}", EXIT_ERROR)
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            return _complain(f"error: {error.strerror or _one_line(error)}{where}", EXIT_ERROR)
        except Exception as error:  # the process boundary
            text = f"error: unexpected {type(error).__name__}: {_one_line(error)}"
            return _complain(f"{text[:300]} (run with --debug for the traceback)", EXIT_BUG)


def _complain(line: str, code: int) -> int:
    if debug.is_on() and sys.exc_info()[0] is not None:
        traceback.print_exc()
    print(line, file=sys.stderr)
    return code


def _usage_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return f"error: {' '.join(error.format_message().split())}{hint}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _pipe_closed() -> int:
    """Say nothing: whoever read our output has seen enough."""
    # Python flushes at exit and would complain about the closed pipe once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return EXIT_BROKEN_PIPE


__all__ = ["cli", "main", "run"]
