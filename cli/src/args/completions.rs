//! Completion scripts: clap's for `cargo-gobuild`, the name under which shells know the command, and what makes them serve `cargo gobuild`.
//!
//! zsh's completion of cargo calls the function `_cargo-gobuild` by itself. bash's does so from bash-completion 2.12 on, fish's never does.

use clap_complete::Shell;

use super::definition;

/// Completes behind `cargo gobuild`, and leaves everything else to whoever completes cargo.
const BASH: &str = r#"
complete -r cargo_gobuild
complete -F _cargo_gobuild -o bashdefault -o default cargo-gobuild

_cargo_gobuild_others=

_cargo_gobuild_behind_cargo() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in
            [-+]*) ;;
            gobuild)
                local words=("${COMP_WORDS[@]:i+1}") at=$((COMP_CWORD - i))
                local COMP_WORDS=(cargo-gobuild "${words[@]}") COMP_CWORD=$at
                _cargo_gobuild cargo-gobuild "$2" "${COMP_WORDS[COMP_CWORD-1]}"
                return
                ;;
            *) break ;;
        esac
    done
    if [[ -z "$_cargo_gobuild_others" ]]; then
        complete -r cargo
        if declare -F _comp_load > /dev/null; then
            _comp_load cargo
        elif declare -F __load_completion > /dev/null; then
            __load_completion cargo
        fi
        _cargo_gobuild_take_cargo
    fi
    if [[ -n "$_cargo_gobuild_others" ]]; then
        "$_cargo_gobuild_others" "$@"
    else
        COMPREPLY=($(compgen -f -- "$2"))
    fi
}

_cargo_gobuild_take_cargo() {
    if [[ "$(complete -p cargo 2> /dev/null)" =~ -F\ ([^ ]+) && "${BASH_REMATCH[1]}" != _cargo_gobuild_behind_cargo ]]; then
        _cargo_gobuild_others="${BASH_REMATCH[1]}"
    fi
    complete -F _cargo_gobuild_behind_cargo -o bashdefault -o default cargo
}

_cargo_gobuild_take_cargo
"#;

/// As for `cargo-gobuild`, which fish is asked about.
const FISH: &str = r#"
function __cargo_gobuild_behind_cargo
    set -l words (commandline -opc)
    set -l at (contains -i -- gobuild $words)
    or return
    set -e words[1..$at]
    set -l current (commandline -ct)
    complete -C (string join -- ' ' cargo-gobuild (string escape -- $words) "$current")
end

complete -c cargo -n '__fish_use_subcommand' -f -a gobuild -d 'Build Rust programs whose threads are goroutines, as one static executable'
complete -c cargo -n '__fish_seen_subcommand_from gobuild' -f -a '(__cargo_gobuild_behind_cargo)'
"#;

/// How a script gets to where the shell finds it.
pub(super) const INSTALL: &str = "\
Install:
  bash  add to ~/.bashrc:  source <(cargo gobuild completions bash)
  zsh   cargo gobuild completions zsh > DIR/_cargo-gobuild    where DIR is in $fpath
  fish  cargo gobuild completions fish > ~/.config/fish/conf.d/cargo-gobuild.fish

They complete `cargo-gobuild` and, where cargo's own completions are installed, `cargo gobuild`.";

/// The command line without what follows `--`, another command of cargo's: clap's scripts for zsh take that for the first argument, and then find no subcommand's options.
fn completed() -> clap::Command {
    let whole = definition();
    let before_dashes = whole.get_arguments().filter(|arg| !arg.is_last_set());
    clap::Command::new("cargo-gobuild")
        .args(before_dashes.cloned())
        .subcommands(whole.get_subcommands().cloned())
        .version(env!("CARGO_PKG_VERSION"))
}

/// The completion script for `shell`.
#[must_use]
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    // In clap's scripts for bash, names with hyphens do not find the options of their subcommands.
    let name = match shell {
        Shell::Bash => "cargo_gobuild",
        _ => "cargo-gobuild",
    };
    clap_complete::generate(shell, &mut completed(), name, &mut script);
    script.extend_from_slice(match shell {
        Shell::Bash => BASH.as_bytes(),
        Shell::Fish => FISH.as_bytes(),
        _ => b"",
    });
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_gets_a_script() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(completions(*shell)).expect("UTF-8");
            assert!(
                script.contains("gobuild") && script.contains("inspect"),
                "{shell}"
            );
        }
    }
}
