from .vocab import Vocab as Vocab
