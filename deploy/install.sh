#!/bin/sh
# Installs labelwatch on Debian or Ubuntu as a systemd service, brings it up to date, and takes it away again.
#
#   sudo sh deploy/install.sh                install, or change to what is in this checkout
#   sudo sh deploy/install.sh --uninstall    take it away, keep configuration and data
#
# It may be run again at any time: what is as it should be is left alone.
#
#   /opt/labelwatch/.venv          the program: a link to one of /opt/labelwatch/versions/
#   /etc/labelwatch/               labelwatch.toml and its secrets
#   /var/lib/labelwatch/           the database, and in backups/ a copy from before each upgrade
#   /usr/local/bin/labelwatch      the command, run with the user, the configuration and the database of the service
#
# A new version is put beside the old one while the service still works. Then it is stopped, the database is copied, the
# link is changed, and it is started; when it does not start, the old version and the copy take their places again.

set -eu
umask 022

usage() {
	cat <<'END'
Usage: install.sh [OPTIONS]

Install labelwatch as a service, or change the installed one to this version.

  --upgrade            Only change what is installed already; a service that was stopped stays so.
  --wheel FILE         Install this wheel; without it: the checkout this script is in.
  --wheelhouse DIR     Take all libraries from here, nothing from the network.
  --requirements FILE  The libraries with their hashes. Default: requirements.txt beside this script.
  --python PROGRAM     Python 3.11 or newer. Default: the newest there is.
  --no-start           Leave the service as it is: neither enable nor start it.
  --no-backup          Upgrade without a copy of the database (PostgreSQL: make one with pg_dump).

  --uninstall          Take labelwatch away; configuration and data stay.
  --uninstall --purge  Take them away too, after two questions.

  --root DIR           For trials: use DIR in place of /, and leave systemd alone.
  --user NAME          Run the service as this user. Default: labelwatch, which is made.
  -h, --help           Show this.

Exit codes: 0 done, 1 not done (the last line says why, and what is in use now), 2 wrong usage.
END
}

say() { printf '%s\n' "$*"; }
die() {
	printf 'install.sh: %s\n' "$*" >&2
	exit 1
}
wrong() {
	printf 'install.sh: %s\nTry: install.sh --help\n' "$*" >&2
	exit 2
}

# --- what is wanted

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
action=install root='' user=labelwatch wheel='' wheelhouse='' python='' purge=no start=yes backup_wanted=yes
only_upgrade=no requirements=$here/requirements.txt

while [ $# -gt 0 ]; do
	case $1 in
	--wheel | --wheelhouse | --requirements | --python | --root | --user)
		[ $# -ge 2 ] && [ -n "$2" ] || wrong "$1 needs a value"
		;;
	esac
	case $1 in
	--upgrade) only_upgrade=yes ;;
	--uninstall) action=uninstall ;;
	--purge) purge=yes ;;
	--no-start) start=no ;;
	--no-backup) backup_wanted=no ;;
	--wheel) wheel=$2 && shift ;;
	--wheelhouse) wheelhouse=$2 && shift ;;
	--requirements) requirements=$2 && shift ;;
	--python) python=$2 && shift ;;
	--root) root=${2%/} && shift ;;
	--user) user=$2 && shift ;;
	-h | --help) usage && exit 0 ;;
	*) wrong "there is no option $1" ;;
	esac
	shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || wrong "--purge goes with --uninstall"

checkout=$(dirname -- "$here")
app=$root/opt/labelwatch etc=$root/etc/labelwatch state=$root/var/lib/labelwatch
command=$root/usr/local/bin/labelwatch
unit=$root/etc/systemd/system/labelwatch.service
program=$app/.venv/bin/labelwatch
config=$etc/labelwatch.toml
# Under --root there is no systemd to talk to, unless somebody names one.
systemctl=${SYSTEMCTL-systemctl}
[ -z "$root" ] || systemctl=${SYSTEMCTL-}

# --- tools

as_user() {
	name=$1
	shift
	if [ "$(id -un)" = "$name" ]; then "$@"; else runuser -u "$name" -- "$@"; fi
}

