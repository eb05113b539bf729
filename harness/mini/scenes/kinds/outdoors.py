"""Drawings of vehicles, buildings and toys."""

from typing import Final

from harness.mini.scenes.shapes import Piece, arch, bowl, box, dome, joint, line, oval, polygon

VEHICLES: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "car",
        (
            polygon("roof", "main", (-0.62, 0.1), (-0.36, -0.45), (0.3, -0.45), (0.6, 0.1)),
            polygon(
                "window", "glass", (-0.46, 0.04), (-0.29, -0.35), (-0.06, -0.35), (-0.06, 0.04)
            ),
            polygon("window", "glass", (0.44, 0.04), (0.24, -0.35), (0.04, -0.35), (0.04, 0.04)),
            box("body", "main", 0.0, 0.26, 0.95, 0.27, 0.14),
            oval("lamp", "yellow", 0.86, 0.18, 0.08, 0.09),
            oval("wheel", "black", -0.52, 0.52, 0.22, 0.22),
            oval("wheel", "black", 0.52, 0.52, 0.22, 0.22),
            oval("wheel", "gray", -0.52, 0.52, 0.09, 0.09),
            oval("wheel", "gray", 0.52, 0.52, 0.09, 0.09),
        ),
    ),
    (
        "bus",
        (
            box("body", "main", 0.0, 0.0, 0.96, 0.66, 0.14),
            box("window", "glass", -0.68, -0.3, 0.15, 0.17, 0.04),
            box("window", "glass", -0.27, -0.3, 0.15, 0.17, 0.04),
            box("window", "glass", 0.14, -0.3, 0.15, 0.17, 0.04),
            box("door", "glass", 0.66, 0.06, 0.16, 0.42, 0.04),
            box("bumper", "dark", -0.2, 0.2, 0.6, 0.05),
            oval("wheel", "black", -0.5, 0.66, 0.2, 0.2),
            oval("wheel", "black", 0.4, 0.66, 0.2, 0.2),
            oval("wheel", "gray", -0.5, 0.64, 0.09, 0.09),
            oval("wheel", "gray", 0.4, 0.64, 0.09, 0.09),
        ),
    ),
    (
        "boat",
        (
            line("mast", "wood", 0.0, 0.4, 0.0, -0.9, 0.05),
            polygon("sail", "main", (0.07, -0.85), (0.07, 0.28), (0.8, 0.28)),
            polygon("sail", "dark", (-0.07, -0.65), (-0.07, 0.28), (-0.58, 0.28)),
            polygon("hull", "main", (-0.95, 0.38), (0.95, 0.38), (0.66, 0.88), (-0.64, 0.88)),
            box("deck", "wood", 0.0, 0.4, 0.95, 0.06, 0.04),
            polygon("flag", "red", (0.0, -0.98), (0.0, -0.78), (-0.3, -0.88)),
        ),
    ),
    (
        "train",
        (
            box("chimney", "black", 0.5, -0.36, 0.12, 0.3, 0.02),
            polygon("chimney", "black", (0.3, -0.72), (0.7, -0.72), (0.6, -0.5), (0.4, -0.5)),
            box("boiler", "main", 0.24, 0.14, 0.66, 0.4, 0.16),
            box("cabin", "main", -0.5, -0.06, 0.36, 0.56, 0.03),
            box("roof", "dark", -0.5, -0.64, 0.46, 0.09, 0.05),
            box("window", "glass", -0.5, -0.26, 0.17, 0.17, 0.03),
            polygon("bumper", "gray", (0.62, 0.5), (0.9, 0.5), (0.99, 0.86), (0.7, 0.86)),
            oval("wheel", "black", -0.54, 0.63, 0.25, 0.25),
            oval("wheel", "main", -0.54, 0.63, 0.14, 0.14),
            oval("wheel", "black", 0.08, 0.7, 0.19, 0.19),
            oval("wheel", "main", 0.08, 0.7, 0.1, 0.1),
            oval("wheel", "black", 0.53, 0.7, 0.19, 0.19),
            oval("wheel", "main", 0.53, 0.7, 0.1, 0.1),
        ),
    ),
    (
        "plane",
        (
            polygon("tail", "dark", (-0.9, -0.6), (-0.62, -0.6), (-0.36, 0.0), (-0.8, 0.0)),
            polygon("wing", "dark", (-0.02, -0.14), (0.26, -0.14), (-0.1, -0.66), (-0.3, -0.66)),
            oval("body", "main", 0.02, 0.04, 0.94, 0.27),
            polygon("wing", "main", (-0.1, 0.1), (0.34, 0.1), (-0.28, 0.78), (-0.56, 0.78)),
            oval("window", "glass", 0.66, -0.05, 0.14, 0.09),
            oval("window", "glass", 0.34, -0.05, 0.07, 0.07),
            oval("window", "glass", 0.1, -0.05, 0.07, 0.07),
            oval("window", "glass", -0.14, -0.05, 0.07, 0.07),
        ),
    ),
    (
        "rocket",
        (
            polygon("flame", "orange", (-0.2, 0.55), (0.2, 0.55), (0.0, 0.98)),
            polygon("flame", "yellow", (-0.1, 0.55), (0.1, 0.55), (0.0, 0.8)),
            polygon("fin", "dark", (-0.2, 0.15), (-0.2, 0.6), (-0.66, 0.82), (-0.6, 0.4)),
            polygon("fin", "dark", (0.2, 0.15), (0.2, 0.6), (0.66, 0.82), (0.6, 0.4)),
            joint(
                dome("body", "main", 0.0, 0.0, 0.38, 0.96),
                polygon("body", "main", (-0.38, -0.02), (0.38, -0.02), (0.3, 0.62), (-0.3, 0.62)),
            ),
            oval("window", "white", 0.0, -0.2, 0.21, 0.21),
            oval("window", "glass", 0.0, -0.2, 0.14, 0.14),
        ),
    ),
)

