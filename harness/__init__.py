"""The harness: models, images, the stages of a run and the command line."""

from harness.core.torchvision_import import install

install()
