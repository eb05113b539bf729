"""Where the phrases of a reference corpus come from: one module per kind."""
