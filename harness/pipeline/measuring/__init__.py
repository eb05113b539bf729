"""What the stage ``measure`` computes, one quantity per file."""
