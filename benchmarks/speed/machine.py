"""What a benchmark ran on, for its results."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> str:
    """Describe processor and versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor()
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "numba"))
    python = f"Python {platform.python_version()}"
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}; {python}, {versions}"