BUILDINGS: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "house",
        (
            box("chimney", "clay", 0.48, -0.6, 0.12, 0.26),
            box("wall", "main", 0.0, 0.42, 0.74, 0.52),
            polygon("roof", "dark", (-0.96, -0.04), (0.96, -0.04), (0.0, -0.92)),
            box("door", "wood", 0.36, 0.62, 0.18, 0.32, 0.03),
            box("window", "white", -0.3, 0.36, 0.25, 0.22),
            box("window", "glass", -0.42, 0.36, 0.09, 0.16),
            box("window", "glass", -0.18, 0.36, 0.09, 0.16),
        ),
    ),
    (
        "tower",
        (
            polygon("wall", "main", (-0.3, -0.42), (0.3, -0.42), (0.46, 0.95), (-0.46, 0.95)),
            box("lantern", "glass", 0.0, -0.56, 0.24, 0.16),
            dome("roof", "dark", 0.0, -0.66, 0.32, 0.3),
            box("balcony", "dark", 0.0, -0.4, 0.44, 0.08, 0.03),
            box("window", "white", 0.0, -0.06, 0.1, 0.13, 0.09),
            box("window", "white", 0.0, 0.34, 0.1, 0.13, 0.09),
            box("door", "black", 0.0, 0.78, 0.15, 0.17, 0.08),
        ),
    ),
    (
        "tent",
        (
            line("pole", "wood", 0.1, -0.6, -0.12, -0.92, 0.05),
            line("pole", "wood", -0.1, -0.6, 0.12, -0.92, 0.05),
            polygon("cloth", "main", (0.0, -0.8), (0.97, 0.86), (-0.97, 0.86)),
            polygon("door", "black", (0.0, -0.2), (0.32, 0.86), (-0.32, 0.86)),
            polygon("flap", "light", (0.0, -0.3), (0.16, 0.1), (0.5, 0.86), (0.3, 0.86)),
            polygon("flap", "light", (0.0, -0.3), (-0.16, 0.1), (-0.5, 0.86), (-0.3, 0.86)),
        ),
    ),
    (
        "castle",
        (
            joint(
                box("wall", "main", 0.0, 0.42, 0.6, 0.5),
                box("wall", "main", -0.3, -0.14, 0.1, 0.12),
                box("wall", "main", 0.0, -0.14, 0.1, 0.12),
                box("wall", "main", 0.3, -0.14, 0.1, 0.12),
            ),
            box("turret", "main", -0.68, 0.26, 0.25, 0.66),
            box("turret", "main", 0.68, 0.26, 0.25, 0.66),
            polygon("roof", "dark", (-0.98, -0.38), (-0.38, -0.38), (-0.68, -0.94)),
            polygon("roof", "dark", (0.98, -0.38), (0.38, -0.38), (0.68, -0.94)),
            box("window", "black", -0.68, 0.0, 0.07, 0.14, 0.06),
            box("window", "black", 0.68, 0.0, 0.07, 0.14, 0.06),
            box("gate", "wood", 0.0, 0.66, 0.24, 0.27),
            dome("gate", "wood", 0.0, 0.42, 0.24, 0.22),
        ),
    ),
)

