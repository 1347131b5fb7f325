#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own: scripts/with-postgres.sh CMD [ARG…]
# The command finds its URL in MOCA_TEST_POSTGRES_URL. The server listens on a socket in a private
# directory only; server and directory are gone when the command ends. Exits with the command's code.
# With --measured before CMD, the server syncs what it commits, and listens on the port of loopback in
# MOCA_BENCH_POSTGRES_PORT too, for programs that cannot use a socket.
set -euo pipefail
fsync=off listen='' port=
if [ "${1:-}" = --measured ]; then
    shift
    fsync=on listen=127.0.0.1
    # One that is free now.
    port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export MOCA_BENCH_POSTGRES_PORT=$port
fi
[ $# -gt 0 ] || { sed -n '2p' "$0" >&2; exit 2; }

# The newest one installed.
binaries=$(find /usr/lib/postgresql/*/bin -maxdepth 1 -name initdb 2>/dev/null | sort -V | tail -n 1)
[ -n "$binaries" ] || binaries=$(command -v initdb) || {
    echo "$0: there is no initdb in /usr/lib/postgresql/*/bin or PATH; install the package postgresql" >&2
    exit 1
}
binaries=$(dirname "$binaries")

# PostgreSQL refuses to run as root.
as_owner=()
if [ "$(id -u)" = 0 ]; then
    owner=nobody
    ! id postgres >/dev/null 2>&1 || owner=postgres
    as_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups)
fi

# Not in TMPDIR: the path of a socket may have 107 bytes only.
directory=$(mktemp -d /tmp/moca-postgres.XXXXXX)
stop() {
    status=$?
    trap - EXIT
    "${as_owner[@]}" "$binaries/pg_ctl" -D "$directory/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$directory"
    exit "$status"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
[ "$(id -u)" != 0 ] || chown "$owner" "$directory"

# From a directory the other user may read; what the server prints stays beside its data.
cd_back=$PWD
cd /
# Sorted as in English, unlike bytes: a column without its own collation shows up in the tests.
"${as_owner[@]}" "$binaries/initdb" -D "$directory/data" -U moca --auth=trust -E UTF8 --no-sync \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=en \
    >"$directory/initdb.log" 2>&1 || { cat "$directory/initdb.log" >&2; exit 1; }
# For tests nothing in it has to outlive a crash of the machine.
"${as_owner[@]}" "$binaries/pg_ctl" -D "$directory/data" -l "$directory/data/server.log" -w start -o \
    "-k '$directory' -c listen_addresses='$listen' ${port:+-c port=$port} -c fsync=$fsync -c max_connections=300" >"$directory/pg_ctl.log" 2>&1 || {
    cat "$directory/pg_ctl.log" "$directory/data/server.log" >&2
    exit 1
}
cd "$cd_back"

export MOCA_TEST_POSTGRES_URL="postgres://moca@${directory//\//%2F}${port:+:$port}/postgres"
"$@"
