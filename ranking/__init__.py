"""Which action for this user now: a model that all users share, and a small block of parameters for each."""

from __future__ import annotations

from ranking.block import Forgetting, Prior, UserBlock, probabilities
from ranking.encoder import Encoder, HashedEncoder, best_encoder, load_encoder
from ranking.example import Action, ActionSet, Context, Example, Learner
from ranking.learner import LearnerOptions, OnlineLearner
from ranking.model import Encoded, GlobalModel
from ranking.ring import Ring
from ranking.table import Table
from ranking.training import Training, TrainingOptions, train
from ranking.vocabulary import Vocabulary, VocabularyRules, build_vocabulary

__all__ = [
    "Action",
    "ActionSet",
    "Context",
    "Encoded",
    "Encoder",
    "Example",
    "Forgetting",
    "GlobalModel",
    "HashedEncoder",
    "Learner",
    "LearnerOptions",
    "OnlineLearner",
    "Prior",
    "Ring",
    "Table",
    "Training",
    "TrainingOptions",
    "UserBlock",
    "Vocabulary",
    "VocabularyRules",
    "best_encoder",
    "build_vocabulary",
    "load_encoder",
    "probabilities",
    "train",
]
