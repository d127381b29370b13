from .vocab import Vocab
