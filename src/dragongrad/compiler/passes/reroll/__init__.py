"""Python's loops, which a trace wrote out step by step, as loops again."""

from .loops import Found, find_loops, reroll

__all__ = ["Found", "find_loops", "reroll"]
