"""One bit a weight, learned for real, though briefly, on the handwritten digits."""

from larqca.sweep.grid import load_grid
from larqca.training.run import execute


def test_one_bit_kernels_classify_digits_and_go_on_doing_so(project_root, tmp_path):
    """Seed 0 of a grid whose report says what nine other seeds give."""
    grid = load_grid(project_root / "sweeps" / "digits_ten_seeds.yaml")
    rows = {run.row: run for run in grid.runs if run.seed == 0}
    first, binary = rows["float"], rows["one-bit kernels, 4 planes"]
    assert binary.source_run == first.hash
    for run in (first, binary):
        (tmp_path / run.hash).mkdir()
    execute(first.config, tmp_path / first.hash)
    result = execute(
        binary.config, tmp_path / binary.hash, source=tmp_path / first.hash / "model.npz"
    )
    assert result.state == "done"
    for step in ("200", "400"):  # before and after every digit was exchanged for another
        assert result.metrics[step]["cell_accuracy"] >= 0.9
    assert result.metrics["200"]["agreement"] >= 0.8
