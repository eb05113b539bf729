"""A lens, a judge and a model for lensbench, each in one file."""
