"""Combinations that tests choose."""

from itertools import combinations, product

from tests.automata.helpers import every_pair


def test_every_two_values_meet_in_few_combinations():
    choices = ["abc", [0, 1], ["x", "y", "z"], range(6)]
    chosen = every_pair(*choices)
    assert set(chosen) <= set(product(*choices))
    for one, other in combinations(range(4), 2):
        met = {(values[one], values[other]) for values in chosen}
        assert met == set(product(choices[one], choices[other]))
    assert len(chosen) < 24
