//! The result, as text for the terminal, as a page and as a picture. Pure but for [`Report::write`].

mod markdown;
mod svg;
mod table;

use std::fs;
use std::path::Path;

use crate::args::Effort;
use crate::error::BenchError;
use crate::machine::Description;
use crate::measurement::Measurement;

/// A whole run.
#[derive(Debug)]
pub struct Report {
    /// Where it ran.
    pub machine: Description,
    /// How much was done.
    pub effort: Effort,
    /// Load averages, before and after.
    pub load: [String; 2],
    /// What was measured.
    pub measurements: Vec<Measurement>,
}

impl Report {
    /// For the terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let [before, after] = &self.load;
        let quick = if self.effort.quick {
            "\nA quick run with less work: no numbers to rely on.\n"
        } else {
            ""
        };
        format!(
            "\n{}\nMedians; in brackets the least. Load averages {before} before, {after} after.\n{quick}",
            table::draw(&self.measurements)
        )
    }

    /// Writes `benchmarks.md` and `benchmarks.svg` into a directory.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), BenchError> {
        let files = [
            ("benchmarks.md", markdown::page(self)),
            ("benchmarks.svg", svg::chart(&self.measurements)),
        ];
        fs::create_dir_all(dir).map_err(BenchError::file("create", dir))?;
        for (name, text) in files {
            let path = dir.join(name);
            fs::write(&path, text).map_err(BenchError::file("write", &path))?;
            eprintln!("wrote {}", path.display());
        }
        Ok(())
    }
}
