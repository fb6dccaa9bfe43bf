"""The Debian package: built, linted, installed, upgraded and removed in bare systems."""
