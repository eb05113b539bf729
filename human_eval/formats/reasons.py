"""The words in which imports say why something of a file is not used."""

from __future__ import annotations

from typing import Final

UNKNOWN_ITEM: Final = "unknown item"
"""A rating of an item that the study does not have."""
DUPLICATE: Final = "duplicate rating"
"""The same person gave the same answer to the same item before."""
REPLACED: Final = "replaced rating"
"""The person changed the answer later in the same sitting."""
ONE_NAME: Final = "two people under one name"
"""Different answers to one item under one name in different sittings: none of them is used."""
CONTRADICTORY: Final = "contradictory rating"
"""It says two things at once, such as ``none of them`` with a word selected."""
UNREADABLE_LINE: Final = "unreadable line"
"""A line that is no text, no JSON, or has not the fields of a rating."""
UNREADABLE_ENTRY: Final = "unreadable entry"
"""An entry of a JSON or Parquet file that has not the fields of a rating."""
WRONG_STUDY: Final = "wrong study"
"""A rating that names another study."""
UNKNOWN_RELATION: Final = "unknown relation"
"""A rating with a relation that is none of the four."""
UNKNOWN_STATE: Final = "unknown state"
"""A rating whose kind is none of the four."""
WRONG_NUMBER: Final = "wrong number of relations"
"""More or fewer relations than the item has words."""
NO_WORD_LEFT: Final = "no word left"
"""All words of the rating had to be ignored."""
NO_ANNOTATOR: Final = "no annotator"
"""A rating that does not say whose it is."""
CANCELLED: Final = "cancelled"
"""The person skipped the item in the tool."""
NOT_SUBMITTED: Final = "not submitted"
"""A draft, or an answer that the person discarded."""

WORD_NOT_SHOWN: Final = "word not shown"
"""A selected word that is none of the item's; the rest of the rating is used."""
WORD_RELATION: Final = "unknown relation of a word"
"""A selected word with an unknown relation; the rest of the rating is used."""

UNUSABLE_ITEM: Final = "unusable item"
"""An item without identity, words or image."""
DUPLICATE_ITEM: Final = "duplicate item"
"""An item whose identity is taken by another one."""

UNUSABLE_REPLY: Final = "unusable reply"
"""A judge's reply that cannot be read."""
REPLY_TO_UNKNOWN: Final = "reply to unknown item"
"""A judge's reply to an item that the study does not have."""
DUPLICATE_REPLY: Final = "duplicate reply"
"""The same reply of a judge once more."""
REPLACED_REPLY: Final = "replaced reply"
"""A reply that another one of the same judge to the same item takes the place of."""
REPLY_WORD: Final = "word not shown to the judge"
"""A word named by a judge that was not among those it was shown."""

TRUNCATED_FILE: Final = "truncated file"
"""A file that ends too early, or has lost its beginning."""
UNREADABLE_FILE: Final = "unreadable file"
"""A file of a folder that cannot be read at all."""
OTHER_FILE: Final = "not a label file"
"""A data file of a folder that holds no ratings of this format."""

OF_RATINGS: Final = frozenset(
    {
        UNKNOWN_ITEM,
        DUPLICATE,
        REPLACED,
        ONE_NAME,
        CONTRADICTORY,
        UNREADABLE_LINE,
        UNREADABLE_ENTRY,
        WRONG_STUDY,
        UNKNOWN_RELATION,
        UNKNOWN_STATE,
        WRONG_NUMBER,
        NO_WORD_LEFT,
        NO_ANNOTATOR,
        CANCELLED,
        NOT_SUBMITTED,
    }
)
"""Reasons that stand for one whole rating each: these and the ratings used are all there were."""
