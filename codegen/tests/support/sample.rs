//! A plan, a crate graph and build information that the tests emit and read back.

use std::path::PathBuf;

use gobuild_codegen::audit;
use gobuild_codegen::buildinfo::{BuildInfo, Mode, PackageInfo, SCHEMA};
use gobuild_codegen::emit::EmitConfig;
use gobuild_codegen::model::{
    Dependency, EdgeKind, FnReason, Graph, InitKind, LibTarget, Location, Package, PackageId, Plan,
    RootTarget, TargetKind, Task, TaskFn, TaskReason,
};

fn function(kind: InitKind, name: &str, file: &str, line: u32, symbol: &str) -> TaskFn {
    TaskFn {
        kind,
        name: name.to_owned(),
        location: Location {
            file: file.to_owned(),
            line,
            column: 1,
        },
        symbol: symbol.to_owned(),
        reason: FnReason::Init,
    }
}

fn task(package: &str, version: &str, fns: Vec<TaskFn>) -> Task {
    Task {
        package: package.to_owned(),
        version: version.to_owned(),
        fns,
        reason: TaskReason::Main,
    }
}

/// Two packages, one of them with its version in its name.
pub fn plan() -> Plan {
    let level = function(
        InitKind::Var,
        "config::LEVEL",
        "config/src/lib.rs",
        7,
        "config.LEVEL.var.0f",
    );
    let load = function(
        InitKind::Init,
        "config::load",
        "config/src/lib.rs",
        12,
        "config.load.init.1a",
    );
    let open = function(
        InitKind::Init,
        "log::sink::open",
        "log/src/sink.rs",
        3,
        "log.sink.open.init.2b",
    );
    let tasks = vec![
        task("config", "1.0.0", vec![level, load]),
        task("log@0.4.1", "0.4.1", vec![open]),
    ];
    Plan {
        tasks,
        warnings: Vec::new(),
    }
}

/// What [`plan`]'s program prints when its tables are right.
pub const EXPECTED_RUN: &str = "\
runtime runtime.init.0:
config config::LEVEL: level
config config::load: load
log@0.4.1 log::sink::open: open
main
";

pub fn package(
    name: &str,
    version: &str,
    source: Option<&str>,
    deps: &[(&str, EdgeKind)],
) -> Package {
    let lib = LibTarget {
        crate_name: name.replace('-', "_"),
        src_path: PathBuf::from("/src/lib.rs"),
        edition: "2024".to_owned(),
        proc_macro: name.ends_with("-macros"),
    };
    let edge = |&(id, kind): &(&str, EdgeKind)| Dependency {
        id: PackageId(id.to_owned()),
        extern_name: id.replace('-', "_"),
        kind,
        feature: None,
    };
    Package {
        id: PackageId(name.to_owned()),
        name: name.to_owned(),
        version: version.to_owned(),
        source: source.map(str::to_owned),
        manifest_dir: PathBuf::from("/src"),
        lib: Some(lib),
        features: Vec::new(),
        deps: deps.iter().map(edge).collect(),
    }
}

pub fn graph(kind: TargetKind, packages: Vec<Package>) -> Graph {
    let target = RootTarget {
        package: PackageId("app".to_owned()),
        kind,
        name: "app".to_owned(),
        crate_name: "app".to_owned(),
        src_path: PathBuf::from("/src/main.rs"),
        edition: "2024".to_owned(),
    };
    let packages = packages
        .into_iter()
        .map(|package| (package.id.clone(), package))
        .collect();
    Graph {
        workspace_root: PathBuf::from("/src"),
        packages,
        target,
    }
}

/// A graph for the dependency list of [`plan`]'s program.
pub fn small_graph() -> Graph {
    let crates_io = Some("registry+https://github.com/rust-lang/crates.io-index");
    let app = package(
        "app",
        "0.1.0",
        None,
        &[("config", EdgeKind::Normal), ("log", EdgeKind::Normal)],
    );
    let packages = vec![
        app,
        package("config", "1.0.0", None, &[]),
        package("log", "0.4.1", crates_io, &[]),
    ];
    graph(TargetKind::Bin, packages)
}

pub fn build_info() -> BuildInfo {
    let packages = ["app 0.1.0", "config 1.0.0", "log 0.4.1"].map(|package| {
        let (name, version) = package.split_once(' ').unwrap();
        PackageInfo {
            name: name.to_owned(),
            version: version.to_owned(),
            source: None,
        }
    });
    BuildInfo {
        schema: SCHEMA,
        tool: "0.1.0".to_owned(),
        rustc: "rustc 1.95.0".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        profile: "dev".to_owned(),
        mode: Mode::Hosted,
        std: gobuild_codegen::buildinfo::Std::Threads,
        malloc: gobuild_codegen::buildinfo::Malloc::Libc,
        goamd64: 1,
        stack_size: 65536,
        linker: "cc".to_owned(),
        flags: vec!["-Copt-level=1".to_owned()],
        vcs: None,
        stamps: Default::default(),
        packages: packages.to_vec(),
    }
}

pub fn config() -> EmitConfig {
    EmitConfig {
        stamps: vec![("app.VERSION.stamp.0f".to_owned(), "1.2.3".to_owned())],
        build_info: build_info(),
        dependencies: audit::payload(&small_graph()).unwrap(),
    }
}
