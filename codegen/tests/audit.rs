//! The dependency list as the readers of cargo-auditable's format see it.

mod support;

use auditable_serde::{DependencyKind, Source};
use gobuild_codegen::audit::{AuditError, payload, version_info};
use gobuild_codegen::model::EdgeKind::{Build, Dev, Normal};
use gobuild_codegen::model::{Graph, PackageId, TargetKind};
use support::sample::{graph, package};
use support::sample_program;

const CRATES_IO: Option<&str> = Some("registry+https://github.com/rust-lang/crates.io-index");

/// `app` with a library, a build script, a proc macro and a test helper that uses `app` itself.
fn sample(kind: TargetKind) -> Graph {
    let deps = [
        ("lib", Normal),
        ("generator", Build),
        ("some-macros", Normal),
        ("helper", Dev),
        ("lib", Build),
    ];
    graph(
        kind,
        vec![
            package("app", "0.1.0", None, &deps),
            package(
                "lib",
                "1.2.3",
                CRATES_IO,
                &[("deep", Normal), ("lib-tests", Dev)],
            ),
            package(
                "deep",
                "0.1.0-rc.1",
                Some("git+https://example.org/deep#0a1b"),
                &[],
            ),
            package(
                "generator",
                "2.0.0",
                Some("registry+https://example.org/index"),
                &[("deep", Normal), ("only-build", Normal)],
            ),
            package("only-build", "1.0.0", CRATES_IO, &[]),
            package("some-macros", "1.0.0", CRATES_IO, &[("quote", Normal)]),
            package("quote", "1.0.0", CRATES_IO, &[]),
            package("helper", "1.0.0", None, &[("app", Normal)]),
            package("lib-tests", "1.0.0", CRATES_IO, &[]),
            package("unrelated", "1.0.0", CRATES_IO, &[]),
        ],
    )
}

/// Each package as `name kind [dependencies]`.
fn listed(graph: &Graph) -> Vec<String> {
    let info = version_info(graph).unwrap();
    let line = |package: &auditable_serde::Package| {
        let names = package
            .dependencies
            .iter()
            .map(|&index| info.packages[index].name.as_str());
        let kind = match package.kind {
            DependencyKind::Build => "build",
            DependencyKind::Runtime => "runtime",
        };
        format!(
            "{} {kind} [{}]",
            package.name,
            names.collect::<Vec<_>>().join(" ")
        )
    };
    info.packages.iter().map(line).collect()
}

#[test]
fn runtime_and_build_dependencies_are_told_apart() {
    let expect = [
        "app runtime [generator lib some-macros]",
        "deep runtime []",
        "generator build [deep only-build]",
        "lib runtime [deep]",
        "only-build build []",
        "quote build []",
        "some-macros build [quote]",
    ];
    assert_eq!(listed(&sample(TargetKind::Bin)), expect);
}

#[test]
fn tests_list_dev_dependencies_and_stay_free_of_cycles() {
    let list = listed(&sample(TargetKind::Test));
    assert!(
        list.contains(&"app runtime [generator helper lib some-macros]".to_owned()),
        "{list:?}"
    );
    assert!(list.contains(&"helper runtime []".to_owned()), "{list:?}");
    assert!(
        !list.iter().any(|line| line.starts_with("lib-tests")),
        "{list:?}"
    );
}

#[test]
fn sources_have_cargo_auditables_names() {
    let info = version_info(&sample(TargetKind::Bin)).unwrap();
    let source = |name: &str| {
        info.packages
            .iter()
            .find(|package| package.name == name)
            .unwrap()
            .source
            .clone()
    };
    assert_eq!(source("app"), Source::Local);
    assert_eq!(source("lib"), Source::CratesIo);
    assert_eq!(source("deep"), Source::Git);
    assert_eq!(source("generator"), Source::Registry);
}

#[test]
fn cargo_auditables_own_reader_finds_the_list_in_a_linked_program() {
    let program = sample_program();
    let info = auditable_info::audit_info_from_slice(&program, 1 << 20).unwrap();
    assert_eq!(info, version_info(&support::sample::small_graph()).unwrap());
    assert_eq!(
        info.packages.iter().filter(|package| package.root).count(),
        1
    );
}

#[test]
fn the_reader_accepts_every_kind_of_target() {
    for kind in [
        TargetKind::Bin,
        TargetKind::Example,
        TargetKind::Test,
        TargetKind::Bench,
        TargetKind::LibTest,
    ] {
        let json =
            miniz_oxide::inflate::decompress_to_vec_zlib(&payload(&sample(kind)).unwrap()).unwrap();
        let info: auditable_serde::VersionInfo = serde_json::from_slice(&json).unwrap();
        assert_eq!(info, version_info(&sample(kind)).unwrap());
    }
}

#[test]
fn equal_graphs_give_equal_bytes() {
    assert_eq!(
        payload(&sample(TargetKind::Bin)).unwrap(),
        payload(&sample(TargetKind::Bin)).unwrap()
    );
}

#[test]
fn a_graph_that_is_not_whole_is_named() {
    let mut holed = sample(TargetKind::Bin);
    holed.packages.remove(&PackageId("deep".to_owned()));
    assert!(matches!(payload(&holed), Err(AuditError::Unknown(id)) if id == "deep"));
    let mut odd = sample(TargetKind::Bin);
    odd.packages
        .get_mut(&PackageId("lib".to_owned()))
        .unwrap()
        .version = "one".to_owned();
    let error = payload(&odd).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("package `lib` has the version `one`"),
        "{error}"
    );
}
