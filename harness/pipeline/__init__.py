"""The stages of a run, each a function from records to records, and what composes them."""