# A command as the service would run it.
as_service() {
	as_user "$user" env HOME="$state" LABELWATCH_CONFIG="$config" STATE_DIRECTORY="$state" \
		CREDENTIALS_DIRECTORY="$etc/secrets" "$@"
}

ctl() { [ -z "$systemctl" ] || "$systemctl" "$@"; }

has_systemd() {
	[ -n "$systemctl" ] || return 1
	case $("$systemctl" is-system-running 2>/dev/null || :) in '' | offline | unknown) return 1 ;; esac
}

# Put FILE.new in the place of FILE, with MODE; `changed` tells whether it was otherwise before.
put() {
	chmod "$2" "$1.new"
	if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1" && changed=yes; fi
}

works() { [ -x "$1/bin/labelwatch" ] && as_service "$1/bin/labelwatch" --version >/dev/null 2>&1; }

# --- before anything is changed

want_rights() {
	[ "$(id -u)" = 0 ] || [ -n "$root" ] || die "only root can do this: sudo sh $0"
	[ -n "$root" ] || command -v runuser >/dev/null || die "runuser is not there: apt install util-linux"
}

want_python() {
	# Asked as somebody without rights, as the service will be: a Python below /root is of no use to it.
	somebody=nobody
	[ "$(id -u)" = 0 ] || somebody=$(id -un)
	# shellcheck disable=SC2086 # the names without quotes, one by one
	for candidate in ${python:-python3.13 python3.12 python3.11 python3 /usr/bin/python3}; do
		found=$(command -v "$candidate") || continue
		as_user "$somebody" "$found" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
			2>/dev/null && python=$found && return
	done
	[ -z "$python" ] || die "$python is not Python 3.11 or newer with venv that every user can run"
	die "labelwatch needs Python 3.11 or newer with venv that every user can run." \
		"Debian 12, Ubuntu 24.04 and newer: apt install python3 python3-venv." \
		"Ubuntu 22.04: apt install python3.11 python3.11-venv. Then run this again."
}

want_source() {
	[ -f "$requirements" ] || die "$requirements is missing: it names the libraries with their hashes"
	[ -z "$wheelhouse" ] || [ -d "$wheelhouse" ] || die "$wheelhouse is no directory"
	if [ -n "$wheel" ]; then
		[ -f "$wheel" ] || die "$wheel is not there"
	else
		[ -f "$checkout/pyproject.toml" ] || die "this is no checkout: name a wheel with --wheel FILE"
	fi
	[ "$only_upgrade" = no ] || [ -e "$app/.venv" ] || die "nothing is installed yet: leave --upgrade out"
}

# --- the program

# What would be installed, as a name: the same for the same.
fingerprint() {
	{
		"$python" --version
		sha256sum <"$requirements"
		if [ -n "$wheel" ]; then
			sha256sum <"$wheel"
		else
			(cd "$checkout" && find labelwatch migrations pyproject.toml -type f ! -name '*.py[co]' -print0 |
				sort -z | xargs -0 sha256sum)
		fi
	} | sha256sum | cut -c 1-12
}

pip_install() {
	set -- install --quiet --disable-pip-version-check "$@"
	[ -z "$wheelhouse" ] || set -- "$@" --no-index --find-links "$wheelhouse"
	"$new/bin/python" -m pip "$@"
}

build() {
	new=$app/versions/$(fingerprint)
	if works "$new"; then return; fi
	say "Installing into $new (a minute or so) ..."
	rm -rf "$new"
	mkdir -p "$app/versions"
	trap 'rm -rf "$new"; printf "install.sh: it could not be installed; what was there is as it was\n" >&2' EXIT
	"$python" -m venv "$new"
	pip_install --require-hashes --requirement "$requirements"
	pip_install --no-deps --no-build-isolation "${wheel:-$checkout}"
	works "$new" || die "$new/bin/labelwatch does not run as user $user"
	trap - EXIT
}

# The configuration must suit the new program before the old one is stopped.
want_fitting_config() {
	[ -f "$config" ] || return 0
	said=$(as_service "$new/bin/labelwatch" check 2>&1) && return
	printf '%s\n' "$said" >&2
	die "the configuration needs you first; the service is as it was. User $user must be able to read all of it:" \
		"chown -R $user: $config $etc/labelwatch.secrets"
}

