//! The emitted objects as GNU readelf sees them, and as programs when GNU ld and lld have linked them.

mod support;

use std::process::Command;

use gobuild_codegen::emit::{EmitConfig, EmitError, EmittedObjects, objects};
use gobuild_codegen::model::Plan;
use support::sample::{EXPECTED_RUN, config, plan};
use support::{Linker, Workshop, readelf, run};

/// The columns that matter of a symbol in `readelf -sW`: size, type, binding, section index or `UND`.
fn symbol<'a>(listing: &'a str, name: &str) -> (u64, &'a str, &'a str, &'a str) {
    let line = listing
        .lines()
        .find(|line| line.split_whitespace().nth(7) == Some(name));
    let columns: Vec<&str> = line
        .unwrap_or_else(|| panic!("no symbol {name} in\n{listing}"))
        .split_whitespace()
        .collect();
    let size = columns[2]
        .strip_prefix("0x")
        .map_or(columns[2].parse(), |hex| u64::from_str_radix(hex, 16))
        .unwrap();
    (size, columns[3], columns[4], columns[6])
}

/// The flag letters of a section in `readelf -SW`.
fn section_flags(listing: &str, name: &str) -> String {
    let line = listing
        .lines()
        .find(|line| line.split_whitespace().any(|word| word == name))
        .unwrap();
    let after_bracket = &line[line.find(']').unwrap() + 1..];
    let columns: Vec<&str> = after_bracket.split_whitespace().collect();
    // Name, type, address, offset, size, entry size, then flags, link, info, alignment.
    columns[6..columns.len() - 3].concat()
}

#[test]
fn tables_are_global_objects_with_their_sizes() {
    let workshop = Workshop::new(&plan());
    let listing = readelf(&["-sW"], &workshop.path("inittask.o"));
    for (name, size) in [
        ("runtime..inittask", 16),
        ("config..inittask", 24),
        ("log%400.4.1..inittask", 16),
        ("go:main.inittasks", 16),
        ("go:runtime.inittasks", 8),
        ("runtime.runtime_inittasks", 24),
        ("runtime.firstmoduledata", 88),
    ] {
        let (found, kind, binding, section) = symbol(&listing, name);
        assert_eq!((found, kind, binding), (size, "OBJECT", "GLOBAL"), "{name}");
        assert_ne!(section, "UND", "{name}");
    }
    assert_eq!(symbol(&listing, "runtime.buildinfo").1, "OBJECT");
}

#[test]
fn init_functions_are_strong_undefined_references() {
    let workshop = Workshop::new(&plan());
    let listing = readelf(&["-sW"], &workshop.path("inittask.o"));
    for name in [
        "config.LEVEL.var.0f",
        "config.load.init.1a",
        "log.sink.open.init.2b",
        "runtime.init.0",
        "_rt0_amd64_linux",
    ] {
        let (_, _, binding, section) = symbol(&listing, name);
        assert_eq!((binding, section), ("GLOBAL", "UND"), "{name}");
    }
}

#[test]
fn main_pc_is_read_only_and_main_main_jumps_to_main() {
    let workshop = Workshop::new(&plan());
    let file = workshop.path("mainpc.o");
    let symbols = readelf(&["-sW"], &file);
    assert_eq!(symbol(&symbols, "runtime.mainPC").0, 8);
    assert_eq!(symbol(&symbols, "runtime.mainPC").1, "OBJECT");
    let (size, kind, binding, _) = symbol(&symbols, "main.main");
    assert_eq!((size, kind, binding), (5, "FUNC", "GLOBAL"));
    let relocations = readelf(&["-rW"], &file);
    for (kind, target) in [
        ("R_X86_64_64", "runtime.main + 0"),
        ("R_X86_64_PLT32", "main - 4"),
        ("R_X86_64_PC32", "main.main + 0"),
    ] {
        let found = relocations
            .lines()
            .any(|line| line.contains(kind) && line.ends_with(target));
        assert!(found, "no {kind} to {target} in\n{relocations}");
    }
    assert_eq!(
        section_flags(&readelf(&["-SW"], &file), ".rodata.runtime.mainPC"),
        "A"
    );
    let frames = readelf(&["--debug-dump=frames"], &file);
    assert!(
        frames.contains("DW_CFA_def_cfa: r7 (rsp) ofs 8"),
        "{frames}"
    );
    assert!(
        frames.contains("pc=0000000000000000..0000000000000005"),
        "{frames}"
    );
}

