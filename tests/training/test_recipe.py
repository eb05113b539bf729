from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.training.recipe import ProjectorRecipe, bundled_recipes, load_recipe


def test_the_default_is_the_paper() -> None:
    """The figures of the authors' training configurations."""
    recipe = load_recipe(None, {})
    assert recipe == ProjectorRecipe()
    assert (recipe.steps, recipe.batch, recipe.lr, recipe.warmup) == (12_000, 8, 2e-4, 200)
    assert (recipe.betas, recipe.eps, recipe.weight_decay) == ((0.9, 0.95), 1e-6, 0.0)
    assert (recipe.floor, recipe.clip, recipe.dropout, recipe.z_loss) == (0.1, 1.0, 0.1, 1e-4)
    assert (recipe.projector, recipe.sequence, recipe.precision) == ("gated", "rows", "bfloat16")


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    """Fields of a file replace the paper's, and options replace those."""
    file = tmp_path / "own.toml"
    file.write_text('steps = 500\nprojector = "linear"\nfeatures = [-2]\n')
    recipe = load_recipe(str(file), {"steps": 300})
    assert (recipe.steps, recipe.projector, recipe.features) == (300, "linear", (-2,))
    assert recipe.lr == ProjectorRecipe().lr


def test_every_bundled_recipe_loads() -> None:
    """The bundled names are files that are accepted as they stand."""
    assert "mini" in bundled_recipes()
    assert all(load_recipe(name, {}).steps for name in bundled_recipes())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepz = 3", "unknown field 'stepz': did you mean steps"),
        ("lr = 0", r"lr = 0 \(recipe .*own.toml\): input should be greater than 0"),
        ('projector = "conv"', "input should be 'gated', 'mlp' or 'linear'"),
        ("features = []", "features = "),
        ("warmup = 9\nsteps = 9", "warmup = 9: expected fewer steps than the training has"),
        ("steps = ", "expected TOML"),
    ],
)
def test_a_bad_recipe_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    """The field, its value, where it came from and what would be accepted."""
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as raised:
        load_recipe(str(file), {})
    assert "\n" not in str(raised.value)


def test_an_unknown_recipe_names_the_bundled_ones() -> None:
    """Neither a file nor a bundled name."""
    with pytest.raises(UsageError, match="no such file; expected .*mini"):
        load_recipe("minni", {})
    with pytest.raises(UsageError, match=r"seed = -1 \(command line\)"):
        load_recipe("mini", {"seed": -1})
