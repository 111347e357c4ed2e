//! What the user's packages and flags put on the linker's line: libraries, wraps, allocators, relocation models; paths that cargo takes for patterns; names
//! that a static program looks up.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use gobuild_tests::process::{BUILD, RUN, run, says};
use gobuild_tests::project::Project;
use gobuild_tests::readelf;

const FAILURE: i32 = 101;

/// A program without dependencies whose build script gives these arguments to the linker.
fn linked_with(main: &str, args: &[&str]) -> Project {
    let project = Project::alone();
    project.package("", "app", "");
    project.file("src/main.rs", main);
    let lines: String = args
        .iter()
        .map(|arg| format!("println!(\"cargo::rustc-link-arg-bins={arg}\");"))
        .collect();
    project.file("build.rs", &format!("fn main() {{ {lines} }}\n"));
    project
}

#[track_caller]
fn prints(project: &Project, expect: &str) {
    let ran = run(&mut project.program("debug", "app"), RUN).ok();
    assert_eq!(ran.out(), expect);
}

#[test]
fn libraries_among_the_link_arguments_are_linked_statically() {
    let main = "unsafe extern \"C\" { safe fn j0(x: f64) -> f64; }\nfn main() { println!(\"{:.3}\", j0(1.0)); }\n";
    let project = linked_with(main, &["-lm"]);
    for linker in ["auto", "cc"] {
        _ = project.build(&["--linker", linker]).ok();
        prints(&project, "0.765\n");
    }
    let mut build = project.gobuild();
    build.env("RUSTFLAGS", "-C default-linker-libraries=yes");
    _ = run(build.arg("build"), BUILD).ok();
    prints(&project, "0.765\n");
    let none = linked_with("fn main() {}\n", &["-lno_such_library"]);
    let refused = none.build(&[]).fails_with(FAILURE);
    says(
        &refused,
        &["help: `-lno_such_library`", "libno_such_library.a"],
    );
}

#[test]
fn a_program_may_wrap_malloc_itself() {
    let main = "use std::ffi::c_void;\nuse std::sync::atomic::{AtomicUsize, Ordering::Relaxed};\n\
        static CALLS: AtomicUsize = AtomicUsize::new(0);\n\
        unsafe extern \"C\" { fn __real_malloc(size: usize) -> *mut c_void; }\n\
        #[unsafe(no_mangle)] extern \"C\" fn __wrap_malloc(size: usize) -> *mut c_void { CALLS.fetch_add(1, Relaxed); unsafe { __real_malloc(size) } }\n\
        fn main() { let v = vec![1_u8; 10]; println!(\"{} {}\", v.len(), CALLS.load(Relaxed) > 0); }\n";
    let project = linked_with(main, &["-Wl,--wrap=malloc"]);
    _ = project.build(&[]).ok();
    prints(&project, "10 true\n");
    // With inits, whose allocations the runtime would count.
    let main = format!("{main}#[rtlib::init] fn f() {{ drop(vec![1_u8; 10]); }}\n");
    let rtlib = "gobuild-rtlib = { path = \"{rtlib}\" }";
    let with_inits = Project::bin("link_line", "counting", rtlib, &main);
    let script = "fn main() { println!(\"cargo::rustc-link-arg-bins=-Wl,--wrap=malloc\"); }\n";
    with_inits.file("build.rs", script);
    _ = with_inits.build(&[]).ok();
    let ran = run(&mut with_inits.program("debug", "counting"), RUN).ok();
    assert_eq!(ran.out(), "10 true\n");
}

#[test]
fn a_wrap_that_the_runtime_needs_is_refused_by_name() {
    for args in [
        &["-Wl,--wrap=sigaction"][..],
        &["-Wl,--wrap", "-Wl,sigaction"],
    ] {
        let project = linked_with("fn main() {}\n", args);
        let refused = project.build(&[]).fails_with(FAILURE);
        says(
            &refused,
            &[
                "error: the program wraps `sigaction` itself",
                "remove `--wrap=sigaction`",
            ],
        );
    }
}

/// The linker tells of a second definition; one that it prefers is found after the link.
#[test]
fn a_foreign_wrap_is_refused_by_name() {
    let source = "long __wrap_recv(int fd, void *b, unsigned long n, int f) { return -(fd || b || n || f); }\n";
    let main = "fn main() { _ = std::io::Read::read(&mut std::net::TcpStream::connect(\"127.0.0.1:1\").unwrap(), &mut [0]); }\n";
    let project = linked_with(main, &[]);
    project.file("foreign.c", source);
    let object = project.path().join("foreign.o");
    let mut cc = Command::new("cc");
    cc.args(["-c", "foreign.c"]).current_dir(project.path());
    _ = run(&mut cc, BUILD).ok();
    for linker in ["cc", "lld"] {
        let build = |args: &str| {
            let script = format!(
                "fn main() {{ for arg in \"{args}\".split(' ') {{ println!(\"cargo::rustc-link-arg-bins={{arg}}\"); }} }}\n"
            );
            project.file("build.rs", &script);
            project.build(&["--linker", linker]).fails_with(FAILURE)
        };
        let object = object.display();
        let twice = build(&object.to_string());
        says(
            &twice,
            &[
                "help: the runtime defines `__wrap_recv`",
                "rename the other definition",
            ],
        );
        let other = build("-Wl,--defsym=__wrap_recv=abort");
        says(
            &other,
            &[
                "calls of `recv` would not reach the runtime: the program's `__wrap_recv` is not the runtime's but one of a library, or of an option of the linker",
                "help: the runtime defines `__wrap_recv`",
            ],
        );
    }
    // A compiler that puts it in front of all others.
    let script = "#!/bin/sh\nexec cc -Wl,--allow-multiple-definition foreign.o \"$@\"\n";
    project.file("build.rs", "fn main() {}\n");
    project.file(
        "compiler",
        &script.replace("foreign.o", &object.display().to_string()),
    );
    let compiler = project.path().join("compiler");
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).expect("make it executable");
    let refused = project
        .build(&["--linker", compiler.to_str().expect("UTF-8")])
        .fails_with(FAILURE);
    says(&refused, &["calls of `recv` would not reach the runtime"]);
}

