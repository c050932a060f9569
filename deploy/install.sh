#!/bin/sh
# Install labelwatch as a systemd service on Debian or Ubuntu, change the installed one to this version, or remove it.
#
# Usage: sudo sh deploy/install.sh [OPTIONS]
#
#   --upgrade            Only change what is installed already; a service that was stopped stays so.
#   --wheel FILE         Install this wheel; without it: the checkout this script is in.
#   --wheelhouse DIR     Take all libraries from here, nothing from the network.
#   --requirements FILE  The libraries with their hashes. Default: requirements.txt beside this script.
#   --python PROGRAM     Python 3.11 or newer. Default: the newest there is.
#   --no-start           Leave the service as it is: neither enable nor start it.
#   --no-backup          Upgrade without a copy of the database (PostgreSQL: make one with pg_dump).
#   --uninstall          Remove labelwatch; configuration and data stay.
#   --uninstall --purge  Remove them too, after two questions.
#   --root DIR           For trials: use DIR in place of /, and leave systemd alone.
#   --user NAME          Run the service as this user. Default: labelwatch, which is created.
#   -h, --help           Show this.
#
# Exit codes: 0 done, 1 not done (the last line says why, and what is in use now), 2 wrong usage.

# A new version is installed beside the old one while the service still works. Then the service is stopped, the database
# is copied, the link .venv is changed and the service is started; if it does not start, the old version returns.
#
# Root acts only where nobody else can change anything. /var/lib/labelwatch is the service's: whatever is done there is
# done by its user (as_service). /etc/labelwatch is root's; what another user may have left there is refused (take_etc).

set -eu
umask 022
say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2 && exit 1; }
wrong() { printf 'install.sh: %s\nTry: install.sh --help\n' "$*" >&2 && exit 2; }
path() { realpath -ms -- "$1"; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
action=install root='' user=labelwatch wheel='' wheelhouse='' python='' upgrade=no start=yes backup=yes purge=no
requirements=$here/requirements.txt
while [ $# -gt 0 ]; do
	case $1 in --wheel | --wheelhouse | --requirements | --python | --root | --user) [ -n "${2-}" ] || wrong "$1 needs a value" ;; esac
	case $1 in
	--wheel) wheel=$(path "$2") && shift ;;
	--wheelhouse) wheelhouse=$(path "$2") && shift ;;
	--requirements) requirements=$(path "$2") && shift ;;
	--root) root=$(path "$2") && root=${root%/} && shift ;;
	--python) python=$2 && shift ;;
	--user) user=$2 && shift ;;
	--upgrade) upgrade=yes ;;
	--no-start) start=no ;;
	--no-backup) backup=no ;;
	--uninstall) action=uninstall ;;
	--purge) purge=yes ;;
	-h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$here/install.sh" && exit 0 ;;
	*) wrong "there is no option $1" ;;
	esac
	shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || wrong "--purge goes with --uninstall"
[ "$(id -u)" = 0 ] || [ -n "$root" ] || die "only root can do this: sudo sh $0"

# Only root can put a file that a program might load into the current directory, or a program into the path.
cd /
systemctl=systemctl
if [ -n "$root" ]; then systemctl=${SYSTEMCTL-}; else PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; fi
me=$(id -u) checkout=$(dirname -- "$here") changed=no was_active=no
app=$root/opt/labelwatch etc=$root/etc/labelwatch state=$root/var/lib/labelwatch
command=$root/usr/local/bin/labelwatch unit=$root/etc/systemd/system/labelwatch.service
program=$app/.venv/bin/labelwatch config=$etc/labelwatch.toml

# Without a terminal, not even for output: else code of that user could type into the terminal of root, or read what is
# typed there.
as_user() {
	who=$1 code=0 && shift
	if [ "$(id -un)" = "$who" ]; then "$@" </dev/null && return || return; fi
	told=$(setsid -w runuser -u "$who" -- "$@" 2>&1 </dev/null) || code=$?
	[ -z "$told" ] || say "$told"
	return "$code"
}
# As the service would run it.
as_service() {
	as_user "$user" env HOME="$state" LABELWATCH_CONFIG="$config" STATE_DIRECTORY="$state" \
		CREDENTIALS_DIRECTORY="$etc/secrets" "$@"
}
ctl() { [ -z "$systemctl" ] || "$systemctl" "$@"; }
has_systemd() { case $(ctl is-system-running 2>/dev/null || :) in '' | offline | unknown) return 1 ;; esac }
comes_up() { ctl restart labelwatch && ctl is-active --quiet labelwatch; }
works() { [ -x "$1/bin/labelwatch" ] && as_service "$1/bin/labelwatch" --version >/dev/null 2>&1; }
link_to() { ln -sfn "$1" "$app/.venv.new" && mv -T "$app/.venv.new" "$app/.venv"; }

