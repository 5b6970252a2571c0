"""The command line: formulas, races, studies, basins."""

try:
    from .app import main
except KeyboardInterrupt:
    # Ctrl-C while it starts is no mistake to be traced.
    raise SystemExit(130) from None

__all__ = ["main"]
