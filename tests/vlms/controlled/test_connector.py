"""Reading projector files under the names of Molmo's training code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from harness.core.errors import DataError, MismatchError, UsageError
from harness.vlms.checkpoint import CONNECTOR
from harness.vlms.checkpoint import read_config as read_plain
from harness.vlms.controlled import components, fetch
from harness.vlms.controlled.config import COMPONENTS, WEIGHTS, read_config, write_config
from harness.vlms.controlled.connector import SETTINGS, convert, read_settings
from harness.vlms.controlled.presets import ENCODERS
from harness.vlms.registry import load_vlm
from tests.vlms.checkpoints.controlled import (
    DEPTH,
    GRID,
    HIDDEN,
    PATCH,
    VISION,
    Variant,
    save_encoder,
    save_language_model,
)

INNER = 20
VOCABULARY = 368


def settings(**changes: Any) -> dict[str, Any]:
    """Return the part of a ``config.yaml`` that matters, at tiny sizes."""
    model: dict[str, Any] = {
        "d_model": HIDDEN,
        "n_layers": DEPTH,
        "mlp_hidden_size": 2 * INNER,
        "vision_backbone": {
            "image_model_type": "openai",
            "image_default_input_size": [GRID * PATCH, GRID * PATCH],
            "image_num_layers": DEPTH - 1,
            "image_emb_dim": VISION,
        },
        "llm_load_path": "pretrained/qwen2-7b.pt",
        "vocab_size": VOCABULARY,
        "embedding_size": VOCABULARY,
        "pad_tokenizer": True,
        "crop_mode": "resize",
        "use_col_tokens": True,
        "image_padding_embed": "pad_and_partial_pad",
        "vit_layers": [-1, -2],
        "image_pooling_2d": "none",
        "image_projector": "mlp",
    }
    vision = changes.pop("vision", {})
    model["vision_backbone"] |= vision
    return {"seed": 6198, "model": model | changes}


def tensors(**changes: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the trained tensors, each with values of its own."""
    generator = torch.Generator().manual_seed(11)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator) * 0.2

    return {
        "vision_backbone.image_projector.w1.weight": draw(INNER, 2 * VISION),
        "vision_backbone.image_projector.w2.weight": draw(HIDDEN, INNER),
        "vision_backbone.image_projector.w3.weight": draw(INNER, 2 * VISION),
        "vision_backbone.pad_embed": draw(2, 2 * VISION),
        "transformer.wte.new_embedding": draw(128, HIDDEN),
    } | changes


