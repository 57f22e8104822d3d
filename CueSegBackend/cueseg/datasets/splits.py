"""Train, val and test: by subject, never by image or slice, and the same for the same seed."""

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

from cueseg.datasets.entries import SPLITS, Entry, natural
from cueseg.wording import counted

__all__ = ["assign_splits", "complete_splits", "parse_shares", "read_splits", "splits_in_words"]

DEFAULT_SHARES = (70.0, 15.0, 15.0)


def parse_shares(text: str) -> tuple[float, float, float]:
    """Shares of train, val and test from "70/15/15"; two numbers mean no test.

    Raises:
        ValueError: Not two or three numbers of 0 or more with a sum above 0.
    """
    try:
        shares = [float(part) for part in text.split("/")]
    except ValueError:
        shares = []
    if len(shares) not in (2, 3) or min(shares) < 0 or not 0 < sum(shares) < float("inf"):
        raise ValueError(f"{text!r} is no split: write the shares of train/val/test, for example 70/15/15")
    return shares[0], shares[1], shares[2] if len(shares) == 3 else 0.0


def assign_splits(
    entries: list[Entry], shares: tuple[float, float, float] = DEFAULT_SHARES, seed: int = 0
) -> list[Entry]:
    """Give every subject, with all its images, to train, val or test.

    Within each group of images the subjects are put in an order that depends on their names and the seed alone, not
    on that of the files, and cut at the shares. A split with a share gets at least one subject where there are enough.

    Args:
        entries: Entries of a manifest; their own splits do not count.
        shares: Of train, val and test, in any unit.
        seed: Another seed, another split.

    Returns:
        New entries in the same order.
    """
    homes: dict[str, str] = {}  # a subject of two data sets counts where it is met first
    for item in entries:
        homes.setdefault(item["subject"], item["group"])
    split_of: dict[str, str] = {}
    for group in sorted(set(homes.values())):
        subjects = sorted((name for name in homes if homes[name] == group), key=lambda s: _draw(s, seed))
        counts = _counts(len(subjects), shares)
        names = [split for split, count in zip(SPLITS, counts, strict=True) for _ in range(count)]
        split_of.update(zip(subjects, names, strict=True))
    return [{**item, "split": split_of[item["subject"]]} for item in entries]


def _draw(subject: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{subject}".encode()).digest()


def _counts(total: int, shares: tuple[float, float, float]) -> list[int]:
    """Whole numbers of subjects with that sum: rounded down, the largest remainders up, none of a share left out."""
    exact = [total * share / sum(shares) for share in shares]
    counts = [int(number) for number in exact]
    for index in sorted(range(3), key=lambda i: counts[i] - exact[i])[: total - sum(counts)]:
        counts[index] += 1
    wanted = [index for index in range(3) if shares[index] > 0]
    if total >= len(wanted):
        for index in wanted:
            if counts[index] == 0:
                counts[counts.index(max(counts))] -= 1
                counts[index] = 1
    return counts


def read_splits(path: str | Path, entries: list[Entry]) -> list[Entry]:
    """Take the splits from a file; subjects that it does not name are left out.

    Args:
        path: JSON, {"train": [subjects], "val": [...], "test": [...]}; or CSV with the columns subject and split.
        entries: Entries of a manifest.

    Raises:
        ValueError: The file cannot be read so, names a subject twice or one that does not exist, or an unknown split.
    """
    path = Path(path)
    pairs = _pairs_of_json(path) if path.suffix.lower() == ".json" else _pairs_of_csv(path)
    twice = [subject for subject, count in Counter(subject for subject, _ in pairs).items() if count > 1]
    if twice:
        raise ValueError(
            f"{path} names the subject {twice[0]!r} more than once: a subject is in one split only"
        )
    wrong = [split for _, split in pairs if split not in SPLITS]
    if wrong:
        raise ValueError(f"{path}: unknown split {wrong[0]!r}; there is {', '.join(SPLITS)}")
    known = {item["subject"] for item in entries}
    strange = [subject for subject, _ in pairs if subject not in known]
    if strange:
        some = ", ".join(sorted(known, key=natural)[:5])
        raise ValueError(
            f"{path} names the subject {strange[0]!r}, which the data set does not have; it has {some}"
            + (" ..." if len(known) > 5 else "")
        )
    split_of = dict(pairs)
    return [{**item, "split": split_of[item["subject"]]} for item in entries if item["subject"] in split_of]


def _pairs_of_json(path: Path) -> list[tuple[str, str]]:
    try:
        lists = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON file of splits: {error}") from error
    if not isinstance(lists, dict) or not all(isinstance(names, list) for names in lists.values()):
        raise ValueError(f'{path} must hold {{"train": [subjects], "val": [...], "test": [...]}}')
    return [(str(subject), split) for split, names in lists.items() for subject in names]


def _pairs_of_csv(path: Path) -> list[tuple[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"subject", "split"} <= set(rows[0]):
        raise ValueError(f"{path} must be a CSV file with the columns subject and split")
    return [(row["subject"], row["split"]) for row in rows]


def splits_in_words(entries: list[Entry]) -> str:
    """Subjects and images of every split in one line."""
    parts = []
    for split in SPLITS:
        images = [item for item in entries if item["split"] == split]
        if images:
            parts.append(
                f"{split} {len({item['subject'] for item in images})} ({counted(len(images), 'image')})"
            )
    return ", ".join(parts)


def complete_splits(
    entries: list[Entry], shares: tuple[float, float, float] | None = None, seed: int = 0
) -> list[Entry]:
    """Split the images whose data set does not say where they belong; the others stay where it put them.

    Args:
        entries: Entries of a manifest, with split "" where it is open.
        shares: Of train, val and test among the open ones; None: all to train where the data set has its own val,
            85/15/0 where it has its own test, else 70/15/15.
        seed: As in `assign_splits`.

    Raises:
        ValueError: A subject is in a split of the data set and open, too.
    """
    fixed = {item["subject"]: item["split"] for item in entries if item["split"]}
    rest = [item for item in entries if not item["split"]]
    torn = [item["subject"] for item in rest if item["subject"] in fixed]
    if torn:
        raise ValueError(
            f"subject {torn[0]!r} is in the data set's own split {fixed[torn[0]]!r} and also among the other images: "
            "give the splits with --split-file"
        )
    if shares is None:
        own = set(fixed.values())
        shares = (1.0, 0.0, 0.0) if "val" in own else (85.0, 15.0, 0.0) if "test" in own else DEFAULT_SHARES
    assigned = iter(assign_splits(rest, shares, seed))
    return [item if item["split"] else next(assigned) for item in entries]
