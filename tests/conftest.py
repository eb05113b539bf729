"""What every test runs under: no network, no settings of the user, one thread per library."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

import harness  # noqa: F401 (before transformers, whose image processors import torchvision)

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Playwright

# Examples are the same in every run and on machines of any speed.
settings.register_profile("lensbench", derandomize=True, deadline=None)
settings.load_profile("lensbench")

# A shell starts background jobs with Ctrl-C ignored, which their children inherit; tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Read by the libraries when they are imported, so they are set before any test module is.
os.environ.update(
    HF_HUB_OFFLINE="1",
    TOKENIZERS_PARALLELISM="false",
    OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "1"),
)
for _name in [name for name in os.environ if name.startswith("LENSBENCH_")]:
    del os.environ[_name]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse connections to other hosts, so that no test passes only where there is a network."""
    if request.node.get_closest_marker("network") is None:
        connect = socket.socket.connect

        def local_only(self: socket.socket, address: Any) -> None:
            if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
                raise PermissionError(f"tests may not connect to {address[0]!r}")
            connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", local_only)
    yield


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of six real photographs as JPEG, of different shapes.

    They come with scikit-learn (china, flower) and scikit-image (astronaut, coffee, ...).
    """
    from PIL import Image
    from skimage import data
    from sklearn.datasets import load_sample_images

    folder = tmp_path_factory.mktemp("photographs")
    names = ("astronaut", "coffee", "camera", "chelsea")
    shots = {name: getattr(data, name)() for name in names}
    shots |= dict(zip(("china", "flower"), load_sample_images().images, strict=True))
    for name, pixels in shots.items():
        Image.fromarray(pixels).convert("RGB").save(folder / f"{name}.jpg", quality=90)
    return folder


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """What drives browsers; there can be only one at a time."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(
    driver: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A browser without a network, for all tests that do not close it."""
    from tests.human_eval.browser.driving import launched

    found = launched(driver, tmp_path_factory.mktemp("profile"))
    yield found
    found.close()
