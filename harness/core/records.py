"""The typed records that flow from stage to stage; every table of a run is made of them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the original image; right and bottom are exclusive."""

Relation = Literal["concrete", "abstract", "global", "none"]
"""How a word relates to a region: seen in it, suggested by it, seen elsewhere, or not at all."""

Status = Literal["ok", "refusal", "truncated", "parse_error", "schema_error", "api_error"]
"""Outcome of a judge call; everything but ``ok`` is unscored."""

Check = Literal["", "repeat", "reorder"]
"""Why a question was asked again: the same once more, or its words in another order."""

Definition = Literal[
    "interpretable",
    "concrete",
    "concrete+abstract",
    "pass@1",
    "pass@2",
    "pass@3",
    "pass@4",
    "pass@5",
]
"""A hit: any relation, concrete only, concrete or abstract, any relation of the first n words."""

LensKind = Literal["lens", "control"]
"""Whether a board row is a lens under test or a chance-level control."""


class Record(BaseModel):
    """Base of all records: frozen, unknown fields refused, field docstrings kept."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class RunSpec(Record):
    """Everything that decides the result of a run, with all defaults resolved."""

    schema_version: int = 1
    """Version of this record's layout."""
    vlm: str
    """Registered name, path or hub id of the vision-language model."""
    vlm_hash: str
    """sha256 over the model's weight and processor files."""
    dtype: str = "float32"
    """Type of the model's forward pass: float32, bfloat16, float16 or 4bit."""
    view: str = "global"
    """View of an image that is looked at: global or tiles."""
    prompt: str = "chat"
    """Text around the image: chat or plain."""
    max_pixels: int = 0
    """Most pixels at which an image is shown to a model that scales images; 0: its own limit."""
    images: str
    """Image source as it was named."""
    image_ids: tuple[str, ...]
    """sha256 of every image's bytes, in order."""
    patches_per_image: int
    """Sampled patches per image."""
    lenses: tuple[str, ...]
    """Lenses and controls, in display order."""
    layers: tuple[int, ...]
    """Visual layers, 0 (input of block 0) to N (last block's output, before the final norm)."""
    contextual_layers: tuple[int, ...]
    """Text layers stored in the reference library."""
    corpus: str
    """Name or path of the reference corpus."""
    corpus_hash: str
    """sha256 of the sorted corpus lines."""
    fraction: float = 1.0
    """Share of the corpus' phrases that the reference library is built from."""
    library: str = ""
    """Folder of the reference library, empty if it is built from the corpus."""
    library_hash: str = ""
    """Fingerprint of that library."""
    engine: str = "exact"
    """Search of the library."""
    judges: tuple[str, ...]
    """Judges; ``none`` leaves descriptions unjudged."""
    protocol: str = "paper"
    """How judges are asked."""
    panel: str = "none"
    """How the verdicts of several judges are joined: none or majority."""
    repeat: float = 0.0
    """Per cent of the questions that every judge is asked twice."""
    reorder: float = 0.0
    """Per cent of the questions asked again with their words in another order."""
    k: int = 5
    """Descriptions per patch, lens and layer."""
    seed: int = 42
    """Seed of patch sampling and of the controls."""


class ImageRecord(Record):
    """One image of a run, identified by its content."""

    image_id: str
    """sha256 of the image's bytes."""
    source: str
    """Path of the file, its web address, the row of a dataset, or ``scene:SEED``."""
    width: int
    """Width in pixels after the orientation tag is applied."""
    height: int
    """Height in pixels after the orientation tag is applied."""


class Patch(Record):
    """One sampled visual token with its place in the original image."""

    patch_id: str
    """First 16 hexadecimal digits of the sha256 of (image id, mode, canvas, grid, row, col)."""
    image_id: str
    """Image the patch belongs to."""
    row: int
    """Grid row of the centre cell, from the top."""
    col: int
    """Grid column of the centre cell, from the left."""
    token_index: int
    """Index of the visual token among the image's visual tokens."""
    box: Box
    """Box of the centre cell."""
    region: Box
    """Box of the 3x3 cells around it: what the judge is asked about."""


class Description(Record):
    """One neighbour returned by a lens for one patch at one layer."""

    patch_id: str
    """Patch described."""
    lens: str
    """Registered name of the lens or control."""
    layer: int
    """Visual layer of the query."""
    rank: int
    """0 for the best neighbour."""
    token: str
    """The token as the tokenizer decodes it alone."""
    token_id: int
    """Its id."""
    word: str
    """The whole word around the token, by recorded offsets; without context the stripped token."""
    score: float
    """Similarity or logit, higher is better."""
    source_layer: int | None
    """Contextual layer of the neighbour; None for vocabulary lenses."""
    context: str
    """Phrase the neighbour was read in; empty for vocabulary lenses."""
    start: int
    """First character of ``word`` in ``context``; 0 without context."""
    end: int
    """One past its last character; 0 without context."""


