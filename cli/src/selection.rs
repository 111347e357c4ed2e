//! Which targets are built, by cargo's rules, and how cargo must be called for it. Pure.
//!
//! What cannot be decided here (a package or target that does not exist) is left to cargo, which then says what is wrong in its own
//! words.

use std::collections::BTreeSet;

use gobuild_codegen::model::{EdgeKind, PackageId, RootTarget, TargetKind};

use crate::args::cargo::{FeatureArgs, PackageArgs, RunTargetArgs, TargetArgs};
use crate::metadata::{Member, MemberTargetKind, Target, Workspace};

/// What is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Packages of the workspace that are selected.
    pub packages: Vec<PackageId>,
    /// Programs that are linked.
    pub programs: Vec<RootTarget>,
    /// How to call cargo.
    pub call: Call,
}

/// How to call cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `cargo rustc` for the one program: compiles nothing that `cargo build` has compiled.
    Rustc,
    /// `cargo build` with the workspace wrapper: one call, whatever there is to build.
    Wrapped,
    /// `cargo build` as it is: there is no program.
    Plain,
}

/// Why `run` does not know what to run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// No binary.
    #[error("a bin target must be available for `cargo gobuild run`")]
    None,
    /// More than one.
    #[error("`cargo gobuild run` could not determine which {what} to run; available: {}", names.join(", "))]
    Several {
        /// `binary` or `example`.
        what: &'static str,
        /// Their names.
        names: Vec<String>,
    },
    /// No such target.
    #[error("there is no {what} `{name}`; available: {}", names.join(", "))]
    Unknown {
        /// `binary` or `example`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        names: Vec<String>,
    },
}

impl RunError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Several { .. } => {
                Some("name one with --bin or --example, or set `default-run` in Cargo.toml")
            }
            Self::None | Self::Unknown { .. } => None,
        }
    }
}

/// Selects what `build` and `test` build.
#[must_use]
pub fn select(
    workspace: &Workspace,
    packages: &PackageArgs,
    targets: &TargetArgs,
    features: &FeatureArgs,
) -> Selection {
    let Some(members) = members(workspace, packages) else {
        return Selection {
            packages: Vec::new(),
            programs: Vec::new(),
            call: Call::Wrapped,
        };
    };
    let programs: Vec<RootTarget> = members
        .iter()
        .flat_map(|member| programs(workspace, member, targets))
        .collect();
    let call = call(workspace, &members, &programs, targets, features);
    Selection {
        packages: members.iter().map(|member| member.id.clone()).collect(),
        programs,
        call,
    }
}

/// Selects what `run` runs.
///
/// # Errors
/// When that is not exactly one program.
pub fn select_to_run(
    workspace: &Workspace,
    package: Option<&String>,
    target: &RunTargetArgs,
) -> Result<Selection, RunError> {
    let packages = PackageArgs {
        package: package.cloned().into_iter().collect(),
        ..PackageArgs::default()
    };
    let members = members(workspace, &packages).unwrap_or_default();
    let (what, kind, name) = match (&target.example, &target.bin) {
        (Some(name), _) => ("example", MemberTargetKind::Example, Some(name)),
        (None, name) => ("binary", MemberTargetKind::Bin, name.as_ref()),
    };
    let all: Vec<(&Member, &Target)> = members
        .iter()
        .flat_map(|member| member.targets.iter().map(move |target| (*member, target)))
        .filter(|(_, target)| target.kind == kind)
        .collect();
    let names = || {
        all.iter()
            .map(|(_, target)| target.name.clone())
            .collect::<Vec<_>>()
    };
    let defaults: Vec<_> = members
        .iter()
        .filter_map(|member| member.default_run.as_ref())
        .collect();
    let wanted = name.or(match defaults[..] {
        [one] => Some(one),
        _ => None,
    });
    let found: Vec<_> = all
        .iter()
        .filter(|(_, target)| wanted.is_none_or(|name| target.name == *name))
        .collect();
    match (found[..].as_ref(), wanted) {
        ([(member, target)], _) => Ok(Selection {
            packages: vec![member.id.clone()],
            programs: vec![root(member, target, false)],
            call: Call::Rustc,
        }),
        ([], Some(name)) => Err(RunError::Unknown {
            what,
            name: name.clone(),
            names: names(),
        }),
        ([], None) => Err(RunError::None),
        (_, _) => Err(RunError::Several {
            what,
            names: names(),
        }),
    }
}

