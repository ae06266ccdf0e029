from tests.unit.drill.stage import stage

__all__ = ["stage"]
