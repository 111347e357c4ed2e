//! What the tests of emitted and linked objects share: stand-ins for the runtime and the crates, written in C, and links of them with the
//! linkers that users have.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod record;
pub mod sample;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gobuild_codegen::elf::{Patch, patches};
use gobuild_codegen::emit::objects;
use gobuild_codegen::model::Plan;
use tempfile::TempDir;

use sample::{config, plan};

const STUBS: [(&str, &str); 4] = [
    ("runtime", include_str!("../stub/runtime.c")),
    ("main", include_str!("../stub/main.c")),
    ("config", include_str!("../stub/config.c")),
    ("log", include_str!("../stub/log.c")),
];

/// The linkers that the promise "links with GNU ld and lld" is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linker {
    Gnu,
    Lld,
}

impl Linker {
    pub const ALL: [Self; 2] = [Self::Gnu, Self::Lld];

    fn arguments(self) -> Vec<String> {
        match self {
            Self::Gnu => vec!["-fuse-ld=bfd".to_owned()],
            Self::Lld => vec![
                "-fuse-ld=lld".to_owned(),
                format!("-B{}", lld_directory().display()),
            ],
        }
    }
}

/// Where rustc keeps the lld that it links with.
fn lld_directory() -> PathBuf {
    let output = run(Command::new("rustc").args(["--print", "target-libdir"]));
    let libdir = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let directory = libdir.parent().unwrap().join("bin/gcc-ld");
    assert!(
        directory.join("ld.lld").exists(),
        "the Rust toolchain has no lld at {}",
        directory.display()
    );
    directory
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Output {
    let output = loop {
        match command.output() {
            // Another test has started a process, which still has the descriptor by which this program was written.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            result => break result.unwrap_or_else(|error| panic!("{command:?}: {error}")),
        }
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stderr}",
        output.status
    );
    output
}

/// What GNU readelf says about a file.
pub fn readelf(arguments: &[&str], file: &Path) -> String {
    let output = run(Command::new("readelf").args(arguments).arg(file));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "",
        "readelf warns about {}",
        file.display()
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A directory with the emitted objects of a plan and the stubs, compiled.
pub struct Workshop {
    directory: TempDir,
}

impl Workshop {
    pub fn new(plan: &Plan) -> Self {
        let directory = TempDir::new().unwrap();
        let workshop = Self { directory };
        for (name, bytes) in objects(plan, &config()).unwrap().files() {
            fs::write(workshop.path(name), bytes).unwrap();
        }
        for (name, source) in STUBS {
            workshop.compile(name, source);
        }
        let members = ["config.o", "log.o"].map(|member| workshop.path(member));
        run(Command::new("ar")
            .arg("rcsD")
            .arg(workshop.path("libinits.a"))
            .args(members));
        workshop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn compile(&self, name: &str, text: &str) {
        let source = self.path(&format!("{name}.c"));
        fs::write(&source, text).unwrap();
        let flags = [
            "-c",
            "-O1",
            "-ffreestanding",
            "-fno-stack-protector",
            "-fpie",
            "-ffunction-sections",
        ];
        run(Command::new("cc")
            .args(flags)
            .arg(source)
            .arg("-o")
            .arg(self.path(&format!("{name}.o"))));
    }

    /// The link command of a program, for tests that expect it to fail.
    pub fn link_command(&self, linker: Linker, name: &str, extra: &[&str]) -> Command {
        let mut command = Command::new("cc");
        command.args(linker.arguments()).args([
            "-nostdlib",
            "-Wl,--gc-sections",
            "-Wl,--build-id=sha1",
        ]);
        if !extra.contains(&"-pie") && !extra.contains(&"-shared") {
            command.args(["-static", "-no-pie"]);
        }
        let inputs = [
            "inittask.o",
            "mainpc.o",
            "gdb.o",
            "runtime.o",
            "main.o",
            "libinits.a",
        ]
        .map(|input| self.path(input));
        command
            .args(["-Wl,-e,_rt0_amd64_linux"])
            .args(extra)
            .args(inputs)
            .arg("-o")
            .arg(self.path(name));
        command
    }

    /// Links a program; the bytes of the file as the linker left it.
    pub fn link(&self, linker: Linker, name: &str, extra: &[&str]) -> Vec<u8> {
        run(&mut self.link_command(linker, name, extra));
        fs::read(self.path(name)).unwrap()
    }

    /// Links and patches a program; its path and bytes.
    pub fn program(&self, linker: Linker, name: &str, extra: &[&str]) -> (PathBuf, Vec<u8>) {
        let mut bytes = self.link(linker, name, extra);
        let list = patches(&bytes[..]).unwrap();
        apply(&list, &mut bytes);
        fs::write(self.path(name), &bytes).unwrap();
        (self.path(name), bytes)
    }
}

/// Applies patches to a file in memory.
pub fn apply(patches: &[Patch], file: &mut [u8]) {
    for patch in patches {
        let start = usize::try_from(patch.offset).unwrap();
        file[start..start + patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
}

/// A program of [`plan`] that is linked and patched.
pub fn sample_program() -> Vec<u8> {
    Workshop::new(&plan()).program(Linker::Gnu, "sample", &[]).1
}
