"""What the blocks of a large file are called in Azure. Pure."""

import base64


def block_id(number: int, md5: bytes) -> str:
    """The same for the same bytes at the same place, in every process, so that a list of them proves what is there.
    All ids are of one length: Azure refuses a blob whose ids are not."""
    return base64.b64encode(f"{number:06d}-{md5.hex()}".encode()).decode()


def block_order(name: str) -> bytes:
    """By which ids stand as their blocks do in the file."""
    return base64.b64decode(name)
