"""The parts of ``bench/gpu.py``, one a file."""