# --- what belongs to it

make_user() {
	id "$user" >/dev/null 2>&1 && return
	[ -z "$root" ] || die "there is no user $user"
	useradd --system --user-group --no-create-home --home-dir "$state" --shell /usr/sbin/nologin "$user"
}

make_directories() {
	mkdir -p "$app" "$etc/secrets" "$state/backups" "$(dirname "$command")" "$unit.d"
	group=$(id -gn "$user")
	# `labelwatch init` runs as the service's user and writes here; the service itself sees /etc read-only.
	chgrp "$group" "$etc"
	chmod 770 "$etc"
	chgrp -R "$group" "$etc/secrets"
	chmod -R u=rwX,g=rX,o= "$etc/secrets"
	[ "$(id -un)" = "$user" ] || chown "$user:$group" "$state" "$state/backups"
	chmod 700 "$state" "$state/backups"
}

put_unit() {
	sed -e "s#/opt/labelwatch#$app#g; s#/etc/labelwatch#$etc#g; s#^User=.*#User=$user#" \
		"$here/labelwatch.service" >"$unit.new"
	put "$unit" 644
}

# The service gets each file in secrets/ as the credential of that name, and no other.
put_secrets() {
	{
		say "# Written by install.sh, from the files in $etc/secrets."
		say '[Service]'
		say 'LoadCredential='
		for file in "$etc"/secrets/*; do
			case ${file##*/} in
			*[!A-Za-z0-9_.-]*) [ ! -f "$file" ] || say "Passed over: $file (a name has letters, digits, - and _)" >&2 ;;
			*) say "LoadCredential=${file##*/}:$file" ;;
			esac
		done
	} >"$unit.d/secrets.conf.new"
	put "$unit.d/secrets.conf" 644
}

put_command() {
	cat >"$command.new" <<END
#!/bin/sh
# Runs labelwatch as the service does: with its user, its configuration, its secrets and its database.
if [ "\$(id -un)" != "$user" ]; then
	[ "\$(id -u)" = 0 ] || exec sudo "\$0" "\$@"
	export LOGNAME="\${SUDO_USER:-root}"
	set -- runuser -u "$user" -- "$program" "\$@"
else
	set -- "$program" "\$@"
fi
export HOME="$state" LABELWATCH_CONFIG="$config"
export STATE_DIRECTORY="$state" CREDENTIALS_DIRECTORY="$etc/secrets"
exec "\$@"
END
	put "$command" 755
}

# --- from the old version to the new one

back_up() {
	[ "$backup_wanted" = yes ] || return 0
	copy=$state/backups/labelwatch-$(date -u +%Y%m%dT%H%M%SZ).db
	if said=$(as_service "$program" db backup "$copy" 2>&1); then
		say "The database is copied to $copy"
	elif [ -z "$(find "$state" -maxdepth 1 -name '*.db' -size +8k)" ] && ! grep -qs '^ *url *= *"postgres' "$config"; then
		copy='' # it never ran, so there is nothing to copy
	else
		printf '%s\n' "$said" >&2
		return 1
	fi
	# The last five are enough.
	find "$state/backups" -name 'labelwatch-*.db' | sort -r | tail -n +6 | xargs -r rm -f
}

link_to() {
	ln -sfn "$1" "$app/.venv.new"
	mv -T "$app/.venv.new" "$app/.venv"
}

change_over() {
	old=$(readlink "$app/.venv" || :)
	[ "$old" != "$new" ] || return 0
	changed=yes
	if [ -e "$app/.venv" ]; then
		ctl stop labelwatch || :
		if ! back_up; then
			[ "$was_active" = no ] || ctl start labelwatch || :
			die "the database could not be copied, so the old version stays in use. Without a copy: --no-backup"
		fi
	fi
	[ ! -f "$unit" ] || cp -p "$unit" "$app/unit.before"
	if [ -d "$app/.venv" ] && [ ! -L "$app/.venv" ]; then # made by hand: it works only where it was made
		old=$app/by-hand
		rm -rf "$old"
		mv "$app/.venv" "$old"
	fi
	link_to "$new"
}

