"""Arguments of the command line, and how a command ends when they are wrong."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
SEED_BYTES: Final = 32


class CommandError(Exception):
    """Ends a subcommand; the text is one line, ``status`` the exit status."""

    status = EXIT_FAILED


class UsageError(CommandError):
    """Bad usage or input."""

    status = EXIT_USAGE


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def serve_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``serve``; what is left out comes from the environment."""
    parser.add_argument("--host", help="address to listen on (WAZUH_HOOK_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=port, help="TCP port (WAZUH_HOOK_PORT, 8080); 0: a free one")


def render_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``render``."""
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="a WazuhCluster (Secrets of yours may stand beside it) or a recorded sync request",
    )
    parser.add_argument("--reveal", action="store_true", help="show the values of Secrets")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="write one file an object, Secrets with mode 0600",
    )
    parser.add_argument("--now", type=moment, metavar="RFC3339", help="time to render for")
    parser.add_argument(
        "--seed", type=hex_seed, metavar="HEX", help="64 hex digits: the same keys every time"
    )
    parser.add_argument(
        "--rounds",
        type=count,
        metavar="N",
        help="how often the answer is fed back (4 for a WazuhCluster, 1 for a request)",
    )


def port(text: str) -> int:
    """TCP port."""
    value = _number(text)
    if not 0 <= value <= 65535:  # noqa: PLR2004 - ports of TCP
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return value


def count(text: str) -> int:
    """Small positive number."""
    value = _number(text)
    if not 1 <= value <= 100:  # noqa: PLR2004 - more rounds change nothing
        raise argparse.ArgumentTypeError("must be a number from 1 to 100")
    return value


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else -1  # noqa: PLR2004 - bound


def moment(text: str) -> datetime:
    """RFC 3339 time as aware UTC in whole seconds."""
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is not None:
            return value.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        pass
    raise argparse.ArgumentTypeError("must be a time such as 2026-11-24T08:00:00Z")


def hex_seed(text: str) -> bytes:
    """32 bytes from 64 hex digits."""
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise argparse.ArgumentTypeError("must be 64 hex digits")
    return seed
