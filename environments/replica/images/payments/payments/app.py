"""Charges, idempotent by key; kept in memory, so a restart forgets them."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field


class Charge(BaseModel):
    key: Annotated[str, Field(min_length=1, max_length=200)]
    amount_cents: Annotated[int, Field(ge=0, le=2**63 - 1, strict=True)]


def create_app() -> FastAPI:
    app = FastAPI(title="payments", openapi_url=None)
    charges: dict[str, int] = {}

    @app.post("/charges")
    async def charge(asked: Charge) -> Response:
        """201 for a new charge, 200 for one that was made before, 422 for another amount."""
        created = asked.key not in charges
        amount = charges.setdefault(asked.key, asked.amount_cents)
        if amount != asked.amount_cents:
            return JSONResponse({"error": f"{asked.key} was charged {amount}"}, 422)
        return JSONResponse({"key": asked.key, "amount_cents": amount}, 201 if created else 200)

    @app.get("/charges/{key:path}")
    async def read(key: str) -> Response:
        if key not in charges:
            return JSONResponse({"error": f"there is no charge {key}"}, 404)
        return JSONResponse({"key": key, "amount_cents": charges[key]})

    @app.get("/charges")
    async def count(prefix: str = "") -> Response:
        """How many keys that begin so were charged, and what they add up to."""
        amounts = [amount for key, amount in charges.items() if key.startswith(prefix)]
        return JSONResponse({"count": len(amounts), "total_cents": sum(amounts)})

    @app.get("/health")
    async def health() -> Response:
        return JSONResponse({"status": "ok"})

    return app


app = create_app()
