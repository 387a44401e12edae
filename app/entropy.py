"""The only source of keys, serials, passwords and salts.

One seed of 32 random bytes a call. What is drawn is a function of the seed and a label
(``<Secret>/<key>``), so nothing depends on the order of draws (behaviour 1).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEED_BYTES = 32


class Entropy:
    """Labelled random bytes from one seed."""

    __slots__ = ("_seed",)

    def __init__(self, seed: bytes) -> None:
        """``seed``: exactly 32 bytes from the system's source (or fixed, in tests)."""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes")
        self._seed = seed

    def __repr__(self) -> str:
        """Without the seed."""
        return "Entropy(…)"

    def bytes(self, label: str, length: int) -> bytes:
        """``length`` bytes for ``label``; the same for the same seed and label."""
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=label.encode()).derive(
            self._seed
        )

    def text(self, label: str, length: int, alphabet: str) -> str:
        """``length`` characters of ``alphabet``, without bias.

        Bytes above the largest multiple of the alphabet's size are thrown away.
        """
        limit = 256 - 256 % len(alphabet)
        found: list[str] = []
        for block in range(256):
            drawn = self.bytes(f"{label}#{block}", 128)
            found.extend(alphabet[byte % len(alphabet)] for byte in drawn if byte < limit)
            if len(found) >= length:
                return "".join(found[:length])
        raise AssertionError("unreachable: 256 blocks of 128 bytes hold enough characters")
