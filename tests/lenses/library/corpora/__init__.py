"""Tests of the kinds of corpora."""
