"""``python -m chatserver.admin``: the same as the console script."""

from chatserver.admin.program import main

if __name__ == "__main__":
    main()