# A file beside this script, for the places and the user of this installation.
fill() {
	sed -e "s#/opt/labelwatch#$app#g; s#/etc/labelwatch#$etc#g; s#/var/lib/labelwatch#$state#g; s#^User=.*#User=$user#" -e \
		"s#^user=labelwatch #user=$user #; s# root labelwatch\$# $me $group#; s# labelwatch labelwatch\$# $user $group#" "$here/$1"
}
# Put standard input into FILE, with MODE.
put() {
	cat >"$1.new" && chmod "$2" "$1.new"
	if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1" && changed=yes; fi
}

# Tried as a user without rights, as the service will be: a Python below /root is of no use to it.
want_python() {
	somebody=nobody
	[ "$me" = 0 ] || somebody=$(id -un)
	# shellcheck disable=SC2086 # the names without quotes, one by one
	for name in ${python:-python3.14 python3.13 python3.12 python3.11 python3 /usr/bin/python3}; do
		python=$(command -v "$name") && as_user "$somebody" "$python" -I -c \
			'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
	done
	die "$name is not Python 3.11 or newer with venv that every user can run: apt install python3 python3-venv" \
		"(Ubuntu 22.04: python3.11 python3.11-venv), then run this again"
}

want_files() {
	[ -f "$requirements" ] || die "$requirements is missing: it names the libraries with their hashes"
	[ -d "${wheelhouse:-/}" ] || die "$wheelhouse is no directory"
	[ -f "${wheel:-$checkout/pyproject.toml}" ] || die "${wheel:-a wheel or a checkout} is not there: name a wheel with --wheel"
	[ "$upgrade" = no ] || [ -e "$app/.venv" ] || die "nothing is installed yet: leave --upgrade out"
	[ ! -e "$app/.venv" ] || [ -L "$app/.venv" ] || die "$app/.venv is not from this script: move it away first"
}

# The service may read its configuration, and only root change what is in the directory; older versions let the service
# do that, too. Outermost first: what is in a directory of root's cannot be exchanged any more while it is looked at.
take_etc() {
	refuse() { die "$1 was not made by root, so it is not used: look at it, move it away, and run this again"; }
	[ -n "$root" ] || [ "$user" != labelwatch ] || systemd-sysusers "$here/sysusers.conf"
	group=$(id -gn "$user" 2>/dev/null) || die "there is no user $user"
	for directory in "$etc" "$etc/secrets" "$etc/labelwatch.secrets"; do
		[ -e "$directory" ] || mkdir -p "$directory"
		# The last one was the service's until now.
		[ -n "$(find -P "$directory" -maxdepth 0 -type d \( -uid "$me" -o -name '*.secrets' \))" ] || refuse "$directory"
		chown -h "$me:$group" "$directory" && chmod 750 "$directory"
	done
	foreign=$(find -P "$etc" -mindepth 1 \( -type d ! -uid "$me" -o ! -type d ! -type f ! -uid "$me" \
		-o -type f -links +1 \) -print -quit)
	[ -z "$foreign" ] || refuse "$foreign"
	find -P "$etc/secrets" -type f -exec chgrp -h "$group" {} + -exec chmod 640 {} +
	find -P "$etc" "$etc/labelwatch.secrets" -maxdepth 1 -type f -exec chown -h "$user" {} + -exec chmod go= {} +
	fill tmpfiles.conf | systemd-tmpfiles --create -
}

# Into a directory whose name is the same for the same.
build() {
	if [ -n "$wheel" ]; then set -- cat "$wheel"; else
		set -- tar -C "$checkout" --sort=name --mtime=@0 --exclude='*.pyc' -c labelwatch migrations pyproject.toml
	fi
	new=$app/versions/$({ "$python" -I --version && cat "$requirements" && "$@"; } | sha256sum | cut -c 1-12)
	if works "$new"; then return; fi
	say "Installing into $new (a minute or so) ..."
	rm -rf "$new" && mkdir -p "$app/versions"
	trap 'rm -rf "$new"; printf "install.sh: it could not be installed; what was there is as it was\n" >&2' EXIT
	"$python" -I -m venv "$new"
	set -- "$new/bin/python" -I -m pip install --quiet --disable-pip-version-check
	[ -z "$wheelhouse" ] || set -- "$@" --no-index --find-links "$wheelhouse"
	"$@" --require-hashes --requirement "$requirements"
	"$@" --no-deps --no-build-isolation "${wheel:-$checkout}"
	works "$new" || die "$new/bin/labelwatch does not run as user $user"
	trap - EXIT
}

