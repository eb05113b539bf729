"""Drawings of animals, plants and fruits."""

from typing import Final

from harness.mini.scenes.shapes import Piece, bowl, box, dome, joint, line, moon, oval, polygon

ANIMALS: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "dog",
        (
            line("tail", "main", -0.6, 0.05, -0.9, -0.45, 0.1),
            line("leg", "dark", -0.42, 0.4, -0.42, 0.82, 0.11),
            line("leg", "dark", 0.22, 0.4, 0.22, 0.82, 0.11),
            oval("body", "main", -0.12, 0.16, 0.6, 0.36),
            line("leg", "main", -0.58, 0.35, -0.6, 0.85, 0.12),
            line("leg", "main", 0.38, 0.3, 0.4, 0.85, 0.12),
            joint(
                oval("head", "main", 0.48, -0.38, 0.36, 0.33),
                oval("head", "main", 0.78, -0.26, 0.21, 0.17),
            ),
            oval("ear", "dark", 0.26, -0.32, 0.14, 0.34, 12),
            oval("eye", "black", 0.58, -0.46, 0.07, 0.08),
            oval("nose", "black", 0.94, -0.33, 0.08, 0.08),
        ),
    ),
    (
        "cat",
        (
            line("tail", "main", 0.4, 0.75, 0.78, 0.6, 0.1),
            line("tail", "main", 0.78, 0.6, 0.8, 0.1, 0.1),
            oval("body", "main", 0.0, 0.42, 0.48, 0.53),
            polygon("ear", "main", (-0.5, -0.95), (-0.5, -0.35), (-0.08, -0.6)),
            polygon("ear", "main", (0.5, -0.95), (0.5, -0.35), (0.08, -0.6)),
            oval("head", "main", 0.0, -0.36, 0.52, 0.42),
            oval("eye", "yellow", -0.2, -0.42, 0.12, 0.13),
            oval("eye", "yellow", 0.2, -0.42, 0.12, 0.13),
            oval("eye", "black", -0.2, -0.42, 0.045, 0.12),
            oval("eye", "black", 0.2, -0.42, 0.045, 0.12),
            polygon("nose", "pink", (-0.09, -0.26), (0.09, -0.26), (0.0, -0.15)),
            line("whisker", "black", 0.25, -0.18, 0.75, -0.26, 0.025),
            line("whisker", "black", -0.25, -0.18, -0.75, -0.26, 0.025),
            line("whisker", "black", 0.25, -0.12, 0.75, -0.08, 0.025),
            line("whisker", "black", -0.25, -0.12, -0.75, -0.08, 0.025),
            oval("leg", "dark", -0.2, 0.86, 0.19, 0.1),
            oval("leg", "dark", 0.2, 0.86, 0.19, 0.1),
        ),
    ),
    (
        "fish",
        (
            polygon("tail", "main", (-0.42, 0.0), (-0.97, -0.5), (-0.8, 0.0)),
            polygon("tail", "main", (-0.42, 0.0), (-0.97, 0.5), (-0.8, 0.0)),
            polygon("fin", "dark", (-0.3, -0.3), (0.1, -0.75), (0.4, -0.3)),
            polygon("fin", "dark", (-0.15, 0.3), (0.0, 0.68), (0.3, 0.3)),
            oval("body", "main", 0.2, 0.0, 0.74, 0.46),
            oval("fin", "dark", 0.12, 0.1, 0.2, 0.1, 25),
            oval("eye", "white", 0.62, -0.12, 0.13, 0.13),
            oval("eye", "black", 0.65, -0.12, 0.065, 0.065),
            line("mouth", "black", 0.76, 0.16, 0.9, 0.12, 0.03),
        ),
    ),
    (
        "duck",
        (
            line("leg", "orange", -0.2, 0.6, -0.2, 0.88, 0.06),
            line("leg", "orange", 0.1, 0.6, 0.1, 0.88, 0.06),
            line("leg", "orange", -0.2, 0.9, -0.02, 0.9, 0.06),
            line("leg", "orange", 0.1, 0.9, 0.28, 0.9, 0.06),
            polygon("tail", "main", (-0.55, 0.4), (-0.97, -0.08), (-0.4, 0.05)),
            bowl("body", "main", -0.1, 0.08, 0.66, 0.62),
            line("neck", "main", 0.34, 0.2, 0.38, -0.4, 0.17),
            oval("head", "main", 0.4, -0.54, 0.31, 0.29),
            polygon("beak", "orange", (0.64, -0.66), (0.98, -0.46), (0.64, -0.36)),
            oval("wing", "dark", -0.2, 0.26, 0.34, 0.2, 10),
            oval("eye", "black", 0.48, -0.62, 0.065, 0.075),
        ),
    ),
    (
        "snail",
        (
            line("body", "cream", -0.75, 0.78, 0.6, 0.78, 0.14),
            line("body", "cream", 0.62, 0.74, 0.72, 0.1, 0.14),
            line("horn", "cream", 0.66, 0.0, 0.56, -0.4, 0.045),
            line("horn", "cream", 0.78, 0.0, 0.9, -0.38, 0.045),
            oval("eye", "black", 0.56, -0.43, 0.08, 0.08),
            oval("eye", "black", 0.9, -0.41, 0.08, 0.08),
            oval("shell", "main", -0.16, 0.08, 0.66, 0.64),
            oval("shell", "dark", -0.12, 0.12, 0.45, 0.43),
            oval("shell", "main", -0.08, 0.14, 0.34, 0.32),
            oval("shell", "dark", -0.06, 0.16, 0.14, 0.13),
        ),
    ),
    (
        "turtle",
        (
            polygon("tail", "leaf", (-0.6, 0.35), (-0.98, 0.62), (-0.6, 0.6)),
            line("leg", "leaf", -0.4, 0.5, -0.46, 0.76, 0.13),
            line("leg", "leaf", 0.3, 0.5, 0.36, 0.76, 0.13),
            line("head", "leaf", 0.5, 0.4, 0.76, 0.14, 0.13),
            oval("head", "leaf", 0.78, 0.1, 0.2, 0.18),
            oval("eye", "black", 0.84, 0.05, 0.065, 0.075),
            dome("shell", "main", -0.08, 0.54, 0.76, 0.96),
            box("shell", "dark", -0.08, 0.5, 0.76, 0.08, 0.06),
            polygon(
                "shell",
                "dark",
                (-0.28, -0.1),
                (0.12, -0.1),
                (0.22, 0.12),
                (-0.08, 0.3),
                (-0.38, 0.12),
            ),
        ),
    ),
    (
        "rabbit",
        (
            oval("tail", "white", -0.56, 0.62, 0.19, 0.18),
            oval("ear", "main", -0.02, -0.64, 0.13, 0.36, -8),
            oval("ear", "main", 0.36, -0.64, 0.13, 0.36, 10),
            oval("ear", "pink", -0.02, -0.62, 0.06, 0.25, -8),
            oval("ear", "pink", 0.36, -0.62, 0.06, 0.25, 10),
            oval("body", "main", -0.1, 0.44, 0.5, 0.48),
            oval("leg", "dark", -0.22, 0.62, 0.28, 0.24),
            line("leg", "main", -0.2, 0.86, 0.2, 0.86, 0.09),
            line("leg", "main", 0.3, 0.5, 0.36, 0.86, 0.1),
            oval("head", "main", 0.2, -0.12, 0.38, 0.34),
            oval("eye", "black", 0.32, -0.2, 0.065, 0.08),
            oval("nose", "pink", 0.54, -0.06, 0.07, 0.06),
        ),
    ),
    (
        "butterfly",
        (
            oval("wing", "main", -0.5, -0.36, 0.46, 0.42, 35),
            oval("wing", "main", 0.5, -0.36, 0.46, 0.42, -35),
            oval("wing", "main", -0.38, 0.42, 0.36, 0.38, -25),
            oval("wing", "main", 0.38, 0.42, 0.36, 0.38, 25),
            oval("spot", "dark", -0.54, -0.4, 0.18, 0.16),
            oval("spot", "dark", 0.54, -0.4, 0.18, 0.16),
            oval("spot", "dark", -0.4, 0.44, 0.13, 0.13),
            oval("spot", "dark", 0.4, 0.44, 0.13, 0.13),
            line("antenna", "black", 0.0, -0.5, -0.22, -0.92, 0.035),
            line("antenna", "black", 0.0, -0.5, 0.22, -0.92, 0.035),
            oval("body", "black", 0.0, 0.05, 0.1, 0.62),
        ),
    ),
)

