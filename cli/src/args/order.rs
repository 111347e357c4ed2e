//! Options before the subcommand: `cargo gobuild -q run` means `cargo gobuild run -q`, as with cargo.
//!
//! clap knows the options of `build` only before a subcommand, so the subcommand's name is moved to the front. Which words are names and which are values of options is read from
//! clap's own definition.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// The arguments with the subcommand's name, if there is one, in front.
pub fn subcommand_first(definition: &Command, args: Vec<OsString>) -> Vec<OsString> {
    match position(definition, &args) {
        None | Some(0) => args,
        Some(at) => {
            let mut args = args;
            args[..=at].rotate_right(1);
            args
        }
    }
}

/// Where the subcommand's name is: the first word that is neither an option nor an option's value, if it is a name.
fn position(definition: &Command, args: &[OsString]) -> Option<usize> {
    first_word(definition, args).filter(|&at| definition.find_subcommand(&args[at]).is_some())
}

/// The first word that is neither an option nor an option's value.
pub fn first_word(definition: &Command, args: &[OsString]) -> Option<usize> {
    let mut words = args.iter().enumerate();
    while let Some((at, word)) = words.next() {
        if word == "--" {
            return None;
        }
        if !is_option(word) {
            return Some(at);
        }
        if next_is_value(definition, word) {
            words.next();
        }
    }
    None
}

fn is_option(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

/// Whether the word after this option is its value: `--bin app`, `-p app`, `-vp app`, but not `--bin=app`, `-papp`.
fn next_is_value(definition: &Command, option: &OsStr) -> bool {
    let Some(option) = option.to_str() else {
        return false;
    };
    let find = |matches: &dyn Fn(&Arg) -> bool| definition.get_arguments().find(|arg| matches(arg));
    if let Some(long) = option.strip_prefix("--") {
        let arg = find(&|arg| {
            arg.get_long_and_visible_aliases()
                .is_some_and(|all| all.contains(&long))
        });
        return arg.is_some_and(takes_value);
    }
    let mut letters = option.chars().skip(1);
    while let Some(letter) = letters.next() {
        let arg = find(&|arg| arg.get_short() == Some(letter));
        if arg.is_some_and(takes_value) {
            return letters.next().is_none();
        }
    }
    false
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}
