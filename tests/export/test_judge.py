import numpy as np
import pytest

from larqca.errors import ExportError
from larqca.evaluation.protocol import exchange
from larqca.export import judge as judging
from larqca.export.c99.emit import emit_c99
from larqca.export.interpret import Interpreter, grey_bytes
from larqca.export.judge import MARKS, drift, judge
from tests.export.cases import EVERY
from tests.export.helpers import tiny_program, whole_pictures


@pytest.fixture(scope="module")
def small():
    model, program = tiny_program(EVERY["bnn"], fire_all=False)
    return model, program, emit_c99(program, max_height=6, max_width=5, prefix="small")


@pytest.mark.parametrize("prefix", ["small", "judge"])
def test_the_compiled_code_follows_the_protocol(small, prefix):
    _, program, _ = small
    c = emit_c99(program, max_height=6, max_width=5, prefix=prefix)
    images = whole_pictures(2, 5, 6, 5)
    successor = exchange(5, 0)
    found = judging._votes(c, prefix, images, successor, "gcc")
    machine = Interpreter(program)
    grey = grey_bytes(images)
    grid = machine.start(grey, seeds=[program.seed + i for i in range(5)])
    for phase, pictures in enumerate((grey, grey[successor])):
        machine.show(grid, pictures)
        for number, steps in enumerate(np.diff([0, *MARKS])):
            machine.rollout(grid, steps)
            np.testing.assert_array_equal(found[:, phase, number], machine.votes(grid))


def test_metrics_of_both_stand_side_by_side(small):
    model, program, c = small
    images, labels = whole_pictures(2, 5, 6, 5), np.array([0, 1, 2, 0, 1])
    found = judge(model, program, c, "small", images, labels)
    assert found["images"] == 5
    assert list(found["keras"]) == list(found["integers"]) == ["20", "200", "220", "400"]
    for metrics in (*found["keras"].values(), *found["integers"].values()):
        assert all(0 <= share <= 1 for share in metrics.values())
    with pytest.raises(ExportError, match="there is no C compiler 'nocc'"):
        judge(model, program, c, "small", images, labels, compiler="nocc")


@pytest.mark.parametrize("name", ["float", "bnn"])
def test_states_stay_near_those_of_keras(name):
    model, program = tiny_program(EVERY[name], deviation=0.03)
    found = drift(model, program, whole_pictures(2, 3, 6, 5))
    assert len(found["largest"]) == len(found["mean"]) == 64
    assert found["largest"][0] < 0.02
    assert 0 < found["mean"][63] < 0.1
