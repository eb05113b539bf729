"""Measurements against other ways to do the same; run as ``python -m benchmarks.NAME``."""

import os

import harness  # noqa: F401 (before transformers, whose image processors import torchvision)

# PyTorch's profiler otherwise tells of every start and stop; read when torch is imported.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")
