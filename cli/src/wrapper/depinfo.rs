//! rustc's dependency information, in make's syntax, with what cargo is to watch besides: cargo builds again when a file is newer, or a variable has another value.
//! Pure.

use std::path::PathBuf;

use crate::config::VARIABLES;
use crate::plan_file::SETTINGS_VAR;

/// The settings of a build that `cargo gobuild` has started, as their hash: it sets the variable for each of its builds.
pub fn with_settings(text: &str, hash: &str) -> String {
    format!("{text}{}", variable(SETTINGS_VAR, Some(hash)))
}

/// Lines to be added for a variable, which has this value or is not set.
#[must_use]
pub fn variable(name: &str, value: Option<&str>) -> String {
    let value = value.map(|value| format!("={}", escaped(value)));
    format!("\n# env-dep:{name}{}\n", value.unwrap_or_default())
}

/// The places that settings come from, for builds that plain cargo starts: `files`, and the variables that `value` knows or not.
pub fn with_sources(
    text: &str,
    files: &[PathBuf],
    value: impl Fn(&str) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(text.len() + 512);
    let mut is_added = false;
    for line in text.lines() {
        out.push_str(line);
        // Cargo reads the first rule only.
        if !is_added && line.contains(": ") && !line.starts_with('#') {
            is_added = true;
            for file in files {
                out.push(' ');
                out.push_str(&file.to_string_lossy().replace(' ', "\\ "));
            }
        }
        out.push('\n');
    }
    for (name, _) in VARIABLES {
        out.push_str(variable(name, value(name).as_deref()).trim_start());
    }
    out
}

/// As rustc escapes values.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_all_settings() {
        assert_eq!(
            with_settings("a: b\n", "0123"),
            "a: b\n\n# env-dep:GOBUILD_SETTINGS=0123\n"
        );
    }

    #[test]
    fn files_stand_in_the_first_rule_and_variables_at_the_end() {
        let files = ["/w/Cargo.toml".into(), "/a b/tool".into()];
        let value = |name: &str| (name == "GOAMD64").then(|| "v\\3\n".to_owned());
        let text = with_sources(
            "/t/app: src/main.rs\n\nsrc/main.rs:\n# env-dep:X=1\n",
            &files,
            value,
        );
        assert_eq!(
            text,
            "/t/app: src/main.rs /w/Cargo.toml /a\\ b/tool\n\nsrc/main.rs:\n# env-dep:X=1\n\
             # env-dep:CARGO_GOBUILD_LINKER\n# env-dep:CARGO_GOBUILD_MODE\n# env-dep:CARGO_GOBUILD_STD\n# env-dep:CARGO_GOBUILD_MALLOC\n\
             # env-dep:CARGO_GOBUILD_STACK_SIZE\n# env-dep:GOAMD64=v\\\\3\\n\n# env-dep:CARGO_GOBUILD_BUILDVCS\n# env-dep:CARGO_GOBUILD_STAMP\n"
        );
    }
}
