"""What the command line writes: results to stdout; progress, warnings and errors to stderr."""

import argparse
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

PROGRESS_AFTER = 1.0  # seconds


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Texts as they are written, options beside their help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=110)


def say(text: str) -> None:
    """Write a line to stdout."""
    _write(sys.stdout, text)


def complain(text: str) -> None:
    """Write a line to stderr."""
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    """Letters that the terminal lacks become question marks rather than errors."""
    letters = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(letters, "replace").decode(letters) + "\n")
    stream.flush()


@contextmanager
def progress(doing: str, verbose: bool = False) -> Iterator[None]:
    """Say on stderr what takes more than a second, when somebody watches (a terminal, or `verbose`)."""
    if not (verbose or sys.stderr.isatty()):
        yield
        return
    timer = threading.Timer(PROGRESS_AFTER, complain, [f"{doing} ..."])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def logging_to_stderr(level: int) -> Iterator[None]:
    """Show the log of this package from `level` on while the command runs."""
    logger = logging.getLogger("cueseg")
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter())
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before


class _Formatter(logging.Formatter):
    """Information as it is, warnings and worse with their level."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {text}"
