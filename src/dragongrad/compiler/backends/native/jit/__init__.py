"""LLVM's passes, its code generator, and the addresses of what it made."""
