# Made from the program's own table of options: tests/program_pages.rs.
_minbearer() {
    local word=${COMP_WORDS[COMP_CWORD]} command='' index words
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        --cacert | --cert | --key | --output)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --scope | --parameter | --grant-type | --timeout | --server-name | --mode | --every)
            COMPREPLY=()
            return
            ;;
    esac
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in jsa | accelerator | client-credentials) command=${COMP_WORDS[index]} ;; esac
    done
    case $command in
        jsa) words='--header --timeout --cacert --cert --key --server-name --output --mode --renew --every --help --version' ;;
        accelerator) words='--rfc6750 --header --timeout --cacert --cert --key --server-name --output --mode --renew --every --help --version' ;;
        client-credentials) words='--scope --parameter --basic --grant-type --plain-http --header --timeout --cacert --cert --key --server-name --output --mode --renew --every --help --version' ;;
        *) words='jsa accelerator client-credentials --header --timeout --cacert --cert --key --server-name --output --mode --renew --every --help --version' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _minbearer minbearer
