"""Records in files: written whole, appended line by line, read with what is damaged told. Needs no torch."""

import os
from pathlib import Path
from typing import Any

from cueseg.sessions.record import SessionHeader, SessionRecord, line_of, parse_action, parse_header
from cueseg.whole_files import write_whole

__all__ = ["append_action", "parse_record", "read_record", "start_record", "write_record"]


def write_record(path: Path, record: SessionRecord) -> None:
    """Write a record, whole or not at all."""
    write_whole(path, record.to_text().encode())


def start_record(path: Path, header: SessionHeader) -> None:
    """Begin a file that actions are appended to; an old file of that name is replaced."""
    write_record(path, SessionRecord(header))


def append_action(path: Path, action: dict[str, Any]) -> None:
    """Append a line, and leave it to the disk before this returns.

    A line that an interruption cut short is the last one, which `read_record` leaves out.
    """
    with path.open("ab") as file:
        file.write(f"{line_of(action)}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def read_record(path: Path) -> tuple[SessionRecord, list[str]]:
    """The record of a file, and what there is to say about it.

    Raises:
        OSError: It cannot be read.
        ValueError: Not a record, or one that is damaged before its last line; the message says where.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text: give a .jsonl file that was exported from a session") from error
    try:
        return parse_record(text)
    except ValueError as error:
        raise ValueError(f"{path} cannot be replayed: {error}") from error


def parse_record(text: str) -> tuple[SessionRecord, list[str]]:
    """As `read_record`, from the text itself.

    Returns:
        The record, and a note if its last line is damaged, which is then left out.

    Raises:
        ValueError: As `read_record`.
    """
    lines = text.splitlines()
    if not lines:
        raise ValueError("the record is empty: export it again")
    record, notes = SessionRecord(parse_header(lines[0])), []
    for number, line in enumerate(lines[1:], 1):
        try:
            record.actions.append(parse_action(line, number))
        except ValueError as error:
            if number < len(lines) - 1:
                raise ValueError(
                    f"line {number + 1} is damaged ({error}), and what follows builds upon it: take a whole copy"
                ) from error
            notes.append(f"the last line ({number + 1}) is damaged and was left out: {error}")
    return record, notes