PLANTS: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "tree",
        (
            polygon("trunk", "wood", (-0.14, 0.1), (0.14, 0.1), (0.2, 0.95), (-0.2, 0.95)),
            line("branch", "wood", 0.0, 0.45, 0.4, 0.15, 0.06),
            joint(
                oval("crown", "main", -0.42, -0.12, 0.46, 0.4),
                oval("crown", "main", 0.42, -0.12, 0.46, 0.4),
                oval("crown", "main", 0.0, -0.46, 0.56, 0.48),
            ),
        ),
    ),
    (
        "flower",
        (
            line("stem", "leaf", 0.0, 0.1, 0.0, 0.9, 0.055),
            oval("leaf", "leaf", 0.24, 0.66, 0.24, 0.09, -30),
            oval("petal", "main", 0.0, -0.71, 0.22, 0.26),
            oval("petal", "main", 0.45, -0.38, 0.26, 0.23, -18),
            oval("petal", "main", 0.28, 0.12, 0.24, 0.26, -35),
            oval("petal", "main", -0.28, 0.12, 0.24, 0.26, 35),
            oval("petal", "main", -0.45, -0.38, 0.26, 0.23, 18),
            oval("petal", "main", 0.0, -0.26, 0.3, 0.3),
            oval("heart", "yellow", 0.0, -0.27, 0.2, 0.2),
        ),
    ),
    (
        "cactus",
        (
            joint(
                line("arm", "main", -0.2, 0.3, -0.58, 0.3, 0.15),
                line("arm", "main", -0.6, 0.3, -0.6, -0.15, 0.15),
                line("arm", "main", 0.2, 0.1, 0.58, 0.1, 0.15),
                line("arm", "main", 0.6, 0.1, 0.6, -0.4, 0.15),
            ),
            line("stem", "main", 0.0, 0.6, 0.0, -0.62, 0.27),
            oval("flower", "pink", 0.0, -0.86, 0.16, 0.11),
            polygon("pot", "clay", (-0.42, 0.62), (0.42, 0.62), (0.3, 0.96), (-0.3, 0.96)),
        ),
    ),
    (
        "mushroom",
        (
            box("stem", "cream", 0.0, 0.5, 0.22, 0.44, 0.14),
            dome("cap", "main", 0.0, 0.2, 0.92, 1.05),
            oval("spot", "white", -0.42, -0.16, 0.15, 0.14),
            oval("spot", "white", 0.14, -0.46, 0.16, 0.14),
            oval("spot", "white", 0.5, -0.04, 0.13, 0.12),
            box("gill", "dark", 0.0, 0.2, 0.86, 0.07, 0.06),
        ),
    ),
)

