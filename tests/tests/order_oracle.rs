//! Go's own toolchain judges our order: random package graphs as Go modules and as Cargo workspaces, random variables as a Go package and as a
//! Rust crate. Both are built and run; both must initialise in the same order.
//!
//! The seed is printed. `GOBUILD_ORACLE_SEED` repeats a run, `GOBUILD_ORACLE_GRAPHS` makes it long.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use gobuild_tests::go;
use gobuild_tests::process::{BUILD, RUN, run};
use gobuild_tests::project::Project;

/// Graphs and sets of variables of one run, when the environment does not say.
const GRAPHS: usize = 6;

/// A small generator of random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}

/// The seed of this run, printed so that a failure can be repeated.
fn seeded(salt: u64) -> (Random, usize) {
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |t| t.as_secs())
    };
    let seed = number("GOBUILD_ORACLE_SEED").unwrap_or_else(clock);
    let graphs = number("GOBUILD_ORACLE_GRAPHS").map_or(GRAPHS, |n| n as usize);
    println!("GOBUILD_ORACLE_SEED={seed} GOBUILD_ORACLE_GRAPHS={graphs}");
    (Random(seed.wrapping_mul(31).wrapping_add(salt)), graphs)
}

/// A package of a random graph; dependencies are earlier in the list.
struct Package {
    name: String,
    has_init: bool,
    deps: Vec<usize>,
}

/// A package's name in source code. Neither toolchain takes two packages that differ only in what this takes away, or in case.
fn ident(name: &str) -> String {
    name.replace('-', "_")
}

fn random_graph(random: &mut Random, graph: usize) -> Vec<Package> {
    let n = 4 + random.below(7);
    let mut names = BTreeMap::new();
    while names.len() < n {
        let letters: String = (0..1 + random.below(3))
            .map(|_| ['a', 'b', 'B', 'z', '_', '-', '1'][random.below(7)])
            .collect();
        let name = format!("g{graph}x{letters}");
        names.entry(ident(&name).to_lowercase()).or_insert(name);
    }
    let mut names: Vec<String> = names.into_values().collect();
    random.shuffle(&mut names);
    let mut packages: Vec<Package> = Vec::new();
    for (i, name) in names.into_iter().enumerate() {
        let deps = (0..i).filter(|_| random.chance(30)).collect();
        packages.push(Package {
            name,
            has_init: random.chance(75),
            deps,
        });
    }
    packages
}

fn names_of<'a>(graph: &'a [Package], deps: &'a [usize]) -> impl Iterator<Item = &'a str> {
    deps.iter().map(|&d| graph[d].name.as_str())
}

fn all(graph: &[Package]) -> Vec<usize> {
    (0..graph.len()).collect()
}

fn write_go(project: &Project, graphs: &[Vec<Package>]) {
    project.file("go/go.mod", "module m\n\ngo 1.27\n");
    for (g, graph) in graphs.iter().enumerate() {
        for package in graph {
            let mut text = format!("package {}\n", ident(&package.name));
            for dep in names_of(graph, &package.deps) {
                _ = writeln!(text, "import _ \"m/{dep}\"");
            }
            if package.has_init {
                text += "var sink int\nfunc init() { sink++ }\n";
            }
            project.file(&format!("go/{0}/{0}.go", package.name), &text);
        }
        let imports: String = names_of(graph, &all(graph))
            .map(|dep| format!("import _ \"m/{dep}\"\n"))
            .collect();
        project.file(
            &format!("go/cmd/o{g}/main.go"),
            &format!(
                "package main\n{imports}var sink int\nfunc init() {{ sink++ }}\nfunc main() {{}}\n"
            ),
        );
    }
}

fn write_rust(project: &Project, graphs: &[Vec<Package>]) {
    project.file(
        "rust/Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\nexclude = [\"target\"]\n",
    );
    let package = |name: &str, file: &str, deps: Vec<&str>, has_init: bool, rest: &str| {
        let mut manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\ngobuild-rtlib = {{ path = \"{{rtlib}}\" }}\n"
        );
        let mut text = String::from("#![allow(non_snake_case)]\n");
        for dep in deps {
            _ = writeln!(manifest, "{dep} = {{ path = \"../{dep}\" }}");
            _ = writeln!(text, "use {} as _;", ident(dep));
        }
        if has_init {
            text += "#[rtlib::init]\nfn init() { std::hint::black_box(()); }\n";
        }
        project.file(&format!("rust/{name}/Cargo.toml"), &manifest);
        project.file(&format!("rust/{name}/src/{file}"), &(text + rest));
    };
    for (g, graph) in graphs.iter().enumerate() {
        for p in graph {
            package(
                &p.name,
                "lib.rs",
                names_of(graph, &p.deps).collect(),
                p.has_init,
                "",
            );
        }
        package(
            &format!("o{g}"),
            "main.rs",
            names_of(graph, &all(graph)).collect(),
            true,
            "fn main() {}\n",
        );
    }
}

/// The packages of `init NAME @…` lines, in order, those of the program only.
fn traced(stderr: &str) -> Vec<String> {
    let names = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("init ")?.split(" @").next());
    let ours = names.filter_map(|name| match name {
        "main" => Some(name),
        _ => name
            .strip_prefix("m/")
            .or(Some(name))
            .filter(|name| name.starts_with('g') && name.contains('x')),
    });
    ours.map(str::to_owned).collect()
}

