//! What a program can see of its own boot.
//!
//! ```text
//! cargo gobuild run --manifest-path examples/boot/Cargo.toml
//! ```
//!
//! `walk.gdb`, beside this crate's manifest, shows the part before `main` that no program sees:
//!
//! ```text
//! gdb -q -batch -x examples/boot/walk.gdb examples/boot/target/debug/boot
//! ```

use std::fs;
use std::io::{self, Read};

#[rtlib::var]
static FIRST_THREAD: bool = is_first_thread().unwrap_or(false);

#[rtlib::init]
fn before_main() {
    let goroutine = rtlib::current()
        .expect("inits run on the main goroutine")
        .id();
    println!(
        "init:  goroutine {goroutine}, on the process's first thread: {}",
        *FIRST_THREAD
    );
    println!("init:  goroutines so far: {}", rtlib::num_goroutine());
}

fn main() -> io::Result<()> {
    let goroutine = rtlib::current().expect("`main` is a goroutine").id();
    println!("main:  goroutine {goroutine}");
    println!(
        "main:  the kernel entered where the file's header says: {}",
        entry_in_file()? == entry_of_kernel()?
    );
    println!("main:  at least one P: {}", rtlib::gomaxprocs(None) >= 1);
    let child = rtlib::spawn(|| rtlib::current().expect("this is one").id() > 1);
    println!(
        "main:  a goroutine of its own ran: {}",
        child.join().expect("it does not panic")
    );
    Ok(())
}

/// A thread is the first when its id is the process's.
fn is_first_thread() -> io::Result<bool> {
    let thread = fs::read_link("/proc/thread-self")?;
    let process = fs::read_link("/proc/self")?;
    Ok(thread.file_name() == process.file_name())
}

/// `e_entry` of the ELF header.
fn entry_in_file() -> io::Result<u64> {
    const E_ENTRY: usize = 24;
    let mut header = [0; 64];
    fs::File::open("/proc/self/exe")?.read_exact(&mut header)?;
    Ok(word(&header, E_ENTRY))
}

/// `AT_ENTRY` of the auxiliary vector, which holds pairs of words.
fn entry_of_kernel() -> io::Result<u64> {
    const AT_ENTRY: u64 = 9;
    let vector = fs::read("/proc/self/auxv")?;
    let mut pairs = vector
        .chunks_exact(16)
        .map(|pair| (word(pair, 0), word(pair, 8)));
    let entry = pairs
        .find(|(kind, _)| *kind == AT_ENTRY)
        .map(|(_, value)| value);
    entry.ok_or_else(|| io::Error::other("the auxiliary vector has no AT_ENTRY"))
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
