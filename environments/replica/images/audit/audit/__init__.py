"""The audit trail: append-only, chained so that an edit is noticed, anchored elsewhere."""