#[test]
fn an_allocator_that_takes_mallocs_place_links_with_rtlib() {
    let project = Project::bin(
        "link_line",
        "app",
        "gobuild-rtlib = { path = \"{rtlib}\" }\nmimalloc = { version = \"0.1\", features = [\"override\"] }\n",
        "#[global_allocator] static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;\n\
         fn main() { println!(\"{}\", rtlib::spawn(|| vec![1_u8; 100].len()).join().unwrap()); }\n",
    );
    _ = project.build(&[]).ok();
    prints(&project, "100\n");
    assert!(readelf::symbol(&project.exe("debug", "app"), "mi_malloc").is_some());
}

#[test]
fn gold_is_refused_by_name() {
    let project = linked_with("fn main() {}\n", &[]);
    let gold = project.path().join("ld.gold");
    let text = "#!/bin/sh\necho \"$0: internal error in add_output_section_to_load, at ../../gold/output.cc:4108\" >&2\nexit 1\n";
    fs::write(&gold, text).expect("write script");
    fs::set_permissions(&gold, fs::Permissions::from_mode(0o755)).expect("make it executable");
    let refused = project
        .build(&["--linker", gold.to_str().expect("UTF-8")])
        .fails_with(FAILURE);
    says(
        &refused,
        &["help: gold cannot link these programs", "--linker lld"],
    );
}

#[test]
fn no_flag_of_the_user_makes_a_program_movable() {
    let project = linked_with("fn main() { println!(\"hello\"); }\n", &[]);
    for flags in ["-C relocation-model=pic", "-Crelocation_model=pie"] {
        let mut build = project.gobuild();
        _ = run(build.arg("build").env("RUSTFLAGS", flags), BUILD).ok();
        prints(&project, "hello\n");
    }
    let config = "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"--codegen\", \"relocation-model=pic\"]\n";
    project.file(".cargo/config.toml", config);
    _ = project.build(&[]).ok();
    prints(&project, "hello\n");
}

#[test]
fn a_program_that_would_load_its_libc_is_refused() {
    let project = linked_with("fn main() {}\n", &[]);
    for command in [&["build"][..], &["test"], &["--", "build"]] {
        let mut build = project.gobuild();
        build
            .args(command)
            .env("RUSTFLAGS", "-C target-feature=-crt-static");
        let refused = run(&mut build, BUILD).fails_with(FAILURE);
        says(
            &refused,
            &[
                "-crt-static",
                "makes static programs",
                "help: remove the feature",
            ],
        );
    }
}

#[test]
fn a_path_may_hold_what_cargo_takes_for_a_pattern() {
    let project = Project::alone();
    let dir = "a [1]*?";
    project.package(dir, "app", "\n[workspace]\n");
    project.file(
        &format!("{dir}/src/main.rs"),
        "fn main() { println!(\"hello\"); }\n",
    );
    let mut build = project.gobuild();
    _ = run(
        build.arg("build").current_dir(project.path().join(dir)),
        BUILD,
    )
    .ok();
    prints(&project, "hello\n");
    // By its path, too.
    let manifest = project.path().join(dir).join("Cargo.toml");
    _ = project
        .build(&["--manifest-path", manifest.to_str().expect("UTF-8")])
        .ok();
}

#[test]
fn lookups_that_depend_on_the_machine_are_told_of_once() {
    let project = linked_with(
        "fn main() { println!(\"{:?}\", std::net::ToSocketAddrs::to_socket_addrs(\"localhost:1\")); std::env::home_dir(); }\n",
        &[],
    );
    assert!(!project.build(&[]).ok().err().contains("looks up"));
    let calls = |function: &str| {
        format!(
            "unsafe extern \"C\" {{ fn {function}() -> *const u8; }}\nfn main() {{ println!(\"{{:?}}\", unsafe {{ {function}() }}); }}\n"
        )
    };
    project.file("src/main.rs", &calls("getspent"));
    let told = project.build(&[]).ok();
    says(
        &told,
        &["warning: `app` looks up users and groups (getspent, getspent_r) with glibc\n"],
    );
    project.file("src/main.rs", &format!("{}// changed\n", calls("getspent")));
    assert!(!project.build(&[]).ok().err().contains("looks up"));
    project.file("src/main.rs", &calls("gethostent"));
    assert!(!project.build(&["-q"]).ok().err().contains("looks up"));
    _ = fs::remove_dir_all(project.target());
    says(
        &project.build(&[]).ok(),
        &["looks up hosts and networks (gethostent"],
    );
}
