"""How many examples a property is tried with: fewer where kernels run without compilation."""

from __future__ import annotations

import os

LIMITS = {"few": 4, "mutation": 10}


def limit_examples(wanted: int) -> int:
    """Return the wanted number, or the limit of the profile that CONNECTIVITY_EXAMPLES names."""
    return min(wanted, LIMITS.get(os.environ.get("CONNECTIVITY_EXAMPLES", ""), wanted))