/// The selected members; `None` when a specification fits none of them.
fn members<'a>(workspace: &'a Workspace, args: &PackageArgs) -> Option<Vec<&'a Member>> {
    let all = || workspace.members.iter();
    if args.workspace {
        return Some(
            all()
                .filter(|member| !args.exclude.iter().any(|spec| fits(member, spec)))
                .collect(),
        );
    }
    if args.package.is_empty() {
        return Some(
            all()
                .filter(|member| workspace.default_members.contains(&member.id))
                .collect(),
        );
    }
    let known = args
        .package
        .iter()
        .all(|spec| all().any(|member| fits(member, spec)));
    known.then(|| {
        all()
            .filter(|member| args.package.iter().any(|spec| fits(member, spec)))
            .collect()
    })
}

/// Whether a member fits a package specification: `name`, `name@version`, a pattern, or an id.
fn fits(member: &Member, spec: &str) -> bool {
    if spec.contains("://") {
        return member.id.0 == spec || member.id.0.starts_with(&format!("{spec}#"));
    }
    let (name, version) = match spec.split_once(['@', ':']) {
        Some((name, version)) => (name, Some(version)),
        None => (spec, None),
    };
    let version_fits =
        version.is_none_or(|v| member.version == v || member.version.starts_with(&format!("{v}.")));
    version_fits && name_fits(&member.name, name)
}

fn name_fits(name: &str, pattern: &str) -> bool {
    let is_pattern = pattern.contains(['*', '?', '[']);
    name == pattern
        || (is_pattern && glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name)))
}

/// The programs of a member that the target selection means.
fn programs(workspace: &Workspace, member: &Member, args: &TargetArgs) -> Vec<RootTarget> {
    let features = workspace
        .packages
        .get(&member.id)
        .map(|package| package.features.as_slice())
        .unwrap_or_default();
    let has = |feature: &String| features.contains(feature) || feature.contains('/');
    let named =
        |names: &[String], target: &Target| names.iter().any(|name| name_fits(&target.name, name));
    let mut programs = Vec::new();
    for target in &member.targets {
        let as_program = match target.kind {
            MemberTargetKind::Bin => {
                args.is_default() || args.bins || args.all_targets || named(&args.bin, target)
            }
            MemberTargetKind::Example => {
                args.examples || args.all_targets || named(&args.example, target)
            }
            _ => false,
        };
        let as_test = match target.kind {
            MemberTargetKind::Test => {
                named(&args.test, target) || args.all_targets || (args.tests && target.test)
            }
            MemberTargetKind::Bench => {
                named(&args.bench, target) || args.benches || args.all_targets
            }
            MemberTargetKind::ProcMacro => false,
            _ => target.test && (args.tests || args.all_targets),
        };
        let by_name = [&args.bin, &args.example, &args.test, &args.bench]
            .iter()
            .any(|names| named(names, target));
        if by_name || target.required_features.iter().all(has) {
            programs.extend(as_program.then(|| root(member, target, false)));
            programs.extend(as_test.then(|| root(member, target, true)));
        }
    }
    programs
}

/// A target as what is linked: as a program, or with its tests.
#[must_use]
pub fn root(member: &Member, target: &Target, test: bool) -> RootTarget {
    let kind = match (target.kind, test) {
        (MemberTargetKind::Bin, false) => TargetKind::Bin,
        (MemberTargetKind::Bin, true) => TargetKind::BinTest,
        (MemberTargetKind::Example, false) => TargetKind::Example,
        (MemberTargetKind::Example, true) => TargetKind::ExampleTest,
        (MemberTargetKind::Test, _) => TargetKind::Test,
        (MemberTargetKind::Bench, _) => TargetKind::Bench,
        (MemberTargetKind::Lib | MemberTargetKind::ProcMacro, _) => TargetKind::LibTest,
    };
    RootTarget {
        package: member.id.clone(),
        kind,
        name: target.name.clone(),
        crate_name: target.crate_name(),
        src_path: target.src_path.clone(),
        edition: target.edition.clone(),
    }
}

fn call(
    workspace: &Workspace,
    members: &[&Member],
    programs: &[RootTarget],
    targets: &TargetArgs,
    features: &FeatureArgs,
) -> Call {
    let names_features_elsewhere =
        members.len() > 1 && features.features.iter().any(|list| list.contains('/'));
    match programs {
        [] if !targets.is_default() => Call::Wrapped,
        [] => Call::Plain,
        [one]
            if !targets.wants_tests()
                && !targets.lib
                && !names_features_elsewhere
                && covers(workspace, one, members, targets) =>
        {
            Call::Rustc
        }
        _ => Call::Wrapped,
    }
}

