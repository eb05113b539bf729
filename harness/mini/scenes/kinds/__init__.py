"""The drawings of all object kinds, as tables of pieces."""
