"""The native backend: loop nests in LLVM's language, vectorised and compiled by llvmlite."""
