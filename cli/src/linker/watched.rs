//! What cargo watches of a program besides its source: a variable of the build. The driver writes it into rustc's dependency information, which lies beside the program before rustc links.
//!
//! Unlike a change of the link arguments it leaves the program its file name, so that what the compiler has kept of the last time is used.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::error::LinkError;
use crate::wrapper::depinfo;

/// Has cargo build `output` again when the variable has another value.
///
/// # Errors
/// When the dependency information cannot be written. There may be none: then cargo does not ask for it.
pub fn add(output: &Path, variable: &str, value: &str) -> Result<(), LinkError> {
    let mut path = output.as_os_str().to_owned();
    path.push(".d");
    let path = PathBuf::from(path);
    let line = depinfo::variable(variable, Some(value));
    let file = OpenOptions::new().append(true).open(&path);
    match file.and_then(|mut file| file.write_all(line.as_bytes())) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        written => written.map_err(|source| LinkError::Write { path, source }),
    }
}
