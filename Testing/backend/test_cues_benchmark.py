"""The benchmark of cues: what its runs are told, and its table of pairs."""

import tomllib

import cues
from common import setting
from cueseg.training.config import read_recipe


def test_values_of_a_run_are_read_as_they_were_meant():
    value = {"phases": cues.PHASES, "cue": "ep", "seed": 3}
    text = "\n".join(setting(key, part) for key, part in value.items())
    assert tomllib.loads(text) == value


def test_the_larger_input_changes_nothing_else():
    small = read_recipe(cues.RECIPE, cue="ep")
    large = read_recipe(cues.RECIPE, **cues.CUES["ep-large"])
    assert [phase.size for phase in large.phases] == [cues.LARGE]
    assert [phase.shares for phase in large.phases] == [phase.shares for phase in small.phases]
    assert (large.steps, large.cue) == (small.steps, "ep")


def test_pairs_are_compared_where_both_were_trained(monkeypatch):
    monkeypatch.setattr(cues, "COLUMNS", ("organ",))
    runs = {"ep": [[0.5, 0.7], [0.7, 0.9]], "cm": [[0.8, 0.8]], "ep-large": [[0.1, 0.2]]}
    found = {"exact": {name: {"organ": dices} for name, dices in runs.items()} | {"cm-code": {}}}
    # ep on average 0.6 and 0.8; differences 0.2 and 0
    row = "| cm - ep | 96 | exact | 1 and 2 | 0.800, 0.700 | +0.1000 ± 0.1000 | 1 | 2 |"
    assert cues.reasons(found).splitlines()[2:] == [row]
