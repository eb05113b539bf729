"""Gate of the frozen recipe: can the language model read a scene that is given as notes?"""

from __future__ import annotations

from typing import Final, Literal

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from harness.core.progress import progress
from harness.core.rng import keyed_rng
from harness.mini.grammar import PROMPT, notes
from harness.mini.recipe.documents import Writer, word_grid
from harness.mini.recipe.evaluate import TEST_SEEDS
from harness.mini.scenes import draw_scene, sample_scene

Form = Literal["notes", "grid"]
FORMS: Final[tuple[Form, ...]] = ("notes", "grid")
"""Notes are sentences; a grid is one word per patch, laid out like the picture's tokens."""
READING_GATE: Final = 0.90
_CAPTION_TOKENS: Final = 60


@torch.no_grad()
def notes_recall(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    form: Form,
    count: int = 100,
) -> float:
    """Return the share of objects that greedy captions of noted held-out scenes name."""
    writer = Writer(tokenizer)
    named = total = 0
    for seed in progress(TEST_SEEDS[:count], description=f"reading {form}"):
        scene = sample_scene(seed)
        lot = keyed_rng("mini", "reading", seed)
        if form == "notes":
            head = writer.encode(notes(scene, lot))
        else:
            head = word_grid(writer, scene, draw_scene(scene), lot)
        ids = torch.tensor([[writer.bos, *head, *writer.encode(f"\n{PROMPT}")]])
        output = model.generate(  # type: ignore[misc]
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=_CAPTION_TOKENS,
        )
        text = tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)
        words = str(text).split("\n")[0].replace(",", " ").replace(".", " ").split()
        named += sum(thing.kind in words for thing in scene.objects)
        total += len(scene.objects)
    return named / total
