"""The words of a domain, from files of one form: what acts are called, and what its topics are."""

from foreword.vocabulary.built_in import built_in
from foreword.vocabulary.reading import read
from foreword.vocabulary.vocabulary import REST, KindWords, Medium, Vocabulary

__all__ = ["REST", "KindWords", "Medium", "Vocabulary", "built_in", "read"]
