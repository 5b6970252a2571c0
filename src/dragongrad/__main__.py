"""`python -m dragongrad` is the command `dragongrad`."""

from .command.app import main

if __name__ == "__main__":
    main()
