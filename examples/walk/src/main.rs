//! A parallel file walker: a goroutine for each directory, a few of them in the kernel at a time, and the totals by kind of file.
//!
//! ```text
//! cargo gobuild run --release --manifest-path examples/walk/Cargo.toml -- /usr/share
//! ```

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use rtlib::chan::{Receiver, Sender, bounded};
use rtlib::{Scope, blocking, scope};

/// Directories that are read at the same time. More would only make threads wait for the disk.
const AT_ONCE: usize = 16;

/// What was found.
enum Found {
    File { kind: String, bytes: u64 },
    Directory,
    Failed(PathBuf, io::Error),
}

/// What the goroutines of a walk share.
struct Walk {
    found: Sender<Found>,
    /// Holds a token for each directory that may be read now.
    tokens: (Sender<()>, Receiver<()>),
}

impl Walk {
    fn tell(&self, found: Found) {
        self.found
            .send(found)
            .expect("main receives until all goroutines have ended");
    }

    /// Reads a directory while it has a token, and leaves what is below to new goroutines.
    fn directory<'scope>(&'scope self, s: &'scope Scope<'scope, '_>, path: &Path) {
        self.tokens.1.recv().expect("tokens come back");
        let entries = blocking(|| read(path));
        self.tokens
            .0
            .send(())
            .expect("there is room for all tokens");
        match entries {
            Ok(entries) => {
                self.tell(Found::Directory);
                for entry in entries {
                    match entry {
                        Entry::Directory(path) => _ = s.spawn(move || self.directory(s, &path)),
                        Entry::Other(found) => self.tell(found),
                    }
                }
            }
            Err(error) => self.tell(Found::Failed(path.to_owned(), error)),
        }
    }
}

/// What stands in a directory.
enum Entry {
    Directory(PathBuf),
    Other(Found),
}

fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let entry = |entry: fs::DirEntry| -> io::Result<Entry> {
        let data = entry.metadata()?; // of a link itself: links are not followed
        if data.is_dir() {
            return Ok(Entry::Directory(entry.path()));
        }
        let path = entry.path();
        let kind = path.extension().map(OsStr::to_string_lossy);
        let kind = kind.map_or_else(|| "(none)".to_owned(), |kind| kind.into_owned());
        let bytes = data.len();
        Ok(Entry::Other(Found::File { kind, bytes }))
    };
    fs::read_dir(path)?
        .map(|each| each.and_then(entry))
        .collect()
}

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tree");
    let root = env::args_os().nth(1).map_or(here, PathBuf::from);
    let (found, all) = bounded(1024);
    let tokens = bounded(AT_ONCE);
    (0..AT_ONCE).for_each(|_| tokens.0.send(()).expect("there is room"));

    let walker = rtlib::spawn(move || {
        let walk = Walk { found, tokens };
        scope(|s| walk.directory(s, &root));
    });
    let mut directories = 0;
    let mut kinds: BTreeMap<String, (u32, u64)> = BTreeMap::new();
    for found in all {
        match found {
            Found::Directory => directories += 1,
            Found::File { kind, bytes } => {
                let (files, total) = kinds.entry(kind).or_default();
                *files += 1;
                *total += bytes;
            }
            Found::Failed(path, error) => eprintln!("{}: {error}", path.display()),
        }
    }
    walker.join().expect("no walker panics");
    for (kind, (files, bytes)) in &kinds {
        println!("{kind}: {files} files, {bytes} bytes");
    }
    println!("{directories} directories");
}
