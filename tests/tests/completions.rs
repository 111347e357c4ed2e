//! Completion scripts, in the shells that they are for: behind `cargo gobuild` and behind `cargo-gobuild`.

use std::fs;
use std::process::Command;

use gobuild_tests::process::{RUN, run};
use gobuild_tests::tool;

/// A directory with a script of the tool's for a shell.
fn script(shell: &str, name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let mut command = tool::gobuild(dir.path());
    let script = run(command.args(["completions", shell]), RUN).ok().stdout;
    fs::write(dir.path().join(name), script).expect("writes");
    dir
}

/// What a shell prints for a program, in a directory.
fn printed(shell: &str, args: &[&str], program: &str, dir: &tempfile::TempDir) -> String {
    let mut command = Command::new(shell);
    command.args(args).arg(program).current_dir(dir.path());
    run(&mut command, RUN).ok().out()
}

/// As bash calls what is registered for the first word.
const ASK_BASH: &str = r#"
source ./script
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    [[ "$(complete -p "$1")" =~ -F\ ([^ ]+) ]]
    "${BASH_REMATCH[1]}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    echo "$*: ${COMPREPLY[*]}"
}
"#;

#[test]
fn bash_completes_behind_cargo_and_leaves_the_rest_to_others() {
    let dir = script("bash", "script");
    let ask = "
        ask cargo-gobuild insp
        ask cargo-gobuild inspect --form
        ask cargo gobuild insp
        ask cargo +nightly gobuild inspect --form
        ask cargo che";
    let own = "insp: inspect\n";
    let others = "_cargo() { COMPREPLY=(theirs); }; complete -F _cargo cargo\n";
    let out = printed(
        "bash",
        &["--norc", "-c"],
        &format!("{others}{ASK_BASH}{ask}"),
        &dir,
    );
    assert_eq!(
        out,
        format!(
            "cargo-gobuild {own}cargo-gobuild inspect --form: --format\ncargo gobuild {own}\
             cargo +nightly gobuild inspect --form: --format\ncargo che: theirs\n"
        )
    );
    // Nobody completes cargo: files, as bash does.
    let out = printed(
        "bash",
        &["--norc", "-c"],
        &format!("{ASK_BASH} ask cargo scr"),
        &dir,
    );
    assert_eq!(out, "cargo scr: script\n");
}

#[test]
fn fish_completes_behind_cargo() {
    let dir = script("fish", "script");
    let program = r#"
        source ./script
        for line in "cargo-gobuild inspect --form" "cargo gobui" "cargo gobuild insp" "cargo +nightly gobuild inspect --form"
            complete -C $line | string replace -r '\t.*' ''
        end"#;
    let out = printed("fish", &["--no-config", "-c"], program, &dir);
    assert_eq!(out, "--format\ngobuild\ninspect\n--format\n");
}

/// An interactive zsh on a terminal, where a key writes down what the line has become; cargo's own completion is the toolchain's.
#[test]
fn zsh_completes_behind_cargo() {
    let dir = script("zsh", "_cargo-gobuild");
    let program = r#"
        own=$(rustc --print sysroot)/share/zsh/site-functions
        [[ -f $own/_cargo ]] || { print "no completion of cargo in $own"; exit 1 }
        cat > setup <<END
            fpath=($PWD $own \$fpath)
            autoload -Uz compinit
            compinit -u -D
            tell() { print -r -- "\$BUFFER" >> told; BUFFER=; print tell-ing }
            zle -N tell
            bindkey '^T' tell
            print rea-dy
END
        zmodload zsh/zpty
        zpty shell 'TERM=dumb zsh -f -i'
        zpty -w shell 'source ./setup'
        zpty -r shell out '*rea-dy*'
        for line in 'cargo-gobuild insp' 'cargo gobuild insp' 'cargo gobuild run --rel' 'cargo-gobuild inspect --form' \
                    'cargo gobuild inspect --form' 'cargo gobuild inspect --format j' 'cargo gobuild inspect --format=t' \
                    'cargo gobuild completions zs'; do
            zpty -w -n shell "$line"$'\t\C-t'
            zpty -r shell out '*tell-ing*'
        done
        cat told"#;
    let out = printed("zsh", &["-f", "-c"], program, &dir);
    assert_eq!(
        out,
        "cargo-gobuild inspect \ncargo gobuild inspect \ncargo gobuild run --release \n\
         cargo-gobuild inspect --format=\ncargo gobuild inspect --format=\n\
         cargo gobuild inspect --format json \ncargo gobuild inspect --format=text \n\
         cargo gobuild completions zsh \n"
    );
}
