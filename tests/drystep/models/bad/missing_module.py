"""A file that needs a package which is not there."""

import a_package_that_nobody_has.layers  # noqa: F401
