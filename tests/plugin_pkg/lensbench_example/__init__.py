"""A lens, a judge, a model, a family and an analysis for lensbench, each in one file."""
