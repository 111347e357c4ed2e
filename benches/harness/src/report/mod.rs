//! The result, as text for the terminal, as a page and as a picture. Pure but for [`Report::write`].

mod markdown;
mod svg;
mod table;

use std::fs;
use std::path::Path;

use crate::args::Effort;
use crate::error::BenchError;
use crate::machine::{Description, Load};
use crate::measurement::Measurement;

/// A whole run.
#[derive(Debug)]
pub struct Report {
    /// Where it ran.
    pub machine: Description,
    /// How much was done.
    pub effort: Effort,
    /// Before and after.
    pub load: [Load; 2],
    /// What was measured.
    pub measurements: Vec<Measurement>,
}

impl Report {
    /// For the terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let quick = if self.effort.quick {
            "A quick run with less work: do not rely on these numbers.\n"
        } else {
            ""
        };
        format!(
            "\n{}\nMedians; in brackets the smallest. Load averages {}.\n{}{quick}",
            table::draw(&self.measurements),
            self.averages(),
            self.doubts(),
        )
    }

    fn averages(&self) -> String {
        let [before, after] = &self.load;
        format!("{} before, {} after", before.averages, after.averages)
    }

    /// What a reader must know before comparing numbers; nothing when the machine was idle.
    fn doubts(&self) -> &'static str {
        if self.load[0].busy {
            "The machine was busy with other work. Compare peers and not absolute numbers, and do not rely on small differences.\n"
        } else {
            ""
        }
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