fn trace_of(program: &Path) -> Vec<String> {
    let mut command = std::process::Command::new(program);
    gobuild_tests::tool::clean(&mut command);
    traced(&run(command.env("GODEBUG", "inittrace=1"), RUN).ok().err())
}

fn gobuild_all(project: &Project) {
    let mut command = gobuild_tests::tool::gobuild(&project.path().join("rust"));
    _ = run(
        command
            .args(["build", "--quiet", "--workspace", "--bins"])
            .env("CARGO_TARGET_DIR", project.target()),
        BUILD,
    )
    .ok();
}

fn go_build_all(project: &Project) {
    let dir = project.path().join("go");
    _ = run(
        go::command(&dir).args(["build", "-o", "out/", "./cmd/..."]),
        BUILD,
    )
    .ok();
}

#[test]
fn packages_are_initialised_in_gos_order() {
    let (mut random, n) = seeded(1);
    let graphs: Vec<_> = (0..n).map(|g| random_graph(&mut random, g)).collect();
    let project = Project::alone();
    write_go(&project, &graphs);
    write_rust(&project, &graphs);
    go_build_all(&project);
    gobuild_all(&project);
    for (g, graph) in graphs.iter().enumerate() {
        let expected = trace_of(&project.path().join(format!("go/out/o{g}")));
        assert_eq!(
            expected.len(),
            graph.iter().filter(|p| p.has_init).count() + 1,
            "Go's trace is complete"
        );
        let edges: Vec<_> = graph
            .iter()
            .map(|p| (&p.name, names_of(graph, &p.deps).collect::<Vec<_>>()))
            .collect();
        assert_eq!(
            trace_of(&project.exe("debug", &format!("o{g}"))),
            expected,
            "graph {g}: {edges:?}"
        );
    }
}

/// What an item of a random package is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Var,
    Function,
    Method,
}

/// An item of a random package. It refers to earlier ones, so there is no cycle; functions may call the next function as well, so that some are
/// recursive.
struct Item {
    kind: Kind,
    file: usize,
    refers: Vec<usize>,
    /// Refers to them inside a closure.
    in_closure: bool,
}

const FILES: [&str; 3] = ["a", "b", "c"];

fn random_items(random: &mut Random) -> Vec<Item> {
    let n = 6 + random.below(12);
    let kinds: Vec<Kind> = (0..n)
        .map(|_| match random.below(100) {
            0..60 => Kind::Var,
            60..85 => Kind::Function,
            _ => Kind::Method,
        })
        .collect();
    let is_code = |i: usize| kinds.get(i).is_some_and(|kind| *kind != Kind::Var);
    (0..n)
        .map(|i| {
            let mut refers: Vec<usize> = (0..i).filter(|_| random.chance(22)).collect();
            if is_code(i) && is_code(i + 1) && random.chance(50) {
                refers.push(i + 1);
            }
            Item {
                kind: kinds[i],
                file: random.below(FILES.len()),
                refers,
                in_closure: random.chance(20),
            }
        })
        .collect()
}

/// The items of a file, in the order in which they are declared: any order.
fn declared(random: &mut Random, items: &[Item], file: usize) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..items.len())
        .filter(|&i| items[i].file == file)
        .collect();
    random.shuffle(&mut indices);
    indices
}

/// The sum of what an item refers to. Functions that call onwards do so behind a condition that never holds, or recursion would not end.
fn expression(items: &[Item], i: usize, language: &Language) -> String {
    let terms: Vec<String> = items[i]
        .refers
        .iter()
        .map(|&r| {
            let term = (language.refer)(r, &items[r]);
            if r > i { (language.never)(&term) } else { term }
        })
        .collect();
    let sum = std::iter::once("0".to_owned())
        .chain(terms)
        .collect::<Vec<_>>()
        .join(" + ");
    if items[i].in_closure {
        (language.closure)(&sum)
    } else {
        sum
    }
}

/// How the two languages say the same.
struct Language {
    /// A reference to item number so and so.
    refer: fn(usize, &Item) -> String,
    /// A term that is never evaluated, but counts as a reference.
    never: fn(&str) -> String,
    /// A closure around an expression, called at once.
    closure: fn(&str) -> String,
    /// The declaration of an item with its expression.
    declare: fn(usize, Kind, &str) -> String,
}

