"""Words to ids: reading text, choosing the vocabulary, the encoded corpus."""

from .corpus import Corpus
from .vocab import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, Vocab

__all__ = ["RULE_DEFAULT", "RULE_DISCARD", "RULE_KEEP", "Corpus", "Vocab"]
