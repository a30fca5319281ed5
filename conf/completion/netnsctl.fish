# SPDX-License-Identifier: MIT
# fish completion for netnsctl(1)

function __netnsctl_names
    netnsctl status 2>/dev/null | sed -n 's/^● *\([^ ]*\).*/\1/p'
end

function __netnsctl_namespaces
    echo host
    command ls /run/netns 2>/dev/null
end

set -l commands apply plan up down confirm rollback adopt status list show monitor log reload wait validate exec shell schema version
set -l none "not __fish_seen_subcommand_from $commands"

complete -c netnsctl -f
complete -c netnsctl -l socket -r -F -d 'where netnsd listens'
complete -c netnsctl -s h -l help -d 'explain netnsctl, or the command'
complete -c netnsctl -l version -d 'print the version of netnsctl'

complete -c netnsctl -n $none -a apply -d 'make the machine as the files say, all or nothing, and keep it so'
complete -c netnsctl -n $none -a plan -d 'show the steps that apply would take'
complete -c netnsctl -n $none -a up -d 'bring known topologies up again'
complete -c netnsctl -n $none -a down -d 'take topologies down; nothing of them stays'
complete -c netnsctl -n $none -a confirm -d 'let an apply --confirm stay'
complete -c netnsctl -n $none -a rollback -d 'go back to the topology before'
complete -c netnsctl -n $none -a adopt -d 'take over what is there already, if it is just as declared'
complete -c netnsctl -n $none -a status -d 'show the topologies, or one with its namespaces and interfaces'
complete -c netnsctl -n $none -a list -d 'show the interfaces that netnsd keeps'
complete -c netnsctl -n $none -a show -d 'print a topology as it was declared'
complete -c netnsctl -n $none -a monitor -d 'show what there is, then what happens to it as it happens'
complete -c netnsctl -n $none -a log -d 'show what happened, the newest last'
complete -c netnsctl -n $none -a reload -d 'read the boot directories again, and apply what is new or has changed'
complete -c netnsctl -n $none -a wait -d 'wait until topologies are up'
complete -c netnsctl -n $none -a validate -d 'check files; needs neither netnsd nor root'
complete -c netnsctl -n $none -a exec -d 'run a command in a namespace'
complete -c netnsctl -n $none -a shell -d 'run a shell in a namespace'
complete -c netnsctl -n $none -a schema -d 'print the JSON Schema of topology files'
complete -c netnsctl -n $none -a version -d 'print the versions of netnsctl and netnsd'

complete -c netnsctl -n '__fish_seen_subcommand_from apply plan adopt validate' -a '(__fish_complete_suffix .json)'
complete -c netnsctl -n '__fish_seen_subcommand_from up down confirm rollback adopt status show monitor log wait' -a '(__netnsctl_names)'
complete -c netnsctl -n '__fish_seen_subcommand_from exec shell; and test (count (commandline -opc)) -eq 2' \
    -a '(__netnsctl_namespaces)'
complete -c netnsctl -n '__fish_seen_subcommand_from exec; and test (count (commandline -opc)) -gt 2' \
    -a '(__fish_complete_subcommand --commandline)'

complete -c netnsctl -n '__fish_seen_subcommand_from apply plan' -l dry-run -d 'show the steps, take none'
complete -c netnsctl -n '__fish_seen_subcommand_from apply plan' -l exit-code -d 'exit with 3 if there are steps to take'
complete -c netnsctl -n '__fish_seen_subcommand_from apply' -l confirm -r -f -d 'undo it after that time unless confirmed'
complete -c netnsctl -n '__fish_seen_subcommand_from apply plan' -l no-disrupt -d 'refuse it if a step interrupts traffic'
complete -c netnsctl -n '__fish_seen_subcommand_from apply' -l persist -d 'at boot too'
complete -c netnsctl -n '__fish_seen_subcommand_from apply plan' -l replace -d 'take over the name from another file'
complete -c netnsctl -n '__fish_seen_subcommand_from apply plan adopt validate' -l name -r -f -d 'call the topology so'
complete -c netnsctl -n '__fish_seen_subcommand_from wait' -l namespace -r -f -a '(__netnsctl_namespaces)' -d 'wait for a namespace'
complete -c netnsctl -n '__fish_seen_subcommand_from wait' -l timeout -r -f -d 'exit with 124 after that time'
complete -c netnsctl -n '__fish_seen_subcommand_from down' -l all -d 'every topology that is up'
complete -c netnsctl -n '__fish_seen_subcommand_from down' -l forget -d 'do not know the topologies afterwards'
complete -c netnsctl -n '__fish_seen_subcommand_from log' -s n -l lines -r -f -d 'only the last so many'
complete -c netnsctl -n '__fish_seen_subcommand_from apply plan up down confirm rollback adopt status list show monitor log reload schema' -l json \
    -d 'print JSON, for programs'
