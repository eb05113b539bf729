"""Molmo of September 2024 on Qwen2 (Deitke et al. 2024, arXiv 2409.17146), without remote code."""