const GO: Language = Language {
    refer: |i, item| match item.kind {
        Kind::Var => format!("v{i}"),
        Kind::Function => format!("f{i}()"),
        Kind::Method => format!("t{i}{{}}.m()"),
    },
    never: |term| format!("func() int {{ if false {{ return {term} }}; return 0 }}()"),
    closure: |sum| format!("func() int {{ return {sum} }}()"),
    declare: |i, kind, sum| match kind {
        Kind::Var => format!("var v{i} int = tr(\"v{i}\") + {sum}\n"),
        Kind::Function => format!("func f{i}() int {{ return {sum} }}\n"),
        Kind::Method => format!("type t{i} struct{{}}\nfunc (t{i}) m() int {{ return {sum} }}\n"),
    },
};

const RUST: Language = Language {
    refer: |i, item| {
        let place = format!("crate::{}", FILES[item.file]);
        match item.kind {
            Kind::Var => format!("*{place}::V{i}"),
            Kind::Function => format!("{place}::f{i}()"),
            Kind::Method => format!("{place}::T{i}::m()"),
        }
    },
    never: |term| format!("if false {{ {term} }} else {{ 0 }}"),
    closure: |sum| format!("(|| {sum})()"),
    declare: |i, kind, sum| match kind {
        Kind::Var => {
            format!("#[rtlib::var]\npub static V{i}: i64 = crate::tr(\"v{i}\") + {sum};\n")
        }
        Kind::Function => format!("pub fn f{i}() -> i64 {{ {sum} }}\n"),
        Kind::Method => {
            format!("pub struct T{i};\nimpl T{i} {{ pub fn m() -> i64 {{ {sum} }} }}\n")
        }
    },
};

fn write_items(project: &Project, set: usize, items: &[Item], random: &mut Random) {
    let mut mods = String::new();
    for (file, name) in FILES.iter().enumerate() {
        let declared = declared(random, items, file);
        let source = |language: &Language| -> String {
            let item =
                |&i: &usize| (language.declare)(i, items[i].kind, &expression(items, i, language));
            declared.iter().map(item).collect()
        };
        let go = "package main\n".to_owned() + &source(&GO);
        project.file(&format!("go/cmd/s{set}/{name}.go"), &go);
        project.file(&format!("rust/src/bin/s{set}/{name}.rs"), &source(&RUST));
        _ = writeln!(mods, "mod {name};");
    }
    project.file(
        &format!("go/cmd/s{set}/main.go"),
        "package main\nfunc tr(name string) int { println(name); return 1 }\nfunc main() {}\n",
    );
    let main = format!(
        "#![allow(dead_code)]\n{mods}fn tr(name: &str) -> i64 {{ eprintln!(\"{{name}}\"); 1 }}\nfn main() {{}}\n"
    );
    project.file(&format!("rust/src/bin/s{set}/main.rs"), &main);
}

/// The files of a set as Go sees them, for whoever has to find out why an order differs.
fn sources(project: &Project, set: usize) -> String {
    let read = |name: &&str| {
        let path = project.path().join(format!("go/cmd/s{set}/{name}.go"));
        format!("// {name}.go\n") + &fs::read_to_string(path).expect("it was written")
    };
    FILES.iter().map(read).collect()
}

#[test]
fn variables_are_initialised_in_gos_order() {
    let (mut random, n) = seeded(2);
    let project = Project::alone();
    project.file("go/go.mod", "module m\n\ngo 1.27\n");
    project.package(
        "rust",
        "vars",
        "gobuild-rtlib = { path = \"{rtlib}\" }\n\n[workspace]",
    );
    let sets: Vec<_> = (0..n).map(|_| random_items(&mut random)).collect();
    for (s, items) in sets.iter().enumerate() {
        write_items(&project, s, items, &mut random);
    }
    go_build_all(&project);
    gobuild_all(&project);
    for (s, items) in sets.iter().enumerate() {
        let order = |program: &Path| {
            run(&mut std::process::Command::new(program), RUN)
                .ok()
                .err()
        };
        let expected = order(&project.path().join(format!("go/out/s{s}")));
        assert_eq!(
            expected.lines().count(),
            items.iter().filter(|i| i.kind == Kind::Var).count(),
            "Go initialises all"
        );
        assert_eq!(
            order(&project.exe("debug", &format!("s{s}"))),
            expected,
            "set {s}:\n{}",
            sources(&project, s)
        );
    }
}

/// The example of the design: `a -> z` and an independent `b` give b, z, a; a sorted depth-first walk would give z, a, b.
#[test]
fn the_order_is_kahns_and_not_a_sorted_walk() {
    let project = Project::alone();
    let package = |name: &str, deps: Vec<usize>| Package {
        name: name.into(),
        has_init: true,
        deps,
    };
    let graph = vec![
        package("g0xz", vec![]),
        package("g0xa", vec![0]),
        package("g0xb", vec![]),
    ];
    write_rust(&project, &[graph]);
    gobuild_all(&project);
    assert_eq!(
        trace_of(&project.exe("debug", "o0")),
        ["g0xb", "g0xz", "g0xa", "main"]
    );
}
