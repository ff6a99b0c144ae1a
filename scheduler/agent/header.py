"""The first line of every foreword."""

from __future__ import annotations

FOREWORD_HEADER = "About this user (background from past activity; may be outdated)"
"""Tells the reading model what the text is, and tells Foreword its own text when an event quotes it."""