def write(folder: Path, stored: dict[str, torch.Tensor], written: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(stored, folder / CONNECTOR)
    (folder / SETTINGS).write_text(yaml.safe_dump(written))
    return folder


def test_tensors_and_settings_are_translated(tmp_path: Path) -> None:
    """Names, order of the extra rows, and layers counted from the encoder's first block."""
    stored = tensors()
    config = convert(write(tmp_path / "in", stored, settings()), tmp_path / "out")
    found = load_file(tmp_path / "out" / WEIGHTS)
    for name in ("w1", "w2", "w3"):
        expected = stored[f"vision_backbone.image_projector.{name}.weight"]
        assert torch.equal(found[f"projector.{name}.weight"], expected)
    assert torch.equal(found["pad_embed"], stored["vision_backbone.pad_embed"])
    rows = stored["transformer.wte.new_embedding"]
    for row, name in enumerate(("im_start", "im_end", "im_patch", "im_col")):
        assert torch.equal(found[f"markers.{name}"], rows[row])
    assert len(found) == 8
    assert read_config(tmp_path / "out") == config
    assert config.features == (2, 1)
    assert (config.language_model, config.encoder) == (
        "Qwen/Qwen2-7B",
        "openai/clip-vit-large-patch14-336",
    )
    assert (config.image.mode, config.image.size) == ("pad", GRID * PATCH)
    assert config.projector.hidden_size == INNER
    assert config.prompt == "Describe this image in detail."


def test_bare_names_and_16_bits_are_read_too(tmp_path: Path) -> None:
    """Without the modules' prefixes, stored as bfloat16."""
    stored = {name.partition(".")[2]: tensor.bfloat16() for name, tensor in tensors().items()}
    convert(write(tmp_path / "in", stored, settings()), tmp_path / "out")
    found = load_file(tmp_path / "out" / WEIGHTS)
    assert torch.equal(
        found["pad_embed"], tensors()["vision_backbone.pad_embed"].bfloat16().float()
    )


def test_spare_rows_of_the_input_matrix_come_before_the_trained_ones(tmp_path: Path) -> None:
    """OLMo's matrix is longer than its vocabulary, so its markers are frozen rows of it."""
    written = settings(vocab_size=100, embedding_size=128, llm_load_path="x/olmo-1024-preview.pt")
    config = convert(write(tmp_path / "in", tensors(), written), tmp_path / "out")
    assert config.marker_ids == (100, 101, 102, 103)
    assert not any("marker" in name for name in load_file(tmp_path / "out" / WEIGHTS))
    assert config.language_model == "allenai/OLMo-7B-1024-preview"


def test_published_layers_and_preprocessing(tmp_path: Path) -> None:
    """The authors' three encoders: CLIP is built without its last block."""
    cases = {
        "openai": ("clip-l", 23, 1024, 336, (22, 15)),
        "dino": ("dinov2-l", 24, 1024, 336, (23, 16)),
        "siglip": ("siglip", 27, 1152, 378, (26, 19)),
    }
    for kind, (name, depth, width, side, layers) in cases.items():
        vision = {
            "image_model_type": kind,
            "image_num_layers": depth,
            "image_emb_dim": width,
            "image_default_input_size": [side, side],
        }
        (tmp_path / SETTINGS).write_text(
            yaml.safe_dump(settings(vision=vision, vit_layers=[-2, -9]))
        )
        config = read_settings(tmp_path / SETTINGS)
        assert config.features == layers == ENCODERS[name].features
        assert config.projector.in_size == 2 * width == 2 * ENCODERS[name].width
        assert config.image == ENCODERS[name].image
        assert config.encoder == ENCODERS[name].hub


def test_linear_projectors_are_one_tensor(tmp_path: Path) -> None:
    """The authors' linear variant."""
    matrix = torch.randn(HIDDEN, 2 * VISION)
    stored = {
        name: tensor for name, tensor in tensors().items() if "image_projector" not in name
    } | {"vision_backbone.image_projector.weight": matrix}
    config = convert(
        write(tmp_path / "in", stored, settings(image_projector="linear")), tmp_path / "out"
    )
    assert config.projector.kind == "linear"
    assert torch.equal(load_file(tmp_path / "out" / WEIGHTS)["projector.w1.weight"], matrix)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop_mode": "overlap-and-resize-c2"}, "crop_mode is 'overlap-and-resize-c2'"),
        ({"image_pooling_2d": "attention_meanq"}, "image_pooling_2d.*knows none"),
        ({"image_projector": "mlpx2"}, "image_projector is 'mlpx2'"),
        ({"vit_intermediate_layer": 6}, "vit_intermediate_layer is 6"),
        ({"pad_tokenizer": False}, "pad_tokenizer is False"),
        ({"embedding_size": VOCABULARY + 3}, "leaves 3 spare rows"),
        ({"vit_layers": [-2, -9]}, "vit_layers has -9, but the encoder has 2 blocks"),
        ({"llm_load_path": "gpt2.pt"}, "llm_load_path is 'gpt2'"),
        ({"vision": {"image_model_type": "openvision2"}}, "image_model_type is 'openvision2'"),
        ({"vision": {"image_default_input_size": [32, 48]}}, "32x48 is not a square"),
    ],
)
def test_settings_of_other_models_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    """Named with the value."""
    source = write(tmp_path / "in", tensors(), settings(**changes))
    with pytest.raises(MismatchError, match=message):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("vision_backbone.image_projector.w2.weight", (HIDDEN, 7), r"w2.weight is \[32, 7\]"),
        ("vision_backbone.pad_embed", (1, 2), r"pad_embed is \[1, 2\]"),
        ("transformer.wte.new_embedding", (3, HIDDEN), "expected 4 rows or more of 32"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, shape: tuple[int, ...], message: str
) -> None:
    """Wrong shape: the settings belong to another file. Missing: named too."""
    stored = tensors() | {name: torch.zeros(shape)}
    with pytest.raises(MismatchError, match=message):
        convert(write(tmp_path / "in", stored, settings()), tmp_path / "out")
    del stored[name]
    with pytest.raises(DataError, match=f"has 0 tensors .*{name.split('.')[-2]}|pad_embed"):
        convert(write(tmp_path / "in", stored, settings()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_hold_code_are_not_run(tmp_path: Path) -> None:
    """A pickle that would create a file does not."""
    trace = tmp_path / "trace"

    class Evil:
        def __reduce__(self) -> Any:
            return (open, (str(trace), "w"))

    source = write(tmp_path / "in", {}, settings())
    torch.save({"x": Evil()}, source / CONNECTOR)
    with pytest.raises(DataError, match=r"cannot read .*connector\.pt"):
        convert(source, tmp_path / "out")
    assert not trace.exists()


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    """Missing, torn, of another kind."""
    source = write(tmp_path / "in", tensors(), settings())
    whole = (source / CONNECTOR).read_bytes()
    for content in (whole[:100], whole[: len(whole) // 2], b""):
        (source / CONNECTOR).write_bytes(content)
        with pytest.raises(DataError, match=r"cannot read .*connector\.pt"):
            convert(source, tmp_path / "out")
    torch.save([1, 2], source / CONNECTOR)
    with pytest.raises(DataError, match="does not hold named tensors"):
        convert(source, tmp_path / "out")
    for text in ("a: [", "model: 3", "model: {vision_backbone: 3}", "\x00"):
        (source / SETTINGS).write_text(text)
        with pytest.raises(DataError, match=r"cannot read .*config\.yaml"):
            convert(source, tmp_path / "out")
    short = settings()
    del short["model"]["d_model"]
    (source / SETTINGS).write_text(yaml.safe_dump(short))
    with pytest.raises(DataError, match="lacks the setting d_model"):
        convert(source, tmp_path / "out")
    (source / SETTINGS).unlink()
    with pytest.raises(DataError, match=r"cannot read .*config\.yaml"):
        convert(source, tmp_path / "out")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that stands for the hub: parts by owner, a projector, an assets cache."""
    save_language_model(tmp_path / "Qwen", Variant(language="qwen2", bos=False))
    save_encoder(tmp_path / "openai", "clip")
    write(tmp_path / "snapshots" / "0123456789abcdef" / "qwen-vit", tensors(), settings())

    def download(repository: str, allow_patterns: list[str]) -> str:
        assert repository == "owner/connectors"
        assert len(allow_patterns) == 2
        return str(tmp_path / "snapshots" / "0123456789abcdef")

    def assets(library: str, namespace: str, place: str) -> Path:
        path = tmp_path / "assets" / library / namespace / place
        path.mkdir(parents=True, exist_ok=True)
        return path

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setattr("huggingface_hub.cached_assets_path", assets)
    monkeypatch.setattr(components, "hub_path", lambda name: tmp_path / name.partition("/")[0])
    return tmp_path


def test_a_published_projector_becomes_a_model(hub: Path) -> None:
    """Fetched, converted, joined with its parts and run; the hashes of the parts are recorded."""
    path = fetch.published("owner/connectors", "qwen-vit")
    config = read_config(path)
    assert len(config.language_model_hash) == len(config.encoder_hash) == 64
    adapter = load_vlm(str(path))
    assert adapter.facts.prefix == "</s><im_start>"
    assert adapter.facts.feature_entry == "add"
    assert adapter.geometry(40, 20).mode == "pad"
    assert "LatentLens" in adapter.facts.provenance
    before = (path / WEIGHTS).stat().st_mtime_ns
    assert fetch.published("owner/connectors", "qwen-vit") == path
    assert (path / WEIGHTS).stat().st_mtime_ns == before
    assert fetch.local(hub / "snapshots" / "0123456789abcdef" / "qwen-vit") == path
    assert COMPONENTS not in {child.name for child in path.iterdir()}


@pytest.mark.usefixtures("hub")
def test_a_projector_that_was_not_published_is_one_line() -> None:
    with pytest.raises(UsageError, match="owner/connectors/qwen-vot is not on this machine"):
        fetch.published("owner/connectors", "qwen-vot")


def test_a_part_given_by_hand_is_used(hub: Path) -> None:
    """What the message about a missing part says works: a path in the converted directory."""
    path = fetch.published("owner/connectors", "qwen-vit")
    config = read_config(path)
    moved = (hub / "openai").rename(hub / "elsewhere")
    by_hand = config.model_copy(update={"encoder": str(moved), "encoder_hash": ""})
    write_config(path, by_hand)
    assert fetch.published("owner/connectors", "qwen-vit") == path
    assert read_plain(path)["encoder"] == str(moved)
    assert read_config(path).encoder_hash == config.encoder_hash
    load_vlm(str(path))


def test_another_projector_gets_another_directory(hub: Path) -> None:
    """One changed weight, and the conversion made before is not taken for it."""
    source = hub / "snapshots" / "0123456789abcdef" / "qwen-vit"
    first = fetch.local(source)
    write(source, tensors(**{"vision_backbone.pad_embed": torch.ones(2, 2 * VISION)}), settings())
    second = fetch.local(source)
    assert first != second
    assert torch.equal(load_file(second / WEIGHTS)["pad_embed"], torch.ones(2, 2 * VISION))
    (source / SETTINGS).unlink()
    with pytest.raises(DataError, match=r"cannot read .*config\.yaml"):
        fetch.local(source)


def test_without_the_hub_the_files_to_get_are_named() -> None:
    """Tests run offline, so nothing can be fetched here."""
    with pytest.raises(
        UsageError, match=r"hf download owner/absent x/connector\.pt x/config\.yaml"
    ):
        fetch.published("owner/absent", "x")
