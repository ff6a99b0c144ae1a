#!/bin/sh
# Gathers what the daemons load into a folder that becomes the image: Python, its standard library, /opt/foreword, and the
# shared libraries that any of them names. No shell, no package manager; eighty megabytes less than the base image would make it.
set -eu
root=$1

stdlib=$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
python=$(readlink -f "$(command -v python)")

mkdir "$root" "$root/tmp"
chmod 1777 "$root/tmp"
cp -a --parents /opt/foreword "$stdlib" /usr/bin/env /etc/ld.so.conf /etc/ld.so.conf.d /etc/nsswitch.conf /etc/passwd \
    /etc/group /etc/ssl/certs/ca-certificates.crt "$root"
for path in /usr/bin/python* /usr/local/bin/python*; do
    if [ -e "$path" ]; then cp -a --parents "$path" "$root"; fi
done
# What has no use at run time: tests, a desktop's toolkit, an installer, and what was installed beside.
for name in config-* ensurepip idlelib lib-dynload/_curses* lib-dynload/_dbm.* lib-dynload/readline.* pydoc_data \
    site-packages test tkinter turtledemo; do
    rm -rf "$root$stdlib"/$name
done

# Where the root is read-only, what is not compiled now is compiled anew at each start.
python -m compileall -q -s "$root" "$root$stdlib"

compiled=$(find "$root/opt/foreword" "$root$stdlib" -name '*.so*' -type f)
{
    # Loaded by its name when a thread is cancelled, so that nobody lists it.
    ldconfig -p | awk '/libgcc_s\.so\.1 / { print $NF; exit }'
    # A shared library and, last, the loader itself; what lies in a wheel is there already. The front may not be built in.
    ldd $compiled "$python" /opt/foreword/bin/foreword-front 2>/dev/null |
        awk '/=> \// { print $3 } /^\t\/.*ld-/ { print $1 }' | grep -v /opt/foreword/
} | sort -u | xargs cp -L --parents -t "$root"
ldconfig -r "$root"
