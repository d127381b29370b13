"""The samples that the device draws, integer for integer beside the processor's, on real text."""