TOYS: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "ball",
        (
            oval("rubber", "main", 0.0, 0.06, 0.86, 0.86),
            polygon(
                "patch",
                "black",
                (0.0, -0.28),
                (0.32, -0.05),
                (0.2, 0.34),
                (-0.2, 0.34),
                (-0.32, -0.05),
            ),
            line("seam", "black", 0.0, -0.28, 0.0, -0.76, 0.05),
            line("seam", "black", 0.32, -0.05, 0.78, -0.19, 0.05),
            line("seam", "black", 0.2, 0.34, 0.48, 0.72, 0.05),
            line("seam", "black", -0.2, 0.34, -0.48, 0.72, 0.05),
            line("seam", "black", -0.32, -0.05, -0.78, -0.19, 0.05),
        ),
    ),
    (
        "kite",
        (
            line("string", "white", 0.0, 0.3, 0.2, 0.62, 0.035),
            line("string", "white", 0.2, 0.62, -0.1, 0.94, 0.035),
            polygon("bow", "red", (0.16, 0.6), (0.36, 0.5), (0.36, 0.74)),
            polygon("bow", "red", (0.16, 0.62), (-0.04, 0.52), (-0.04, 0.76)),
            polygon("sail", "main", (0.0, -0.96), (0.68, -0.3), (0.0, 0.46)),
            polygon("sail", "main", (0.0, -0.96), (-0.68, -0.3), (0.0, 0.46)),
            line("stick", "wood", 0.0, -0.92, 0.0, 0.42, 0.035),
            line("stick", "wood", -0.62, -0.3, 0.62, -0.3, 0.035),
        ),
    ),
    (
        "balloon",
        (
            joint(
                polygon("envelope", "main", (-0.58, -0.02), (0.58, -0.02), (0.2, 0.5), (-0.2, 0.5)),
                oval("envelope", "main", 0.0, -0.3, 0.68, 0.65),
            ),
            oval("gore", "dark", 0.0, -0.3, 0.26, 0.64),
            line("rope", "black", -0.2, 0.45, -0.15, 0.7, 0.03),
            line("rope", "black", 0.2, 0.45, 0.15, 0.7, 0.03),
            box("basket", "wood", 0.0, 0.8, 0.22, 0.16, 0.04),
        ),
    ),
    (
        "robot",
        (
            line("antenna", "gray", 0.0, -0.7, 0.0, -0.9, 0.04),
            oval("antenna", "red", 0.0, -0.89, 0.08, 0.08),
            line("arm", "gray", -0.5, 0.0, -0.78, 0.36, 0.1),
            line("arm", "gray", 0.5, 0.0, 0.78, 0.36, 0.1),
            box("leg", "gray", -0.24, 0.74, 0.14, 0.16),
            box("leg", "gray", 0.24, 0.74, 0.14, 0.16),
            box("leg", "dark", -0.27, 0.87, 0.22, 0.08, 0.05),
            box("leg", "dark", 0.27, 0.87, 0.22, 0.08, 0.05),
            box("body", "main", 0.0, 0.26, 0.5, 0.4, 0.06),
            box("head", "main", 0.0, -0.46, 0.42, 0.29, 0.08),
            box("panel", "white", 0.0, 0.24, 0.2, 0.14, 0.03),
            oval("eye", "white", -0.18, -0.5, 0.12, 0.12),
            oval("eye", "white", 0.18, -0.5, 0.12, 0.12),
            oval("eye", "black", -0.18, -0.5, 0.055, 0.055),
            oval("eye", "black", 0.18, -0.5, 0.055, 0.055),
            box("mouth", "black", 0.0, -0.28, 0.2, 0.045),
        ),
    ),
)

INSTRUMENTS: Final[tuple[tuple[str, tuple[Piece, ...]], ...]] = (
    (
        "guitar",
        (
            box("neck", "wood", 0.0, -0.46, 0.09, 0.42),
            box("peg", "black", 0.0, -0.84, 0.17, 0.12, 0.04),
            joint(
                oval("body", "main", 0.0, 0.52, 0.55, 0.43),
                oval("body", "main", 0.0, 0.06, 0.42, 0.34),
            ),
            oval("hole", "black", 0.0, 0.26, 0.17, 0.17),
            box("bridge", "wood", 0.0, 0.64, 0.22, 0.055),
            line("string", "white", -0.03, -0.8, -0.03, 0.62, 0.018),
            line("string", "white", 0.04, -0.8, 0.04, 0.62, 0.018),
        ),
    ),
    (
        "bell",
        (
            arch("handle", "wood", 0.0, -0.62, 0.16, 0.24, 0.06),
            oval("clapper", "black", 0.0, 0.74, 0.17, 0.18),
            joint(
                dome("body", "main", 0.0, 0.0, 0.48, 0.68),
                polygon("body", "main", (-0.48, -0.02), (0.48, -0.02), (0.7, 0.55), (-0.7, 0.55)),
            ),
            box("rim", "dark", 0.0, 0.6, 0.84, 0.12, 0.1),
        ),
    ),
    (
        "drum",
        (
            joint(
                bowl("body", "main", 0.0, 0.46, 0.78, 0.4),
                box("body", "main", 0.0, 0.1, 0.78, 0.4),
            ),
            line("rope", "white", -0.74, -0.2, -0.38, 0.7, 0.03),
            line("rope", "white", -0.38, 0.7, 0.0, -0.1, 0.03),
            line("rope", "white", 0.0, -0.1, 0.38, 0.7, 0.03),
            line("rope", "white", 0.38, 0.7, 0.74, -0.2, 0.03),
            oval("rim", "dark", 0.0, -0.28, 0.82, 0.28),
            oval("skin", "cream", 0.0, -0.3, 0.66, 0.19),
            line("stick", "wood", -0.7, -0.86, 0.06, -0.32, 0.045),
            line("stick", "wood", 0.8, -0.84, 0.16, -0.26, 0.045),
        ),
    ),
)
