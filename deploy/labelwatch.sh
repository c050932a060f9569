#!/bin/sh
# Runs labelwatch as the service does: with its user, its configuration, its secrets and its database. `init` and
# `password` write into /etc/labelwatch, so root runs them; everything else is done by the service's user.
user=labelwatch etc="/etc/labelwatch" program="/opt/labelwatch/.venv/bin/labelwatch"
export LABELWATCH_CONFIG="$etc/labelwatch.toml" STATE_DIRECTORY="/var/lib/labelwatch" CREDENTIALS_DIRECTORY="$etc/secrets"
[ "$(id -un)" != "$user" ] || HOME="/var/lib/labelwatch" exec "$program" "$@"
[ "$(id -u)" = 0 ] || exec sudo "$0" "$@"
export LOGNAME="${SUDO_USER:-root}"
case ${1-} in
init | password) ;;
*)
	# A terminal of its own, or none: else code of that user could type into the terminal of root.
	[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && HOME="/var/lib/labelwatch" exec runuser --pty -u "$user" -- "$program" "$@"
	HOME="/var/lib/labelwatch" exec setsid -w runuser -u "$user" -- "$program" "$@"
	;;
esac
umask 077
code=0
"$program" "$@" || code=$?
find -P "$etc" "$etc/labelwatch.secrets" -maxdepth 1 -type f -exec chown -h "$user" {} +
exit "$code"
