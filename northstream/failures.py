"""The one way to say that the user must mend something: sentences, and exit code 2.

Does not print or exit: the command line does.
"""

EXIT_USER = 2
"""Exit code for what the user must mend; a child that ends with it is not restarted."""


class UserError(Exception):
    """What is wrong and what to do about it, in one clear sentence (one line per problem)."""
