"""The table of a cohort, shares of it, and origins of slices."""

import pytest

from cueseg.datasets.provenance import SliceOrigin, origins_of_json, origins_to_json, read_origins
from cueseg.labelling.cohort import read_cohort
from cueseg.labelling.shards import Shard, shard_of

CLICKS = "18,22 42,22 30,10 30,34"


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "cohort.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_rows_of_an_image_are_one_case(table, tmp_path):
    text = f'image,slice,name,points,axis\na/x.nii.gz,3,liver,"{CLICKS}",\na/x.nii.gz,4,liver,"{CLICKS}",coronal\n'
    first, second = read_cohort(table(text + 'y,,,"1,2 3,4 2,1 2.5,9",\n'))
    assert (first.id, first.image) == ("x", tmp_path / "a" / "x.nii.gz")
    assert [(item.index, item.name, item.axis) for item in first.slices] == [
        (3, "liver", None),
        (4, "liver", "coronal"),
    ]
    assert first.slices[0].points[1] == (42.0, 22.0)
    assert (second.slices[0].name, second.slices[0].index) == ("Segment_1", None)


def test_a_table_may_be_one_column_with_a_byte_order_mark(table):
    assert [case.id for case in read_cohort(table("\ufeffimage\na.nrrd\nb.nrrd\n"))] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path\na\n", r"cohort\.csv has the unknown column 'path': its columns may be image, id"),
        ("id\na\n", "has no column 'image'"),
        ("image\n", "lists no image"),
        ("image,id\na,x\n,y\n", "line 3: the image is missing"),
        ("image,id\na,../x\n", "line 2: '../x' cannot be the name of a file"),
        ("image,modality\na,pet\n", "line 2: unknown modality 'pet'"),
        ("image\na\na\n", "line 3: a is listed twice"),
        ("image,id\na/s\nb/s\n", "line 3: s stands for another image above: give each image an id"),
        ('image,points\na,"1,2 3,4"\n', "line 2: '1,2 3,4' are no four points: write them as"),
        ('image,points\na,"1,2 1,2 1,2 1,2"\n', "line 2: all four points are at the same place"),
        (f'image,slice,points\na,-1,"{CLICKS}"\n', "slice must be a number from 0 on, got '-1'"),
        ("image,points\na,1,2\n", "line 2: more values than columns"),
    ],
)
def test_mistakes_in_a_table_are_named_with_their_line(table, text, message):
    with pytest.raises(ValueError, match=message):
        read_cohort(table(text))


def test_shares_are_all_items_each_once():
    items = list(range(11))
    for count in (1, 2, 3, 20):
        shares = [Shard(index, count).of(items) for index in range(count)]
        assert sorted(item for share in shares for item in share) == items
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_the_share_comes_from_the_option_or_from_the_environment():
    assert shard_of("1/3", {}) == Shard(1, 3)
    assert shard_of(None, {"RANK": "2", "WORLD_SIZE": "4"}) == Shard(2, 4)
    assert shard_of(None, {}) == Shard(0, 1)
    with pytest.raises(ValueError, match=r"within torchrun \(RANK 0 of 2\): leave --shard out"):
        shard_of("0/2", {"RANK": "0", "WORLD_SIZE": "2"})


@pytest.mark.parametrize("text", ["2/2", "1", "a/b", "-1/2", "0/0"])
def test_impossible_shares_are_refused(text):
    with pytest.raises(ValueError, match="is no share: write i/n with i from 0 to n - 1"):
        shard_of(text, {})


def test_origins_survive_json(tmp_path):
    weights = {"name": "w", "sha256": "0" * 64}
    origins = [
        SliceOrigin("liver", 3, "clicked", True, "axial", ((1.0, 2.0), (3.5, 4.0)), weights),
        SliceOrigin("liver", 4, "propagated"),
    ]
    assert origins_of_json(origins_to_json(origins)) == origins
    with pytest.raises(ValueError, match=r"has the fields axis, .*, got \['index'\]"):
        origins_of_json([{"index": 1}])
    with pytest.raises(ValueError, match=r"origin must be one of clicked, .*, got 'guessed'"):
        SliceOrigin("liver", 1, "guessed")
    with pytest.raises(ValueError, match="slice 1 of liver is predicted: say by which weights"):
        SliceOrigin("liver", 1, "predicted")
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.json does not say where slices come from"):
        read_origins(tmp_path / "a.json")
