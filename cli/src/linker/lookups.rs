//! A word about lookups of names for which the runtime does not stand in, when a program has them for the first time: glibc carries them out with modules of the machine that a program runs on, also
//! in a static one, and some of those crash it.

use std::path::Path;

use gobuild_codegen::elf::Lookups;

use crate::files;

/// The warning, unless it was said about these lookups before: what was said is kept in the file `told`.
#[must_use]
pub fn warning(program: &str, lookups: &Lookups, told: &Path) -> Option<String> {
    let names = [&lookups.users[..], &lookups.hosts[..]].concat().join("\n");
    if std::fs::read(told).unwrap_or_default() == names.as_bytes() {
        return None;
    }
    // Who cannot keep it says it again.
    let _ = files::write_if_changed(told, names.as_bytes());
    (!lookups.is_empty()).then(|| text(program, lookups))
}

fn text(program: &str, lookups: &Lookups) -> String {
    let groups = [
        ("users and groups", &lookups.users),
        ("hosts and networks", &lookups.hosts),
    ];
    let present = groups.iter().filter(|(_, functions)| !functions.is_empty());
    let named = present.map(|(what, functions)| format!("{what} ({})", functions.join(", ")));
    format!(
        "warning: `{program}` looks up {} with glibc\n\
         note: in a static program glibc loads the modules that /etc/nsswitch.conf names on the machine where the program runs. `files` and `dns` are \
         safe. Others may crash it, as `systemd` and `sss` do for users. See docs/linking.md, \"Names\". This warning is printed once for each program",
        named.collect::<Vec<_>>().join(" and "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_of_once_and_again_when_it_has_more() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let told = dir.path().join("own/lookups");
        let mut lookups = Lookups::default();
        assert_eq!(warning("app", &lookups, &told), None);
        lookups.users.push("getspnam_r");
        let said = warning("app", &lookups, &told).expect("it is new");
        assert!(
            said.starts_with("warning: `app` looks up users and groups (getspnam_r) with glibc\n"),
            "{said}"
        );
        assert_eq!(warning("app", &lookups, &told), None);
        lookups.hosts.push("gethostent");
        let said = warning("app", &lookups, &told).expect("it has more");
        assert!(
            said.contains("(getspnam_r) and hosts and networks (gethostent) with"),
            "{said}"
        );
    }
}
