"""A release that cannot start: it needs what nobody has set."""

from __future__ import annotations

import os
import sys

VERSION = "1.5.0"
AROUND = ()

if not os.environ.get("LIFEBOATS_URL"):
    sys.exit("orders cannot start: LIFEBOATS_URL is not set: give it a value")