go_back() {
	say "It does not start: going back to the old version." >&2
	ctl stop labelwatch || :
	cp -p "$app/unit.before" "$unit"
	if [ "$old" = "$app/by-hand" ]; then rm "$app/.venv" && mv "$old" "$app/.venv"; else link_to "$old"; fi
	ctl daemon-reload
	rm -rf "$new"
	if ! comes_up && [ -n "${copy-}" ]; then # the new version may have changed the tables
		ctl stop labelwatch || :
		as_service "$program" db restore "$copy" || :
		comes_up || die "the old version does not start either: journalctl -u labelwatch -n 50. A copy: $copy"
	fi
	die "the new version did not start (journalctl -u labelwatch -n 50); the old one is in use again"
}

comes_up() { ctl restart labelwatch && ctl is-active --quiet labelwatch; }

forget_old_versions() {
	rm -f "$app/unit.before"
	[ "$old" = "$app/by-hand" ] || rm -rf "$app/by-hand"
	for version in "$app"/versions/*; do
		case $version in "$new" | "$old") ;; *) rm -rf "$version" ;; esac
	done
}

# --- the three things it does

install_it() {
	want_rights
	want_python
	want_source
	make_user
	make_directories
	was_active=no changed=no
	if has_systemd && ctl is-active --quiet labelwatch; then was_active=yes; fi
	build
	want_fitting_config
	change_over
	put_unit
	put_secrets
	put_command
	say "Installed: $("$program" --version) in $app, the command is $command"
	set_up
	start_it
	forget_old_versions
}

# Ask who installs it for the first time and sits before it.
set_up() {
	if [ -f "$config" ] || [ "$start" = no ] || [ ! -t 0 ] || [ ! -t 1 ]; then return; fi
	trap : INT # Ctrl-C ends the questions, not the installation
	"$command" init || say "Not set up yet." >&2
	trap - INT
}

start_it() {
	if [ ! -f "$config" ]; then
		say "Next: sudo labelwatch init, then sudo systemctl enable --now labelwatch"
	elif [ "$start" = no ] || ! has_systemd; then
		say "The service was not started."
	else
		ctl daemon-reload
		if [ "$only_upgrade" = yes ] && [ "$was_active" = no ]; then
			say "The service was stopped, so it was not started: systemctl enable --now labelwatch"
			return
		fi
		ctl enable --quiet labelwatch
		run_it
	fi
}

run_it() {
	if [ "$changed" = no ] && ctl is-active --quiet labelwatch; then
		say "Nothing has changed; the service runs."
	elif comes_up; then
		say "The service runs. Look: labelwatch doctor; labelwatch late; journalctl -u labelwatch -f"
	elif [ -n "$old" ] && [ "$old" != "$new" ]; then
		go_back
	else
		die "the service does not start; why: journalctl -u labelwatch -n 50, and labelwatch doctor"
	fi
}

uninstall_it() {
	want_rights
	if has_systemd; then ctl disable --now --quiet labelwatch || :; fi
	rm -rf "$unit" "$unit.d" "$command" "$app"
	if has_systemd; then ctl daemon-reload; fi
	if [ "$purge" = yes ] && agreed; then
		rm -rf "$etc" "$state"
		[ -n "$root" ] || [ "$user" != labelwatch ] || ! id labelwatch >/dev/null 2>&1 || userdel labelwatch
		say "labelwatch is gone, with its configuration and its data."
	else
		say "labelwatch is gone. Kept: $etc (configuration, secrets), $state (database)."
	fi
}

agreed() {
	ask "Remove the configuration and the secrets in $etc, too? Type yes:" yes &&
		ask "Remove all that is known of alerts and postings in $state? It cannot be brought back. Type remove:" remove
}

ask() {
	printf '%s ' "$1"
	read -r answer || answer=''
	[ "$answer" = "$2" ]
}

case $action in
install) install_it ;;
uninstall) uninstall_it ;;
esac