change_over() {
	old=$(readlink "$app/.venv" || :) copy=$state/backups/labelwatch-$(date -u +%Y%m%dT%H%M%SZ).db
	[ "$old" != "$new" ] || return 0
	changed=yes
	if [ -n "$old" ]; then
		ctl stop labelwatch || :
		if [ "$backup" = yes ] && [ -f "$config" ] && ! as_service "$new/bin/labelwatch" db backup --keep 5 "$copy"; then
			[ "$was_active" = no ] || ctl start labelwatch || :
			die "the database could not be copied, so the old version stays in use. Without a copy: --no-backup"
		fi
		[ ! -f "$unit" ] || cp -p "$unit" "$app/unit.before"
	fi
	link_to "$new"
}

# The service gets each file in secrets/ as the credential of that name, and no other.
put_unit() {
	mkdir -p "$unit.d" "$(dirname "$command")"
	fill labelwatch.service | put "$unit" 644
	fill labelwatch.sh | put "$command" 755
	set -- "$etc/secrets" -type f -regextype posix-extended
	find -P "$@" ! -regex '.*/[A-Za-z0-9_.-]+' -printf 'Passed over: %p (a name has letters, digits, - and _)\n' >&2
	{
		printf '# Written by install.sh, from the files in %s/secrets.\n[Service]\nLoadCredential=\n' "$etc"
		find -P "$@" -regex '.*/[A-Za-z0-9_.-]+' -printf 'LoadCredential=%f:%p\n' | sort
	} | put "$unit.d/secrets.conf" 644
}

go_back() {
	say "It does not start: going back to the old version." >&2
	ctl stop labelwatch || :
	cp -p "$app/unit.before" "$unit"
	link_to "$old"
	ctl daemon-reload
	rm -rf "$new"
	if ! comes_up && as_service test -f "$copy"; then # the new version may have changed the tables
		ctl stop labelwatch || :
		as_service "$program" db restore "$copy" || :
		comes_up || die "the old version does not start either: journalctl -u labelwatch -n 50. A copy: $copy"
	fi
	die "the new version did not start (journalctl -u labelwatch -n 50); the old one is in use again"
}

start_it() {
	ctl daemon-reload
	if [ "$upgrade" = yes ] && [ "$was_active" = no ]; then
		say "The service was stopped, so it was not started: systemctl enable --now labelwatch" && return
	fi
	ctl enable --quiet labelwatch
	if [ "$changed" = no ] && ctl is-active --quiet labelwatch; then
		say "Nothing has changed; the service runs."
	elif comes_up; then
		say "The service runs. Look: labelwatch doctor; labelwatch late; journalctl -u labelwatch -f"
	else
		[ -z "$old" ] || [ "$old" = "$new" ] || go_back
		die "the service does not start; why: journalctl -u labelwatch -n 50, and labelwatch doctor"
	fi
}

install_it() {
	want_python
	want_files
	take_etc
	if has_systemd && ctl is-active --quiet labelwatch; then was_active=yes; fi
	build
	# The configuration must suit the new program before the old one is stopped.
	[ ! -f "$config" ] || said=$(as_service "$new/bin/labelwatch" check 2>&1) || die "$said" "
install.sh: the configuration has to be corrected first; the service is as it was"
	change_over
	put_unit
	say "Installed: $(as_service "$program" --version) in $app, the command is $command"
	# The first time, at a terminal, its questions are asked; Ctrl-C ends the questions, not the installation.
	if [ ! -f "$config" ] && [ "$start" = yes ] && [ -t 0 ] && [ -t 1 ]; then
		trap : INT
		"$command" init || say "Not set up yet." >&2
		trap - INT
	fi
	if [ ! -f "$config" ]; then
		say "Next: sudo labelwatch init, then sudo systemctl enable --now labelwatch"
	elif [ "$start" = no ] || ! has_systemd; then
		say "The service was not started."
	else
		start_it
	fi
	rm -f "$app/unit.before"
	find -P "$app/versions" -mindepth 1 -maxdepth 1 ! -path "$new" ! -path "$old" -exec rm -rf {} +
}

agreed() { printf '%s ' "$1" && read -r answer && [ "$answer" = "$2" ]; }

uninstall_it() {
	! has_systemd || ctl disable --now --quiet labelwatch || :
	rm -rf "$unit" "$unit.d" "$command" "$app"
	! has_systemd || ctl daemon-reload
	if [ "$purge" = yes ] &&
		agreed "Remove the configuration and the secrets in $etc, too? Type yes:" yes &&
		agreed "Remove all data on alerts and postings in $state? They cannot be restored. Type remove:" remove; then
		as_user "$user" find -P "$state" -mindepth 1 -delete
		rm -rf "$state" "$etc"
		[ -n "$root" ] || [ "$user" != labelwatch ] || ! id labelwatch >/dev/null 2>&1 || userdel labelwatch
		say "labelwatch is removed, with its configuration and its data."
	else
		say "labelwatch is removed. Kept: $etc (configuration, secrets), $state (database)."
	fi
}

"${action}_it"
