"""Routers of the API: their operations are named as the contract and the Python client name them."""

from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from afterloan.desk.api.client import operation_name


def named(route: APIRoute) -> str:
    """The name of an operation in the contract and of its method in the client; an act has that of its verb."""
    return operation_name(min(route.methods or {"GET"}), route.path)


def router_at(prefix: str, **more: Any) -> APIRouter:
    """An empty router of everything under an address: `/v1/keys`."""
    return APIRouter(prefix=prefix, generate_unique_id_function=named, **more)