class Entity(Record):
    """One labelled thing in an image, as ground truth knows it."""

    kind: str
    """Object name, or background region name."""
    hypernyms: tuple[str, ...] = ()
    """More general names, nearest first."""
    parts: tuple[str, ...] = ()
    """Named parts of it that are visible here."""
    colour: str = ""
    """Colour name, empty for background."""
    material: str = ""
    """Material or surface name, empty for background."""
    background: bool = False
    """Whether it is background rather than an object."""
    coverage: float
    """Share of the region's pixels that it covers, 0 to 1."""


class RegionLabels(Record):
    """Ground truth of one patch: what is inside its 3x3 region and what is in the whole image."""

    inside: tuple[Entity, ...]
    """Entities with pixels inside the region; ``coverage`` is of the region."""
    everywhere: tuple[Entity, ...]
    """All entities of the image; ``coverage`` is of the image."""
    centre: str
    """Kind under the centre of the patch."""


class Call(Record):
    """One exchange with a judge model as it happened, answered or not."""

    status: Status
    """Outcome of this exchange."""
    raw: str = ""
    """Text of the reply, verbatim."""
    error: str = ""
    """What went wrong, empty if ok."""
    http_status: int = 0
    """Status code of the server; 0 if there was no reply."""
    request_id: str = ""
    """The provider's name for the exchange."""
    snapshot: str = ""
    """Model that answered, as the reply names it."""
    input_tokens: int = 0
    """Tokens sent, cached ones included."""
    cached_tokens: int = 0
    """Tokens among those sent that the provider had cached."""
    output_tokens: int = 0
    """Tokens received, hidden reasoning included."""
    reasoning_tokens: int = 0
    """Tokens among those received that are hidden reasoning."""
    cost_usd: float | None = 0.0
    """Price paid in US dollars; None if the price of the model is not known."""
    latency_s: float = 0.0
    """Seconds from sending to the end of the reply."""


class Judgement(Record):
    """One question to a judge and its outcome; failures are kept, never scored."""

    key: str
    """sha256 that identifies the question, see ``judges.base.request_key``."""
    judge: str
    """Name of the judge as the run names it."""
    judge_version: str
    """Hash of model and parameters, or of the rules of a rule-based judge."""
    patch_id: str
    """Patch asked about."""
    words: tuple[str, ...]
    """Words, or sentences with the word marked, in the order shown."""
    status: Status
    """Outcome."""
    relations: tuple[Relation, ...] = ()
    """One relation per word; empty unless ``status`` is ok."""
    raw: str = ""
    """The judge's last reply, verbatim."""
    error: str = ""
    """What went wrong, empty if ok."""
    protocol: str = ""
    """Name and version of the protocol, such as ``paper.1``."""
    prompt_hash: str = ""
    """sha256 over the protocol's templates, schema and settings."""
    image_hash: str = ""
    """sha256 over the pictures shown; empty for a judge that looks at none."""
    check: Check = ""
    """Why it was asked again; empty for the question itself."""
    probes: tuple[str, ...] = ()
    """Words among those shown that no lens said of this patch."""
    snapshot: str = ""
    """Model that answered, as the reply names it."""
    input_tokens: int = 0
    """Tokens sent in all calls."""
    output_tokens: int = 0
    """Tokens received in all calls."""
    cost_usd: float | None = 0.0
    """Price paid for all calls in US dollars; None if it is not known."""
    latency_s: float = 0.0
    """Seconds from the first sending to the last reply."""
    batch: str = ""
    """Batch of the provider that the reply came in, empty for a live call."""
    calls: tuple[Call, ...] = ()
    """Every exchange with a model made for it, in order; empty for rules, labels and replays."""


class Answer(Record):
    """What a judge says of the words of one lens for one patch, put together from judgements."""

    patch_id: str
    """Patch asked about."""
    words: tuple[str, ...]
    """Words, or sentences with the word marked, in rank order."""
    status: Status
    """Outcome; that of the first failed judgement if one of several failed."""
    relations: tuple[Relation, ...] = ()
    """One relation per word; empty unless ``status`` is ok."""
    judgements: tuple[str, ...] = ()
    """Keys of the judgements it rests on."""


class Score(Record):
    """One board cell: how often a lens was a hit at a layer, by one judge and one definition."""

    vlm: str
    """Model name."""
    lens: str
    """Lens or control name."""
    kind: LensKind
    """Lens under test or control."""
    layer: int | None
    """Visual layer; None for the mean over layers."""
    judge: str
    """Judge name."""
    definition: Definition
    """What counts as a hit."""
    hits: int
    """Patches with a hit."""
    n: int
    """Patches scored."""
    total: int
    """Patches asked about, scored or not."""
    unscored: dict[str, int]
    """Unscored patches by status (``missing`` for a question without any answer)."""
    estimate: float | None
    """hits / n, or the mean over layers; None if nothing was scored."""
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    """Upper end of the 95 % interval."""
    lower_bound: float | None
    """Estimate if every unscored patch were a miss."""
    upper_bound: float | None
    """Estimate if every unscored patch were a hit."""
    interval: str
    """Name of the interval method."""
    effective_n: float | None = None
    """Independent patches that would give as wide an interval of whole images; None if unknown."""
    distinct_layers: float | None = None
    """Mean over layers that counts layers of the same vector once; None for one layer."""
    distinct_words: float | None
    """Mean number of distinct words among the k shown."""
