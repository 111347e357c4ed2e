//! `cargo gobuild -- COMMAND …`: a command of cargo's that is run as it is. It is another program's, so only the options are read that mean the same
//! wherever they exist: which packages, which features, how to resolve them.

use std::ffi::OsString;

use clap::Parser;

use super::cargo::{CargoArgs, PackageArgs};

/// Options with a value, by their names.
const VALUES: [&str; 9] = [
    "--manifest-path",
    "--features",
    "-F",
    "--package",
    "-p",
    "--exclude",
    "--target",
    "--config",
    "-Z",
];
/// Options with a value that is a directory.
const TARGET_DIR: &str = "--target-dir";
/// Options without.
const FLAGS: [&str; 9] = [
    "--all-features",
    "--no-default-features",
    "--locked",
    "--offline",
    "--frozen",
    "--workspace",
    "--all",
    "--quiet",
    "-q",
];

/// What is known of the command.
#[derive(Debug, Default, Parser)]
pub struct Through {
    /// Which packages.
    #[command(flatten)]
    pub packages: PackageArgs,
    /// How they are resolved.
    #[command(flatten)]
    pub cargo: CargoArgs,
}

/// Reads what is known. What does not fit is for the command to complain about.
#[must_use]
pub fn read(words: &[OsString]) -> Through {
    let mut known = vec![OsString::from("cargo")];
    let mut words = words.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        let name = text.split_once('=').map_or(&*text, |(name, _)| name);
        let glued = name.len() < text.len();
        let short = ["-F", "-p", "-Z"].iter().any(|short| {
            text.strip_prefix(short)
                .is_some_and(|rest| !rest.is_empty())
        });
        if FLAGS.contains(&&*text) || short {
            known.push(word.clone());
        } else if VALUES.contains(&name) || name == TARGET_DIR {
            known.push(word.clone());
            if !glued {
                known.extend(words.next().cloned());
            }
        }
    }
    Through::try_parse_from(known).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_command_has_is_read_and_nothing_else() {
        let text = "nextest run --profile ci -pone --package two --features=a,b --all-features --target-dir t --no-capture name --manifest-path m \
                    --test-threads 2 -- --features not";
        let words: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
        let through = read(&words);
        assert_eq!(through.packages.package, ["one", "two"]);
        assert_eq!(through.cargo.features.features, ["a,b"]);
        assert!(through.cargo.features.all_features);
        assert_eq!(through.cargo.compile.target_dir, Some("t".into()));
        assert_eq!(through.cargo.manifest_path, Some("m".into()));
        assert_eq!(through.cargo.compile.profile, None);
    }
}
