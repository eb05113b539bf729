"""Lenses on visual tokens, their controls and the reference library."""