FRUITS: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "apple",
        (
            line("stem", "wood", 0.0, -0.5, 0.08, -0.88, 0.06),
            oval("leaf", "leaf", 0.36, -0.78, 0.28, 0.12, -20),
            joint(
                oval("flesh", "main", -0.3, 0.18, 0.54, 0.68, -10),
                oval("flesh", "main", 0.3, 0.18, 0.54, 0.68, 10),
                oval("flesh", "main", 0.0, 0.2, 0.5, 0.6),
            ),
        ),
    ),
    (
        "banana",
        (
            moon("flesh", "main", (-0.05, -0.3, 0.94, 1.12), (-0.02, -0.86, 1.06, 1.04)),
            line("stem", "wood", 0.72, -0.22, 0.88, -0.5, 0.09),
            oval("tip", "black", -0.92, -0.38, 0.07, 0.1),
        ),
    ),
    (
        "pear",
        (
            line("stem", "wood", 0.0, -0.6, 0.1, -0.92, 0.055),
            oval("leaf", "leaf", -0.24, -0.8, 0.24, 0.1, 20),
            joint(
                oval("flesh", "main", 0.0, 0.38, 0.62, 0.55),
                oval("flesh", "main", 0.0, -0.26, 0.34, 0.45),
                polygon("flesh", "main", (-0.3, -0.2), (0.3, -0.2), (0.54, 0.2), (-0.54, 0.2)),
            ),
        ),
    ),
    (
        "cherry",
        (
            line("stem", "leaf", 0.1, -0.85, -0.44, 0.2, 0.045),
            line("stem", "leaf", 0.1, -0.85, 0.46, 0.3, 0.045),
            oval("leaf", "leaf", 0.44, -0.78, 0.34, 0.14, 12),
            oval("flesh", "main", -0.46, 0.44, 0.44, 0.43),
            oval("flesh", "main", 0.48, 0.52, 0.43, 0.42),
        ),
    ),
)
