//! `cargo gobuild man`: manual pages, one for the command and one for each subcommand.

use std::fs;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::args::{self, ManArgs};
use crate::error::Error;
use crate::exit_code;
use crate::files;

/// Writes `cargo-gobuild.1`, `cargo-gobuild-build.1` and so on.
///
/// # Errors
/// When the directory or a page cannot be written.
pub fn man(args: &ManArgs) -> Result<u8, Error> {
    let failed = |path: &Path, source| Error::Write {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(&args.dir).map_err(|source| failed(&args.dir, source))?;
    let mut command = args::definition();
    command.build();
    for one in std::iter::once(&command).chain(command.get_subcommands()) {
        let (name, page) = page(one);
        let path = args.dir.join(name);
        files::write_if_changed(&path, &page).map_err(|source| failed(&path, source))?;
    }
    Ok(exit_code::SUCCESS)
}

/// A page and its file's name.
fn page(command: &Command) -> (String, Vec<u8>) {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut page)
        .expect("writing to memory does not fail");
    (format!("{name}.1"), page)
}
