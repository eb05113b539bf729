"""Drawings of furniture, kitchenware, tools and clothing."""

from typing import Final

from harness.mini.scenes.shapes import (
    Piece,
    bowl,
    box,
    dome,
    joint,
    line,
    oval,
    polygon,
    ring,
)

FURNITURE: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "chair",
        (
            line("leg", "main", -0.26, 0.2, -0.26, 0.66, 0.09),
            line("leg", "main", 0.64, 0.2, 0.64, 0.66, 0.09),
            box("back", "main", -0.42, -0.38, 0.2, 0.57, 0.06, -6),
            polygon("seat", "main", (-0.58, 0.26), (-0.36, -0.1), (0.76, -0.1), (0.58, 0.26)),
            box("seat", "dark", 0.0, 0.32, 0.58, 0.08),
            line("leg", "main", -0.47, 0.3, -0.49, 0.84, 0.11),
            line("leg", "main", 0.47, 0.3, 0.49, 0.84, 0.11),
        ),
    ),
    (
        "table",
        (
            box("leg", "dark", -0.5, 0.36, 0.07, 0.36),
            box("leg", "dark", 0.5, 0.36, 0.07, 0.36),
            polygon("top", "main", (-0.95, 0.06), (-0.66, -0.4), (0.66, -0.4), (0.95, 0.06)),
            box("edge", "dark", 0.0, 0.12, 0.95, 0.09),
            box("leg", "main", -0.82, 0.54, 0.1, 0.38),
            box("leg", "main", 0.82, 0.54, 0.1, 0.38),
        ),
    ),
    (
        "bed",
        (
            box("headboard", "dark", -0.86, 0.04, 0.1, 0.72, 0.06),
            box("footboard", "dark", 0.88, 0.34, 0.09, 0.44, 0.05),
            box("mattress", "white", 0.0, 0.34, 0.8, 0.16, 0.05),
            box("pillow", "white", -0.52, 0.04, 0.24, 0.18, 0.13),
            joint(
                polygon("blanket", "main", (-0.3, 0.0), (0.5, -0.08), (0.82, 0.1), (-0.34, 0.2)),
                polygon("blanket", "main", (-0.34, 0.1), (0.82, 0.1), (0.82, 0.64), (-0.4, 0.64)),
            ),
            box("frame", "dark", 0.0, 0.6, 0.86, 0.1),
        ),
    ),
    (
        "lamp",
        (
            box("foot", "dark", 0.0, 0.86, 0.42, 0.09, 0.08),
            line("stand", "dark", 0.0, 0.1, 0.0, 0.8, 0.07),
            oval("bulb", "yellow", 0.0, 0.16, 0.2, 0.16),
            polygon("shade", "main", (-0.36, -0.84), (0.36, -0.84), (0.78, 0.14), (-0.78, 0.14)),
        ),
    ),
)

KITCHENWARE: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "cup",
        (
            ring("handle", "dark", 0.56, 0.08, 0.28, 0.32, 0.09),
            polygon("body", "main", (-0.74, -0.5), (0.56, -0.5), (0.42, 0.76), (-0.6, 0.76)),
            oval("rim", "light", -0.09, -0.5, 0.65, 0.19),
            oval("coffee", "wood", -0.09, -0.48, 0.54, 0.13),
        ),
    ),
    (
        "bottle",
        (
            box("cap", "black", 0.0, -0.86, 0.16, 0.1, 0.03),
            box("neck", "main", 0.0, -0.52, 0.13, 0.3),
            joint(
                dome("body", "main", 0.0, 0.02, 0.42, 0.38),
                box("body", "main", 0.0, 0.46, 0.42, 0.48, 0.08),
            ),
            box("label", "cream", 0.0, 0.44, 0.42, 0.17),
        ),
    ),
    (
        "teapot",
        (
            ring("handle", "dark", -0.6, 0.2, 0.27, 0.32, 0.08),
            polygon("spout", "dark", (0.4, 0.5), (0.46, 0.1), (0.82, -0.36), (0.98, -0.26)),
            oval("body", "main", 0.0, 0.24, 0.6, 0.54),
            box("foot", "dark", 0.0, 0.78, 0.34, 0.07, 0.03),
            dome("lid", "light", 0.0, -0.2, 0.38, 0.28),
            oval("knob", "black", 0.0, -0.52, 0.12, 0.12),
        ),
    ),
)

