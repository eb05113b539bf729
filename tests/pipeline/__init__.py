"""Tests of the stages and of whole runs."""