#[test]
fn sections_that_nothing_refers_to_are_retained_and_stacks_stay_unexecutable() {
    let workshop = Workshop::new(&plan());
    let listing = readelf(&["-SW"], &workshop.path("inittask.o"));
    assert_eq!(section_flags(&listing, ".note.gobuild"), "AR");
    assert_eq!(section_flags(&listing, ".dep-v0"), "AR");
    assert_eq!(
        section_flags(&listing, ".data.rel.ro.go:main.inittasks"),
        "WA"
    );
    assert_eq!(section_flags(&listing, ".data.config..inittask"), "WA");
    for object in EmittedObjects::NAMES {
        assert_eq!(
            section_flags(
                &readelf(&["-SW"], &workshop.path(object)),
                ".note.GNU-stack"
            ),
            "",
            "{object}"
        );
    }
}

#[test]
fn the_linked_program_runs_its_tables_in_order() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        let (path, _) = workshop.program(linker, &format!("{linker:?}"), &[]);
        let output = run(&mut Command::new(path));
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            EXPECTED_RUN,
            "{linker:?}"
        );
    }
}

#[test]
fn the_linked_program_keeps_names_and_retained_sections() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        let (path, _) = workshop.program(linker, &format!("{linker:?}"), &[]);
        let symbols = readelf(&["-sW"], &path);
        for (name, expect) in [("config..inittask", 24), ("log%400.4.1..inittask", 16)] {
            let (size, kind, binding, _) = symbol(&symbols, name);
            assert_eq!(
                (size, kind, binding),
                (expect, "OBJECT", "GLOBAL"),
                "{linker:?} {name}"
            );
        }
        let notes = readelf(&["-nW"], &path);
        assert!(
            notes
                .lines()
                .any(|line| line.trim_start().starts_with("gobuild ")),
            "{linker:?}\n{notes}"
        );
        let sections = readelf(&["-SW"], &path);
        assert!(sections.contains(" .dep-v0 "), "{linker:?}\n{sections}");
        assert!(
            readelf(&["-lW"], &path)
                .lines()
                .any(|line| line.contains("GNU_STACK") && line.contains("RW "))
        );
    }
}

#[test]
fn a_program_without_inits_links_and_runs() {
    let workshop = Workshop::new(&Plan {
        tasks: Vec::new(),
        warnings: Vec::new(),
    });
    for linker in Linker::ALL {
        let (path, _) = workshop.program(linker, &format!("{linker:?}"), &[]);
        let output = run(&mut Command::new(path));
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            "runtime runtime.init.0:\nmain\n",
            "{linker:?}"
        );
    }
}

#[test]
fn an_init_function_that_no_object_defines_breaks_the_link() {
    let mut plan = plan();
    plan.tasks[1].fns[0].symbol = "log.gone.init.ff".to_owned();
    let workshop = Workshop::new(&plan);
    for linker in Linker::ALL {
        let output = workshop.link_command(linker, "lost", &[]).output().unwrap();
        assert!(!output.status.success(), "{linker:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("log.gone.init.ff"),
            "{linker:?}"
        );
    }
}

#[test]
fn equal_plans_give_equal_bytes() {
    assert_eq!(
        objects(&plan(), &config()).unwrap(),
        objects(&plan(), &config()).unwrap()
    );
}

#[test]
fn plans_that_cannot_be_linked_are_refused() {
    let emit = |change: &dyn Fn(&mut Plan, &mut EmitConfig)| {
        let (mut plan, mut config) = (plan(), config());
        change(&mut plan, &mut config);
        objects(&plan, &config).unwrap_err()
    };
    let no_symbol = emit(&|plan, _| plan.tasks[0].fns[1].symbol.clear());
    assert_eq!(
        no_symbol.to_string(),
        "config/src/lib.rs:12: the symbol of `config::load` is not known before the program is built"
    );
    for symbol in [
        "a\0b",
        "load@V1",
        "runtime.firstmoduledata",
        "config..inittask",
    ] {
        let error = emit(&|plan, _| plan.tasks[0].fns[1].symbol = symbol.to_owned());
        assert!(
            matches!(error, EmitError::BadSymbol { .. }),
            "{symbol:?}: {error}"
        );
    }
    let same = emit(&|plan, _| plan.tasks[1].package = "config".to_owned());
    assert!(matches!(same, EmitError::SamePackage { package } if package == "config"));
    let stack = emit(&|_, config| config.build_info.stack_size = 1000);
    assert!(matches!(stack, EmitError::StackSize(1000)));
    let level = emit(&|_, config| config.build_info.goamd64 = 9);
    assert!(matches!(level, EmitError::BuildInfo(_)));
}
