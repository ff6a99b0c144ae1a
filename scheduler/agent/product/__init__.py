"""The operator's own message in a profile: its schema for the model, its checks, its bytes."""

from scheduler.agent.product.load import load_product_schema
from scheduler.agent.product.schema import PRODUCT_BYTES_MAX, ProductSchema, RefusalOf
from scheduler.agent.product.support import ProductSupport

__all__ = ["PRODUCT_BYTES_MAX", "ProductSchema", "ProductSupport", "RefusalOf", "load_product_schema"]