TOOLS: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "hammer",
        (
            box("handle", "wood", 0.0, 0.3, 0.12, 0.66, 0.06),
            box("head", "main", 0.1, -0.5, 0.56, 0.27, 0.04),
            box("head", "main", 0.74, -0.5, 0.17, 0.37, 0.06),
            polygon("claw", "main", (-0.4, -0.78), (-0.4, -0.3), (-0.96, -0.1), (-0.84, -0.5)),
        ),
    ),
    (
        "umbrella",
        (
            line("handle", "wood", 0.0, -0.2, 0.0, 0.76, 0.05),
            line("handle", "wood", 0.0, 0.78, 0.13, 0.88, 0.06),
            line("handle", "wood", 0.13, 0.88, 0.26, 0.76, 0.06),
            line("tip", "black", 0.0, -0.7, 0.0, -0.92, 0.045),
            dome("canopy", "main", 0.0, 0.16, 0.95, 0.96),
            polygon("panel", "dark", (0.0, -0.76), (-0.34, 0.16), (0.34, 0.16)),
        ),
    ),
    (
        "ladder",
        (
            *(box("rung", "dark", 0.0, -0.7 + 0.35 * i, 0.4, 0.09) for i in range(5)),
            box("rail", "main", -0.44, 0.0, 0.15, 0.95, 0.04, 3),
            box("rail", "main", 0.44, 0.0, 0.15, 0.95, 0.04, -3),
        ),
    ),
    (
        "key",
        (
            ring("bow", "main", -0.48, -0.02, 0.3, 0.32, 0.16),
            box("shaft", "main", 0.36, 0.0, 0.58, 0.12, 0.04),
            box("tooth", "main", 0.5, 0.24, 0.1, 0.2),
            box("tooth", "main", 0.82, 0.28, 0.12, 0.26),
            box("collar", "dark", 0.02, 0.0, 0.08, 0.2, 0.03),
        ),
    ),
    (
        "clock",
        (
            polygon("foot", "dark", (-0.62, 0.92), (-0.4, 0.92), (-0.3, 0.6), (-0.48, 0.5)),
            polygon("foot", "dark", (0.62, 0.92), (0.4, 0.92), (0.3, 0.6), (0.48, 0.5)),
            oval("bell", "main", -0.46, -0.66, 0.32, 0.24, -35),
            oval("bell", "main", 0.46, -0.66, 0.32, 0.24, 35),
            oval("frame", "main", 0.0, 0.06, 0.8, 0.8),
            oval("face", "white", 0.0, 0.06, 0.46, 0.46),
            line("hand", "black", 0.0, 0.06, 0.0, -0.26, 0.05),
            line("hand", "black", 0.0, 0.06, 0.22, 0.16, 0.05),
        ),
    ),
)

CLOTHING: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "hat",
        (
            oval("brim", "main", 0.0, 0.52, 0.96, 0.24),
            box("crown", "main", 0.0, -0.06, 0.54, 0.56, 0.1),
            box("band", "dark", 0.0, 0.32, 0.54, 0.12),
            oval("feather", "leaf", 0.5, -0.06, 0.11, 0.42, 18),
        ),
    ),
    (
        "shoe",
        (
            box("leg", "main", -0.46, -0.16, 0.4, 0.56, 0.06),
            dome("toe", "main", 0.2, 0.6, 0.74, 0.62),
            box("body", "main", -0.2, 0.38, 0.66, 0.26),
            box("sole", "black", 0.02, 0.68, 0.92, 0.11, 0.06),
            box("cuff", "light", -0.46, -0.64, 0.45, 0.12, 0.06),
            line("lace", "white", -0.14, -0.24, -0.42, -0.16, 0.04),
            line("lace", "white", -0.1, 0.0, -0.38, 0.08, 0.04),
        ),
    ),
    (
        "shirt",
        (
            polygon("sleeve", "main", (-0.4, -0.76), (-0.97, -0.28), (-0.72, 0.06), (-0.3, -0.2)),
            polygon("sleeve", "main", (0.4, -0.76), (0.97, -0.28), (0.72, 0.06), (0.3, -0.2)),
            box("body", "main", 0.0, 0.08, 0.5, 0.84, 0.05),
            bowl("collar", "dark", 0.0, -0.76, 0.28, 0.3),
            bowl("collar", "cream", 0.0, -0.76, 0.18, 0.2),
            oval("button", "white", 0.0, -0.26, 0.065, 0.065),
            oval("button", "white", 0.0, 0.1, 0.065, 0.065),
            oval("button", "white", 0.0, 0.46, 0.065, 0.065),
        ),
    ),
)
