"""The classic interface: Variables that carry their Jacobian, users' own Blocks, Nodes that can be walked."""
