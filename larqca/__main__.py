"""``python -m larqca``."""

from larqca.cli.main import main

if __name__ == "__main__":
    main()
