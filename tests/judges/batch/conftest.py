from tests.judges.batch.world import world

__all__ = ["world"]
