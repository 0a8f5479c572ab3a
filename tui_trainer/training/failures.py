"""What the machine refused, in words that a person can act on."""

import errno

OUT_OF_MEMORY = ("allocate memory", "out of memory", "bad_alloc", "could not create a memory", "could not create a primitive", "Cannot allocate memory")
"""How PyTorch, oneDNN and the C++ library say it in a RuntimeError."""
SMALLER = "a smaller training.batch_size needs less"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def machine_failure(error: BaseException, device: str = "cpu") -> str:
    """Why the machine could not go on, in a line; empty where it is no failure of the machine."""
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(word in str(error) for word in OUT_OF_MEMORY)):
        return f"out of memory{'' if device == 'cpu' else f' on {device}'}: {SMALLER}"
    if isinstance(error, OSError):
        if error.errno == errno.ENOMEM:
            return f"out of memory: {SMALLER}"
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}" + ("; make room, then resume the run" if error.errno in NO_ROOM else "")
    return ""