/// Whether building the one program builds everything that is selected.
fn covers(
    workspace: &Workspace,
    program: &RootTarget,
    members: &[&Member],
    targets: &TargetArgs,
) -> bool {
    if !targets.is_default() {
        return true;
    }
    let mut reached = BTreeSet::from([&program.package]);
    let mut open = vec![&program.package];
    while let Some(package) = open.pop().and_then(|id| workspace.packages.get(id)) {
        for dep in package
            .deps
            .iter()
            .filter(|dep| dep.kind == EdgeKind::Normal)
        {
            if reached.insert(&dep.id) {
                open.push(&dep.id);
            }
        }
    }
    members.iter().all(|member| reached.contains(&member.id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use gobuild_codegen::model::{Dependency, Package};
    use serde_json::Value;

    use super::*;

    /// Members as `name: targets`; targets as `kind name`; dependencies as `from -> to`.
    fn workspace(
        members: &[(&str, &[(MemberTargetKind, &str)])],
        deps: &[(&str, &str)],
    ) -> Workspace {
        let id = |name: &str| PackageId(format!("path+file:///w/{name}#1.2.3"));
        let package = |name: &str| Package {
            id: id(name),
            name: name.into(),
            version: "1.2.3".into(),
            source: None,
            manifest_dir: PathBuf::from("/w").join(name),
            lib: None,
            features: Vec::new(),
            deps: deps
                .iter()
                .filter(|(from, _)| *from == name)
                .map(|(_, to)| Dependency {
                    id: id(to),
                    extern_name: (*to).into(),
                    kind: EdgeKind::Normal,
                    feature: None,
                })
                .collect(),
        };
        let target = |(kind, name): &(MemberTargetKind, &str)| Target {
            kind: *kind,
            name: (*name).into(),
            src_path: format!("/w/{name}.rs").into(),
            edition: "2024".into(),
            required_features: if name.starts_with("needs") {
                vec!["extra".into()]
            } else {
                Vec::new()
            },
            test: true,
        };
        Workspace {
            root: "/w".into(),
            target_dir: "/w/target".into(),
            build_dir: "/w/target".into(),
            members: members
                .iter()
                .map(|(name, targets)| Member {
                    id: id(name),
                    name: (*name).into(),
                    version: "1.2.3".into(),
                    manifest_path: format!("/w/{name}/Cargo.toml").into(),
                    default_run: None,
                    targets: targets.iter().map(target).collect(),
                    metadata: Value::Null,
                    environment: Vec::new(),
                })
                .collect(),
            default_members: members.iter().map(|(name, _)| id(name)).collect(),
            packages: members
                .iter()
                .map(|(name, _)| (id(name), package(name)))
                .collect::<BTreeMap<_, _>>(),
            metadata: Value::Null,
        }
    }

    use MemberTargetKind::{Bin, Example, Lib, Test};

    fn names(selection: &Selection) -> Vec<&str> {
        selection
            .programs
            .iter()
            .map(|program| program.name.as_str())
            .collect()
    }

    fn selected(workspace: &Workspace, packages: &PackageArgs, targets: &TargetArgs) -> Selection {
        select(workspace, packages, targets, &FeatureArgs::default())
    }

    #[test]
    fn one_program_that_needs_all_else_is_one_cargo_rustc() {
        let workspace = workspace(
            &[("app", &[(Bin, "app")]), ("dep", &[(Lib, "dep")])],
            &[("app", "dep")],
        );
        let selection = selected(&workspace, &PackageArgs::default(), &TargetArgs::default());
        assert_eq!(
            (names(&selection), selection.call),
            (vec!["app"], Call::Rustc)
        );
    }

    #[test]
    fn a_library_beside_the_program_needs_a_whole_build() {
        let workspace = workspace(&[("app", &[(Bin, "app")]), ("dep", &[(Lib, "dep")])], &[]);
        let selection = selected(&workspace, &PackageArgs::default(), &TargetArgs::default());
        assert_eq!(selection.call, Call::Wrapped);
        let bins = TargetArgs {
            bins: true,
            ..TargetArgs::default()
        };
        assert_eq!(
            selected(&workspace, &PackageArgs::default(), &bins).call,
            Call::Rustc
        );
    }

    #[test]
    fn several_programs_are_one_wrapped_build() {
        let workspace = workspace(&[("app", &[(Bin, "a"), (Bin, "b"), (Example, "e")])], &[]);
        let selection = selected(&workspace, &PackageArgs::default(), &TargetArgs::default());
        assert_eq!(
            (names(&selection), selection.call),
            (vec!["a", "b"], Call::Wrapped)
        );
        let example = TargetArgs {
            example: vec!["e".into()],
            ..TargetArgs::default()
        };
        let selection = selected(&workspace, &PackageArgs::default(), &example);
        assert_eq!(
            (names(&selection), selection.call),
            (vec!["e"], Call::Rustc)
        );
    }

    #[test]
    fn libraries_alone_are_left_to_cargo() {
        let workspace = workspace(&[("dep", &[(Lib, "dep")])], &[]);
        assert_eq!(
            selected(&workspace, &PackageArgs::default(), &TargetArgs::default()).call,
            Call::Plain
        );
    }

    #[test]
    fn tests_are_programs_too() {
        let workspace = workspace(&[("app", &[(Lib, "app"), (Bin, "app"), (Test, "it")])], &[]);
        let tests = TargetArgs {
            tests: true,
            ..TargetArgs::default()
        };
        let selection = selected(&workspace, &PackageArgs::default(), &tests);
        let kinds: Vec<_> = selection
            .programs
            .iter()
            .map(|program| program.kind)
            .collect();
        assert_eq!(
            kinds,
            [TargetKind::LibTest, TargetKind::BinTest, TargetKind::Test]
        );
        assert_eq!(selection.call, Call::Wrapped);
    }

    #[test]
    fn packages_are_named_as_cargo_names_them() {
        let workspace = workspace(
            &[
                ("app-one", &[(Bin, "one")]),
                ("app-two", &[(Bin, "two")]),
                ("dep", &[(Lib, "dep")]),
            ],
            &[],
        );
        for (spec, expect) in [
            ("app-one", &["one"][..]),
            ("app-*", &["one", "two"]),
            ("app-two@1.2.3", &["two"]),
            ("app-two@1.2", &["two"]),
            ("app-two@2", &[]),
            ("path+file:///w/app-one#1.2.3", &["one"]),
            ("path+file:///w/app-one", &["one"]),
            ("nothing", &[]),
        ] {
            let packages = PackageArgs {
                package: vec![spec.into()],
                ..PackageArgs::default()
            };
            assert_eq!(
                names(&selected(&workspace, &packages, &TargetArgs::default())),
                expect,
                "{spec}"
            );
        }
        let rest = PackageArgs {
            workspace: true,
            exclude: vec!["app-one".into()],
            ..PackageArgs::default()
        };
        assert_eq!(
            names(&selected(&workspace, &rest, &TargetArgs::default())),
            ["two"]
        );
    }

    #[test]
    fn binaries_without_their_features_are_left_out_unless_named() {
        let workspace = workspace(&[("app", &[(Bin, "app"), (Bin, "needs-extra")])], &[]);
        let selection = selected(&workspace, &PackageArgs::default(), &TargetArgs::default());
        assert_eq!(names(&selection), ["app"]);
        let named = TargetArgs {
            bin: vec!["needs-extra".into()],
            ..TargetArgs::default()
        };
        assert_eq!(
            names(&selected(&workspace, &PackageArgs::default(), &named)),
            ["needs-extra"]
        );
    }

    #[test]
    fn run_needs_exactly_one() {
        let run = |workspace: &Workspace, target: &RunTargetArgs| {
            select_to_run(workspace, None, target)
                .map(|selection| selection.programs[0].name.clone())
        };
        let mut two = workspace(&[("app", &[(Bin, "a"), (Bin, "b"), (Example, "e")])], &[]);
        let none = RunTargetArgs::default();
        let several = RunError::Several {
            what: "binary",
            names: vec!["a".into(), "b".into()],
        };
        assert_eq!(run(&two, &none), Err(several));
        assert_eq!(
            run(
                &two,
                &RunTargetArgs {
                    bin: Some("b".into()),
                    example: None
                }
            ),
            Ok("b".into())
        );
        assert_eq!(
            run(
                &two,
                &RunTargetArgs {
                    bin: None,
                    example: Some("e".into())
                }
            ),
            Ok("e".into())
        );
        assert!(matches!(
            run(
                &two,
                &RunTargetArgs {
                    bin: Some("c".into()),
                    example: None
                }
            ),
            Err(RunError::Unknown { .. })
        ));
        two.members[0].default_run = Some("a".into());
        assert_eq!(run(&two, &none), Ok("a".into()));
        assert_eq!(
            run(&workspace(&[("dep", &[(Lib, "dep")])], &[]), &none),
            Err(RunError::None)
        );
    }
}
