"""The core: Variable, Block, Node, Graph, dispatch, levels, errors."""
