"""Texts as vectors, for comparing users and items."""

from __future__ import annotations

from foreword.embedding.embedder import NAMES, Embedder, load_embedder
from foreword.embedding.vector import quantized, similarity

__all__ = ["NAMES", "Embedder", "load_embedder", "quantized", "similarity"]
