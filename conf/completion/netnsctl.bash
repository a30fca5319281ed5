# SPDX-License-Identifier: MIT
# bash completion for netnsctl(1)                          -*- shell-script -*-

_netnsctl_names() {
	netnsctl status 2>/dev/null | sed -n 's/^● *\([^ ]*\).*/\1/p'
}

_netnsctl_options() {
	case $1 in
	apply) echo '--confirm --dry-run --exit-code --json --name --no-disrupt --persist --replace' ;;
	plan) echo '--dry-run --exit-code --json --name --no-disrupt --replace' ;;
	validate) echo '--name' ;;
	adopt) echo '--json --name' ;;
	down) echo '--all --forget --json' ;;
	wait) echo '--namespace --timeout' ;;
	log) echo '--json --lines' ;;
	up | confirm | rollback | status | list | show | monitor | reload | schema) echo '--json' ;;
	esac
	echo '--socket --help --version'
}

_netnsctl() {
	local commands='apply plan up down confirm rollback adopt status list show monitor log reload wait validate exec shell schema version'
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' operands=0 i
	COMPREPLY=()

	case $prev in
	--confirm | --name | --lines | --timeout | -n) return ;;
	--namespace) mapfile -t COMPREPLY < <(compgen -W "$(ls /run/netns 2>/dev/null)" -- "$cur"); return ;;
	--socket) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--confirm | --name | --namespace | --socket | --lines | --timeout | -n) ((i++)) ;;
		-*) ;;
		*) if [[ $command ]]; then ((operands++)); else command=${COMP_WORDS[i]}; fi ;;
		esac
		# What follows the namespace is a command of its own.
		if [[ $command == exec && $operands == 1 ]]; then
			declare -F _command_offset >/dev/null && _command_offset $((i + 1))
			return
		fi
	done

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_netnsctl_options "$command")" -- "$cur")
		return
	fi
	case $command in
	'') mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
	apply | plan | validate)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.json' -- "$cur") ;;
	adopt)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -W "$(_netnsctl_names)" -- "$cur"; compgen -d -- "$cur"
			compgen -f -X '!*.json' -- "$cur") ;;
	up | down | confirm | rollback | status | show | monitor | log | wait) mapfile -t COMPREPLY < <(compgen -W "$(_netnsctl_names)" -- "$cur") ;;
	exec | shell)
		((operands)) || mapfile -t COMPREPLY < <(compgen -W "host $(ls /run/netns 2>/dev/null)" -- "$cur") ;;
	esac
}

complete -F _netnsctl netnsctl
