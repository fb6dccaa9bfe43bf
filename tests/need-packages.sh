#!/bin/sh
# Makes sure that the Debian packages named as arguments are installed; installs what is missing (with sudo where the
# user is not root), or says what it is where that cannot be done. 'new|old' is whichever of the two a release has.
set -u

missing=
if command -v dpkg-query >/dev/null 2>&1; then
    for package in "$@"; do
        # shellcheck disable=SC2046 # each name is a word
        dpkg-query -W -f '${db:Status-Abbrev}\n' $(echo "$package" | tr '|' ' ') 2>/dev/null | grep -q '^ii' ||
            missing="$missing${missing:+, }$package"
    done
    [ -z "$missing" ] && exit 0
else
    # Not Debian: the names differ, so only say what is needed; the build itself tells what it lacks.
    echo "This is not a Debian system. If the build fails, install what Debian calls: $*"
    exit 0
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "These packages are missing: $missing"
        echo "Install them as root: apt-get satisfy \"$missing\""
        exit 1
    fi
    as_root=sudo
fi

# The tests start a server of their own. Debian's package would make and start another one for the whole machine.
case "$missing" in
*postgresql*)
    clusters=/etc/postgresql-common/createcluster.conf
    [ -e "$clusters" ] || { $as_root mkdir -p "${clusters%/*}" &&
        echo "create_main_cluster = false" | $as_root tee "$clusters" >/dev/null; } ;;
esac

echo "Installing what is missing: $missing"
export DEBIAN_FRONTEND=noninteractive
# A fresh machine has no package lists; an old list may name versions that are gone.
if $as_root apt-get satisfy -y -q --no-install-recommends "$missing" >/dev/null 2>&1 ||
    { $as_root apt-get update -q >/dev/null && $as_root apt-get satisfy -y -q --no-install-recommends "$missing" >/dev/null; }; then
    exit 0
fi
echo "These packages could not be installed: $missing"
LC_ALL=C apt-get satisfy -s "$missing" 2>&1 | sed -n 's/^.*Depends: \(.* but \)/    \1/p'
echo "Install them by hand: apt-get update && apt-get satisfy \"$missing\""
exit 1
