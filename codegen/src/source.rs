//! How source text reaches the scan: through a trait, so that the core itself never opens a file.
//!
//! The driver implements [`SourceProvider`] over the file system; tests and fuzz targets use [`MemorySource`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Gives the text of source files. Paths are those of the crate roots in the graph, extended as rustc extends them: they are
/// not normalised and may contain `..`.
pub trait SourceProvider: Sync {
    /// The whole text of a file.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if there is no such file, which the scan expects of one of a module's two places.
    fn read(&self, path: &Path) -> Result<String, SourceError>;
}

/// Why a source file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is no such file.
    #[error("no such file")]
    NotFound,
    /// The file is not UTF-8.
    #[error("the file is not UTF-8")]
    NotUtf8,
    /// The file is there, but the system refuses to read it.
    #[error("{0}")]
    Io(String),
}

/// Source files in memory.
#[derive(Clone, Debug, Default)]
pub struct MemorySource(pub BTreeMap<PathBuf, String>);

impl SourceProvider for MemorySource {
    fn read(&self, path: &Path) -> Result<String, SourceError> {
        self.0.get(path).cloned().ok_or(SourceError::NotFound)
    }
}
