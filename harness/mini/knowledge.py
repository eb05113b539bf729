"""What the language model is told about the world: one line of facts for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Facts(NamedTuple):
    """Qualities of a kind, what it does or is used for, and where it is found."""

    qualities: tuple[str, ...]
    action: str
    home: str


FACTS: Final[Mapping[str, Facts]] = MappingProxyType(
    {
        "dog": Facts(("loyal", "friendly"), "barks and guards the house", "at home"),
        "cat": Facts(("soft", "curious"), "purrs and hunts mice", "at home"),
        "fish": Facts(("wet", "silent"), "swims in the water", "in the sea"),
        "duck": Facts(("noisy", "wet"), "swims and quacks", "on the pond"),
        "snail": Facts(("slow", "slimy"), "crawls on leaves", "in the garden"),
        "turtle": Facts(("slow", "old"), "hides in its shell", "near the water"),
        "rabbit": Facts(("quick", "soft"), "hops and eats carrots", "in the meadow"),
        "butterfly": Facts(("light", "pretty"), "flies from flower to flower", "in the garden"),
        "tree": Facts(("tall", "old"), "grows and gives shade", "in the forest"),
        "flower": Facts(("pretty", "fresh"), "blooms in spring", "in the garden"),
        "cactus": Facts(("dry", "sharp"), "grows in the heat", "in the desert"),
        "mushroom": Facts(("damp", "small"), "grows after the rain", "in the forest"),
        "apple": Facts(("sweet", "fresh"), "is healthy food", "on the tree"),
        "banana": Facts(("sweet", "ripe"), "is tropical food", "in the kitchen"),
        "pear": Facts(("juicy", "ripe"), "is sweet food", "in the garden"),
        "cherry": Facts(("juicy", "small"), "is summer food", "on the tree"),
        "car": Facts(("fast", "loud"), "drives on the road", "in the city"),
        "bus": Facts(("big", "crowded"), "carries people to work", "in the city"),
        "boat": Facts(("slow", "calm"), "sails on the water", "on the sea"),
        "train": Facts(("long", "loud"), "travels on rails", "in the station"),
        "plane": Facts(("fast", "high"), "flies to far lands", "in the sky"),
        "rocket": Facts(("fast", "hot"), "flies into space", "in the sky"),
        "house": Facts(("warm", "safe"), "is a home for a family", "in the village"),
        "tower": Facts(("tall", "bright"), "guides ships at night", "on the coast"),
        "tent": Facts(("light", "small"), "is for camping and sleep", "in the forest"),
        "castle": Facts(("old", "royal"), "protects the king", "on the hill"),
        "ball": Facts(("round", "bouncy"), "is for play and sport", "in the yard"),
        "kite": Facts(("light", "playful"), "flies in the wind", "on the beach"),
        "balloon": Facts(("light", "round"), "rises into the air", "in the sky"),
        "robot": Facts(("smart", "modern"), "works for people", "in the future"),
        "guitar": Facts(("musical", "gentle"), "plays a song", "on the stage"),
        "bell": Facts(("loud", "clear"), "rings and calls people", "in the church"),
        "drum": Facts(("loud", "musical"), "beats the rhythm", "on the stage"),
        "chair": Facts(("comfortable", "simple"), "is for rest", "in the room"),
        "table": Facts(("flat", "strong"), "is for dinner and work", "in the kitchen"),
        "bed": Facts(("soft", "warm"), "is for sleep and rest", "in the bedroom"),
        "lamp": Facts(("bright", "warm"), "gives light", "in the room"),
        "cup": Facts(("hot", "small"), "holds a drink", "in the kitchen"),
        "bottle": Facts(("full", "heavy"), "holds wine or water", "in the kitchen"),
        "teapot": Facts(("hot", "round"), "pours a drink", "in the kitchen"),
        "hammer": Facts(("heavy", "hard"), "is for work and repair", "in the shop"),
        "umbrella": Facts(("wide", "useful"), "protects from rain", "in the street"),
        "ladder": Facts(("tall", "steep"), "is for climbing up", "in the barn"),
        "key": Facts(("small", "secret"), "opens the door", "in the pocket"),
        "clock": Facts(("exact", "round"), "shows the time", "on the wall"),
        "hat": Facts(("elegant", "warm"), "protects the head", "on the head"),
        "shoe": Facts(("strong", "useful"), "is for walking", "on the foot"),
        "shirt": Facts(("clean", "elegant"), "is for fashion", "on the body"),
    }
)
"""Facts by kind; they are text only, no picture shows them."""
