//! The suites: which packages, in which versions, and what of them is not run.

/// Where the sources come from.
pub enum From {
    Registry {
        version: &'static str,
        /// Of the `.crate` file.
        sha256: &'static str,
    },
    /// std's own tests, of the toolchain that is used.
    Toolchain,
}

/// A test that is not run, neither by plain cargo nor by the tool, and why.
pub struct LeftOut {
    /// The program, as cargo calls it.
    pub program: &'static str,
    pub test: &'static str,
    pub why: &'static str,
}

/// One suite.
pub struct Suite {
    pub name: &'static str,
    pub from: From,
    /// For `cargo test`.
    pub args: &'static [&'static str],
    /// For the build and for the programs.
    pub env: &'static [(&'static str, &'static str)],
    /// What the published manifest lacks.
    pub manifest: &'static str,
    /// Packages that it needs in a later version than its lock file says.
    pub update: &'static [&'static str],
    /// For `cargo test` in CI, which does not run it when there is nothing.
    pub short: Option<&'static [&'static str]>,
    pub left_out: &'static [LeftOut],
}

/// All but examples, benchmarks and documentation.
const TESTS: &[&str] = &["--lib", "--tests"];

const fn registry(name: &'static str, version: &'static str, sha256: &'static str) -> Suite {
    Suite {
        name,
        from: From::Registry { version, sha256 },
        args: TESTS,
        env: &[],
        manifest: "",
        update: &[],
        short: None,
        left_out: &[],
    }
}

/// A test of flume that fails on a busy machine with plain cargo, too.
const fn precise(test: &'static str) -> LeftOut {
    LeftOut {
        program: "tests/basic.rs",
        test,
        why: "asserts that 350 ms take no 355",
    }
}

/// All of them, std's first.
pub const SUITES: &[Suite] = &[
    Suite {
        from: From::Toolchain,
        args: &["--tests"],
        env: &[("RUSTC_BOOTSTRAP", "1")],
        short: Some(&[
            "--test",
            "sync",
            "--test",
            "thread",
            "--test",
            "thread_local",
        ]),
        ..registry("std", "", "")
    },
    registry(
        "crossbeam-channel",
        "0.5.17",
        "98b0cc327b5bc766e7fda9c9260cc0fa81b43a8e240440422dff70788e3f9ef1",
    ),
    Suite {
        short: Some(TESTS),
        ..registry(
            "crossbeam-utils",
            "0.8.23",
            "a31eee39dddec8330830986fcd7625edb5a24ec90ea038215273bbc3adb08ac6",
        )
    },
    registry(
        "crossbeam-deque",
        "0.8.8",
        "622f3fc73690be383c7214310406f28a90e6edeadc3cea882f9d71e495b9711a",
    ),
    registry(
        "crossbeam-epoch",
        "0.9.21",
        "dc74980687109a3b14c72fd458107bf0baa1da1a1a805e178d15501ba9b86d9d",
    ),
    Suite {
        short: Some(TESTS),
        ..registry(
            "parking_lot",
            "0.13.0",
            "a9cf937ca4e1d0b7578784559063422fc39ae7c5a00f02471f2614d5486fd226",
        )
    },
    Suite {
        left_out: &[
            precise("recv_timeout"),
            precise("recv_deadline"),
            precise("send_timeout"),
        ],
        ..registry(
            "flume",
            "0.12.0",
            "5e139bc46ca777eb5efaf62df0ab8cc5fd400866427e56c68b22e414e53bd3be",
        )
    },
    registry(
        "rayon",
        "1.12.0",
        "fb39b166781f92d482534ef4b4b1b2568f42613b53e5b6c160e24cfbfa30926d",
    ),
    registry(
        "rayon-core",
        "1.13.0",
        "22e18b0f0062d30d4230b2e85ff77fdfe4326feb054b9783a3460d8435c8ab91",
    ),
    registry(
        "polling",
        "3.11.0",
        "5d0e4f59085d47d8241c88ead0f274e8a0cb551f3625263c05eb8dd897c34218",
    ),
    registry(
        "async-io",
        "2.6.0",
        "456b8a8feb6f42d237746d4b3e9a178494627745c3c56c6ea55d92ba50d026fc",
    ),
    Suite {
        // The locked one does not compile any more.
        update: &["rustc-serialize"],
        ..registry(
            "tiny_http",
            "0.12.0",
            "389915df6413a2e74fb181895f933386023c71110878cd0825588928e64cdc82",
        )
    },
    registry(
        "ureq",
        "3.5.2",
        "3ac5cecf619ca81f66a96482db09687c9f7465af65f4300a8c30cca05bd5a59d",
    ),
    registry(
        "jobserver",
        "0.1.35",
        "1c00acbd29eabad4a2392fa0e921c874934dbbf4194312ad20f04a0ed67a3cb3",
    ),
    Suite {
        args: &["--lib", "--test", "default", "--test", "shutdown"],
        left_out: &[LeftOut {
            program: "tests/iterator.rs",
            test: "all",
            why: "does not compile: needs a package that the published manifest lacks",
        }],
        ..registry(
            "signal-hook",
            "0.4.6",
            "49f7447afd772ca79ad17ae0a3972a6b0df0cb4b80990fd82707593e9e012a74",
        )
    },
    Suite {
        // The tests use packages that use tokio, and must use this one.
        manifest: "[patch.crates-io]\ntokio = { path = \".\" }\n",
        update: &["tokio@1.54.0"],
        args: &["--lib", "--tests", "--features", "full,test-util"],
        ..registry(
            "tokio",
            "1.54.1",
            "b52fd3255258d26fac7264ab5a76b53c13367136dc011d3d6ad4f8ed070396a3",
        )
    },
    Suite {
        args: &["--lib", "--tests", "--features", "bundled"],
        ..registry(
            "rusqlite",
            "0.38.0",
            "f1c93dd1c9683b438c392c492109cb702b8090b2bfc8fed6f6e4eb4523f17af3",
        )
    },
];
