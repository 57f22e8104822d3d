"""Splits go by subject, are the same for the same seed, and come from files as well."""

import json

import pytest

from cueseg.datasets import assign_splits, read_splits
from cueseg.datasets.splits import complete_splits, parse_shares


def entries_of(subjects, group="a", split=""):
    return [{"subject": subject, "group": group, "split": split} for subject in subjects]


SUBJECTS = [f"patient {number}" for number in range(20)]


def splits_of(entries):
    return {item["subject"]: item["split"] for item in entries}


def test_shares_are_kept_and_subjects_stay_whole():
    entries = entries_of([name for name in SUBJECTS for _ in range(3)])
    found = assign_splits(entries, (60, 20, 20))
    assert [item["subject"] for item in found] == [item["subject"] for item in entries]
    by_subject = splits_of(found)
    assert all(item["split"] == by_subject[item["subject"]] for item in found)
    counts = [list(by_subject.values()).count(split) for split in ("train", "val", "test")]
    assert counts == [12, 4, 4]


def test_a_split_depends_on_names_and_seed_and_not_on_the_order():
    first = splits_of(assign_splits(entries_of(SUBJECTS), seed=3))
    assert splits_of(assign_splits(entries_of(SUBJECTS[::-1]), seed=3)) == first
    assert splits_of(assign_splits(entries_of(SUBJECTS), seed=4)) != first


def test_every_group_is_split_by_itself_and_shared_subjects_count_once():
    entries = (
        entries_of(SUBJECTS[:10], "t1") + entries_of(SUBJECTS[:10], "t2") + entries_of(["x", "y", "z"], "ct")
    )
    found = assign_splits(entries, (1, 1, 1))
    assert {item["split"] for item in found if item["group"] == "ct"} == {"train", "val", "test"}
    t1, t2 = (splits_of([i for i in found if i["group"] == group]) for group in ("t1", "t2"))
    assert t1 == t2


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (4, [2, 1, 1])]
)
def test_no_split_with_a_share_stays_empty_where_there_are_enough_subjects(count, expected):
    found = list(splits_of(assign_splits(entries_of(SUBJECTS[:count]), (90, 5, 5))).values())
    assert [found.count(split) for split in ("train", "val", "test")] == expected


def test_the_data_sets_own_splits_stay():
    entries = entries_of(["v"], split="val") + entries_of(SUBJECTS)
    assert set(splits_of(complete_splits(entries)).values()) == {"train", "val"}
    assert splits_of(complete_splits(entries))["v"] == "val"
    tested = splits_of(complete_splits(entries_of(["t"], split="test") + entries_of(SUBJECTS)))
    assert [name for name, split in tested.items() if split == "test"] == ["t"]
    with pytest.raises(ValueError, match="'patient 1' is in the data set's own split 'val' and also among"):
        complete_splits([*entries_of(SUBJECTS), *entries_of(["patient 1"], split="val")])


@pytest.mark.parametrize("text", ["70", "a/b/c", "0/0/0", "50/-1/51", "1/2/3/4", "nan/1/1", ""])
def test_shares_that_cannot_be_are_refused(text):
    with pytest.raises(ValueError, match="is no split: write the shares"):
        parse_shares(text)


def test_shares_are_read():
    assert parse_shares("80/20") == (80.0, 20.0, 0.0)
    assert parse_shares("70/15/15") == (70.0, 15.0, 15.0)


@pytest.mark.parametrize("name", ["splits.json", "splits.csv"])
def test_splits_come_from_a_file(tmp_path, name):
    path = tmp_path / name
    if name.endswith("json"):
        path.write_text(
            json.dumps({"train": ["patient 0", "patient 2"], "test": ["patient 1"]}), encoding="utf-8"
        )
    else:
        path.write_text("subject,split\npatient 0,train\npatient 1,test\npatient 2,train\n", encoding="utf-8")
    found = read_splits(path, entries_of(SUBJECTS[:4]))
    assert splits_of(found) == {"patient 0": "train", "patient 1": "test", "patient 2": "train"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("subject,split\npatient 0,train\npatient 0,val\n", "'patient 0' more than once"),
        ("subject,split\npatient 0,training\n", "unknown split 'training'; there is train, val, test"),
        ("subject,split\nnobody,train\n", "'nobody', which the data set does not have; it has patient 0"),
        ("name,part\n1,train\n", "must be a CSV file with the columns subject and split"),
    ],
)
def test_mistakes_in_a_file_of_splits_are_named(tmp_path, text, message):
    path = tmp_path / "splits.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_splits(path, entries_of(SUBJECTS[:4]))
