"""A family of a third party is found by its entry point and does what every family must."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.vlms.conformance.battery import CHECKS
from harness.vlms.conformance.trial import SHAPES

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "tests" / "plugin_pkg"
HUB_ID = "llava-hf/vip-llava-7b-hf"
GRID = 4


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables under which the example package is installed and its model downloaded."""
    folder = tmp_path_factory.mktemp("plugin")
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    info = folder / "site" / f"lensbench_example-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    sections = [
        "\n".join([f"[{group}]", *(f"{name} = {target}" for name, target in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(sections) + "\n")
    cached = folder / "hub" / f"models--{HUB_ID.replace('/', '--')}"
    build_vip_llava(cached / "snapshots" / "0123456789abcdef")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123456789abcdef")
    paths = (str(ROOT), str(PLUGIN), str(folder / "site"))
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "HF_HUB_CACHE": str(folder / "hub"),
        "HF_HUB_OFFLINE": "1",
    }


def test_its_model_passes_the_contract(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    command = [sys.executable, "-m", "harness", "doctor", "--vlm", "vip-llava-7b"]
    done = subprocess.run(
        [*command, "--cells", "all", "--json", str(out)],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text())
    assert (found["facts"]["name"], found["facts"]["family"]) == ("vip-llava-7b", "vipllava")
    assert {result["check"] for result in found["results"]} == {check.name for check in CHECKS}
    painted = [result for result in found["results"] if result["check"] == "painted cell"]
    assert len(painted) == len(SHAPES)
    cells = f"{GRID * GRID} of {GRID * GRID} cells"
    assert all(result["measured"].startswith(cells) for result in painted)


def build_vip_llava(path: Path) -> None:
    """Save a random ViP-LLaVA checkpoint in ``path``."""
    import torch
    from transformers import (
        CLIPImageProcessorPil,
        LlavaProcessor,
        VipLlavaConfig,
        VipLlavaForConditionalGeneration,
    )

    from tests.vlms.checkpoints.tokenizer import build_tokenizer
    from tests.vlms.checkpoints.weights import randomise

    tokenizer = build_tokenizer({"image_token": "<image>"})
    patch, side = 8, 8 * GRID
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4}
    config = VipLlavaConfig(
        vision_config={
            "model_type": "clip_vision_model",
            "image_size": side,
            "patch_size": patch,
            "num_hidden_layers": 3,
            **sizes,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "num_hidden_layers": 3,
            "num_key_value_heads": 4,
            **sizes,
        },
        image_token_index=tokenizer.encode("<image>", add_special_tokens=False)[0],
        vision_feature_layer=[-2, 1],
        image_seq_length=GRID * GRID,
    )
    torch.manual_seed(11)
    model = VipLlavaForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    processor: Any = LlavaProcessor
    processor(
        image_processor=CLIPImageProcessorPil(
            size={"shortest_edge": side}, crop_size={"height": side, "width": side}
        ),
        tokenizer=tokenizer,
        patch_size=patch,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    ).save_pretrained(path)
