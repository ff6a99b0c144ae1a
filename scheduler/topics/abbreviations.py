"""Names that are written short, and what they are short for."""

from __future__ import annotations

# Short names that mean one thing wherever they are a topic.
CERTAIN = {
    "a11y": "accessibility",
    "gql": "graphql",
    "i18n": "internationalization",
    "js": "javascript",
    "k8s": "kubernetes",
    "l10n": "localization",
    "o11y": "observability",
    "postgres": "postgresql",
    "sci-fi": "science-fiction",
    "scifi": "science-fiction",
    "tv": "television",
}
# Short names that mostly mean this, but in some namespaces another thing or place: `docs` is a folder, and NLP a school
# of therapy.
LIKELY = {
    "admin": "administration",
    "ai": "artificial-intelligence",
    "auth": "authentication",
    "ci": "continuous-integration",
    "config": "configuration",
    "configs": "configuration",
    "db": "database",
    "docs": "documentation",
    "env": "environment",
    "golang": "go",
    "infra": "infrastructure",
    "ml": "machine-learning",
    "nlp": "natural-language-processing",
    "perf": "performance",
    "py": "python",
    "repo": "repository",
    "spec": "specification",
    "ts": "typescript",
    "ui": "user-interface",
    "ux": "user-experience",
}
