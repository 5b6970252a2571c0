"""LLVM's language: registers, constants, types, indices and the memory of arrays."""
