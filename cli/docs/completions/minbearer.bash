# Made from cli/src/table.rs by cli/src/pages.rs.
_minbearer() {
    local word=${COMP_WORDS[COMP_CWORD]} command='' index words
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        --sign-key | --sign-cert | --output | --cacert | --cert | --key | --check)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --scope | --parameter | --request-header | --grant-type | --sign-kid | --sign-alg | --sign-claim | --mode | --every | --timeout | --server-name | --proxy | --proxy-user | --max-age)
            COMPREPLY=()
            return
            ;;
    esac
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in jsa | accelerator | client-credentials) command=${COMP_WORDS[index]} ;; esac
    done
    case $command in
        jsa) words='--header --json --exec-credential --output --mode --renew --every --timeout --cacert --cert --key --server-name --proxy --proxy-user --help --version' ;;
        accelerator) words='--rfc6750 --header --json --exec-credential --output --mode --renew --every --timeout --cacert --cert --key --server-name --proxy --proxy-user --help --version' ;;
        client-credentials) words='--scope --parameter --request-header --basic --basic-unencoded --grant-type --plain-http --sign-key --sign-kid --sign-cert --sign-alg --sign-claim --header --json --exec-credential --output --mode --renew --every --timeout --cacert --cert --key --server-name --proxy --proxy-user --help --version' ;;
        *) words='jsa accelerator client-credentials --header --json --exec-credential --output --mode --renew --every --timeout --cacert --cert --key --server-name --proxy --proxy-user --help --version --check --max-age' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _minbearer minbearer
