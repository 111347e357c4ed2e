//! Names from a static program: the fixture `names` looks them up in a machine that the test makes, with an /etc and DNS servers of its own (fixture `nameserver`), in namespaces of users, mounts and networks.
//!
//! The same program, built by plain cargo, does it with glibc, and one in Go without cgo with Go's resolver: where they agree with what is promised, they must say the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gobuild_tests::go;
use gobuild_tests::process::{BUILD, Outcome, RUN, run, run_with_input, says};
use gobuild_tests::tool;
use tempfile::TempDir;

/// The program, as it is built in different ways, and the servers.
struct Built {
    ours: PathBuf,
    on_goroutines: PathBuf,
    glibcs: PathBuf,
    servers: PathBuf,
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let make = |fixture: &str, kind: &str, mut build: Command| {
            let target = tool::scratch().join("names").join(kind);
            build.args(["build", "--locked"]);
            if kind == "goroutines" {
                build.args(["--std", "goroutines"]);
            }
            _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
            target.join("debug").join(fixture)
        };
        let source = |fixture: &str| tool::root().join("tests/fixtures").join(fixture);
        let gobuild = || tool::gobuild(&source("names"));
        let cargo = |fixture: &str| tool::cargo(&source(fixture));
        Built {
            ours: make("names", "gobuild", gobuild()),
            on_goroutines: make("names", "goroutines", gobuild()),
            glibcs: make("names", "cargo", cargo("names")),
            servers: make("nameserver", "cargo", cargo("nameserver")),
        }
    })
}

/// Go's.
fn gos() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let exe = tool::scratch().join("names-in-go");
        let mut build = go::command(&tool::root().join("tests/fixtures/names/go"));
        build.env("CGO_ENABLED", "0").args(["build", "-o"]);
        _ = run(build.arg(&exe).arg("."), BUILD).ok();
        exe
    })
}

/// A machine: what is in its /etc.
struct Machine(TempDir);

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n# a comment\nme:x:1000:1000:Me Myself,,,:/home/me:/bin/zsh\n\n\
    nouid:x:a:1:::\nshort:x:7:8\nother:x:12345:12345::/home/other:\n";
const GROUP: &str =
    "root:x:0:\nmany:x:5:me,other, spaced,x\nempty:x:6\ntwo:x:7:me\nbad:x:x:me\nme:x:1000:\n";
const HOSTS: &str = "127.0.0.1 localhost\n::1 ip6-localhost\n192.0.2.50 web.hosts web # comment\n192.0.2.51 web.hosts\n\
    192.0.2.60 only4\n2001:db8::60 only6\n";
const SERVICES: &str =
    "http 80/tcp www\nhttp 80/udp\ndomain 53/tcp\ndomain 53/udp\nssh 22/tcp\nnfs 2049/udp\n";
const PROTOCOLS: &str = "ip 0 IP\ntcp 6 TCP\nudp 17 UDP\n";
/// Debian's, but for the third one.
const NSSWITCH: &str = "passwd: files systemd sss\ngroup: files systemd\nhosts: files dns\n";
const RESOLV: &str = "nameserver 127.0.0.1\nsearch search.example\noptions timeout:1 attempts:2\n";

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().expect("temporary directory"));
        fs::create_dir(machine.0.path().join("etc")).expect("create directory");
        for (name, text) in [
            ("passwd", PASSWD),
            ("group", GROUP),
            ("hosts", HOSTS),
            ("services", SERVICES),
            ("protocols", PROTOCOLS),
            ("nsswitch.conf", NSSWITCH),
            ("resolv.conf", RESOLV),
            ("host.conf", "multi on\n"),
        ] {
            machine.file(name, text);
        }
        machine
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.0.path().join("etc").join(name), text).expect("write file");
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.0.path().join("etc").join(name)).expect("remove file");
    }

    /// Runs a command there, with the servers. None where the kernel grants no namespaces.
    fn run(&self, command: &[&Path], env: &[(&str, &str)], input: &str) -> Option<Outcome> {
        let namespaces = ["--map-root-user", "--net", "--mount"];
        let granted = Command::new("unshare")
            .args(namespaces)
            .arg("true")
            .status();
        if !granted.is_ok_and(|status| status.success()) {
            println!("no namespaces here: nothing can be looked up in a machine of our own");
            return None;
        }
        let script = "mount -t tmpfs none /etc && cp -r \"$0\"/etc/. /etc/ && exec \"$@\"";
        let mut outer = Command::new("unshare");
        outer.args(namespaces).args(["sh", "-c", script]);
        outer.arg(self.0.path()).arg(&built().servers);
        outer.arg(self.0.path().join("log")).args(command);
        tool::clean(&mut outer);
        outer.env_remove("HOME").envs(env.iter().copied());
        Some(run_with_input(&mut outer, input.as_bytes(), RUN))
    }

    /// What the servers were asked, in order of the lines' text.
    fn asked(&self) -> Vec<String> {
        let log = fs::read_to_string(self.0.path().join("log")).expect("a log");
        let mut lines: Vec<_> = log.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Our program says this to these commands, which is given as `> command` and lines below it; on goroutines, too.
    #[track_caller]
    fn says(&self, expect: &str) {
        let expect = expect.trim_start().replace("\n    ", "\n");
        let commands = expect.lines().filter_map(|line| line.strip_prefix("> "));
        let input: String = commands.map(|line| format!("{line}\n")).collect();
        for exe in [&built().ours, &built().on_goroutines] {
            let Some(outcome) = self.run(&[exe], &[], &input) else {
                return;
            };
            let outcome = outcome.ok();
            assert_eq!(outcome.out().trim_end(), expect.trim_end());
            assert_eq!(outcome.err(), "");
        }
    }

    /// Our program says what that one says.
    #[track_caller]
    fn same(&self, other: &Path, input: &str) {
        let Some(theirs) = self.run(&[other], &[], input) else {
            return;
        };
        let theirs = theirs.ok();
        for exe in [&built().ours, &built().on_goroutines] {
            let ours = self.run(&[exe], &[], input).expect("granted").ok();
            assert_eq!(ours.out(), theirs.out());
            assert_eq!(ours.err(), "");
        }
    }
}

const USERS: &str = "home\nuser root\nuser me\nuser nobodyhere\nuser short\nuser me room=10\nuser nouid\nuid 12345\nuid 77\nusers\n\
    group many\ngroup empty\ngroup many room=20\ngid 7\ngid 99\ngroups\ngroupsof me 1000\ngroupsof other 12345\ngroupsof nobody 1\n\
    who me\nwho nobodyhere\nmembers two\n";

#[test]
fn users_are_those_of_the_files() {
    let machine = Machine::new();
    machine.file("nsswitch.conf", "passwd: files\ngroup: files\n");
    machine.same(&built().glibcs, USERS);
    machine.same(
        gos(),
        "who me\nwho root\nwho nobodyhere\nwho nouid\nmembers two\nmembers bad\nmembers nope\n",
    );
}

/// glibc would load the modules, and die of them.
#[test]
fn modules_of_the_machine_are_not_loaded() {
    let machine = Machine::new();
    let Some(outcome) = machine.run(&[&built().ours], &[], USERS) else {
        return;
    };
    let with_modules = outcome.ok().out();
    machine.file("nsswitch.conf", "passwd: files\ngroup: files\n");
    let without = machine.run(&[&built().ours], &[], USERS).expect("granted");
    assert_eq!(with_modules, without.ok().out());
}

#[test]
fn glibcs_own_way_is_there_when_it_is_asked_for() {
    let machine = Machine::new();
    machine.file(
        "nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files\n",
    );
    // The last line of another program's file is what only glibc reads so.
    machine.file("passwd", "+nis\n");
    for (value, expect) in [
        ("osuser=go", ""),
        ("osuser=cgo", "+nis:null:0:0:null:null:null\n"),
        ("osuser=cgo,osuser=go", ""),
    ] {
        let env = [("GODEBUG", value)];
        let Some(outcome) = machine.run(&[&built().ours], &env, "users\n") else {
            return;
        };
        assert_eq!(
            outcome.ok().out(),
            format!("> users\n{expect}{expect}"),
            "{value}"
        );
    }
    // To glibc `x.localhost` is a name as any other.
    for (value, expect) in [
        ("netdns=go", "127.0.0.1 ::1"),
        ("netdns=cgo", "none"),
        ("netdns=1+cgo", "none"),
        ("netdns=cgo,netdns=go", "127.0.0.1 ::1"),
    ] {
        let env = [("GODEBUG", value)];
        let outcome = machine
            .run(&[&built().ours], &env, "ips x.localhost\n")
            .expect("granted");
        assert_eq!(
            outcome.ok().out(),
            format!("> ips x.localhost\n{expect}\n"),
            "{value}"
        );
    }
}

#[test]
fn the_order_is_shown_when_it_is_asked_for() {
    let machine = Machine::new();
    machine.file("nsswitch.conf", "hosts: dns files\n");
    let env = [("GODEBUG", "netdns=go+2")];
    let Some(outcome) = machine.run(&[&built().ours], &env, "ips both.example\nips 1.2.3.4\n")
    else {
        return;
    };
    assert_eq!(
        outcome.ok().err(),
        "go package net: using the Go DNS resolver\ngo package net: hostLookupOrder(both.example) = dns,files\n"
    );
}

/// Flags, kinds of sockets, numbers and the files: everything that needs no server.
#[test]
fn addresses_are_as_glibcs() {
    let lines = "host localhost\nhost localhost type=1\nhost localhost family=4 type=1 flags=2\nhost web type=1 flags=2\n\
        host web family=4\nhost only4 type=1\nhost only6 type=2\nhost 127.1 type=2 service=53 flags=2\nhost ::1 service=http\n\
        host - service=http type=1\nhost - service=http type=1 flags=1\nhost - service=80\nhost - service=80 family=6\nhost - service=nosuch\n\
        host - service=nosuch type=1\nhost - service=nfs type=1\nhost - service=nfs\nhost - service=www\nhost - service=http flags=1024\n\
        host 1.2.3.4 family=6\nhost 1.2.3.4 family=6 flags=8 type=1\nhost ::1 family=4\nhost ::ffff:1.2.3.4 family=4 type=1\n\
        host localhost flags=4\nhost 1.2.3.4 type=3\nhost 1.2.3.4 type=3 protocol=1\nhost 1.2.3.4 type=3 service=80\nhost 1.2.3.4 type=5\n\
        host 1.2.3.4 type=9\nhost 1.2.3.4 protocol=99\nhost 1.2.3.4 protocol=17\nhost 1.2.3.4 protocol=132\nhost 1.2.3.4 type=1 protocol=17\n\
        host 1.2.3.4 flags=4096\nhost 1.2.3.4 family=1\nhost - -\nhost * service=80\nhost 1.2.3.4 service=*\nhost - flags=2 service=80\n\
        host fe80::1%lo type=1\nhost fe80::1%1 type=1\nhost fe80::1%nope type=1\nhost only4 family=6 flags=8 type=1\n\
        host 1.2.3.4 hints=none\nhost localhost hints=none\nhost localhost flags=32 family=6\nhost localhost flags=32 family=4\n\
        host - service=99999 type=1\nhost 1.2.3.4 service=http protocol=17\n\
        service http tcp\nservice www\nservice nosuch\nservice nfs\nport 80 udp\nport 80\nport 1\nprotocol tcp\nprotocol UDP\nprotocol 0\n\
        protocol nosuch\ninfo 127.0.0.1 80\ninfo 127.0.0.1 80 flags=3\ninfo 192.0.2.50 2049 flags=16\ninfo 192.0.2.50 2049 flags=16 room=4\n\
        info 192.0.2.50 2049 flags=32768\ninfo fe80::1 53 scope=1 flags=1\ninfo ff02::1 53 scope=99 flags=1\nold web\nold only6 family=6\n\
        old 1.2.3.4\nold ::1\nback 127.0.0.1\nback 192.0.2.50\nstd web:80\nstd 1.2.3.4:99\n";
    Machine::new().same(&built().glibcs, lines);
}

#[test]
fn servers_are_asked_as_glibc_and_go_do() {
    let machine = Machine::new();
    machine.same(
        &built().glibcs,
        "host v4.example type=1\nhost v6.example type=1\nhost alias.example type=1 flags=2 family=4\nhost ALIAS.example. type=1 flags=2 family=4\n\
         host host type=1 flags=2\nhost missing.example type=1\nhost servfail.example type=1\nhost refused.example type=1\nhost silent.example type=1\n\
         host half.example type=1\nhost big.example type=1 family=4\nhost a..b type=1\nhost -x type=1\nhost 256.1.1.1 type=1\nhost a.onion type=1\n\
         info 192.0.2.1 80\ninfo 192.0.2.9 80\ninfo 192.0.2.9 80 flags=8\ninfo 2001:db8::7 80\nold alias.example\nold both.example family=6\n\
         old missing.example\nold servfail.example\nback 192.0.2.1\nback 192.0.2.9\nstd v4.example:80\nstd missing.example:80\nstd servfail.example:80\n",
    );
    machine.same(
        gos(),
        "ips both.example\nips v4.example\nips v6.example\nips alias.example\nips host\nips nothing.example\nips missing.example\nips text.example\n\
         ips servfail.example\nips refused.example\nips half.example\nips mixed.example\nips forged.example\nips truncated.example\nips big.example\n\
         ips a..b\nips -x\nips a.onion\nips localhost\nips web.hosts\nips only4\nips 1.2.3.4\nips ::1\n\
         portof http tcp\nportof nosuch tcp\nportof nfs udp\nportof imaps tcp\n",
    );
}

/// What others do not promise.
#[test]
fn answers_are_checked() {
    let machine = Machine::new();
    machine.says(
        "
    > ips forged.example
    192.0.2.1 2001:db8::1
    > ips garbage.example
    192.0.2.1 2001:db8::1
    > host selfloop.example type=1 family=4 flags=2
    192.0.2.1:0 16 1 6 selfloop.example
    > info 192.0.2.3 80
    fine.example http
    > host nothing.example. type=1
    error -5
    > host both.example type=1 flags=4
    error -2
    > ips x.localhost
    127.0.0.1 ::1
    > host web family=6
    error -5
    > ips missing.example.
    none
",
    );
    let asked = machine.asked();
    assert!(
        asked.iter().all(|line| line.contains(" edns -")),
        "{asked:#?}"
    );
    assert!(
        !asked.iter().any(|line| line.contains("localhost")),
        "{asked:#?}"
    );
    assert!(!asked.iter().any(|line| line.contains("web")), "{asked:#?}");
}

#[test]
fn the_next_server_is_asked_if_one_has_no_answer() {
    for broken in ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"] {
        let machine = Machine::new();
        machine.file(
            "resolv.conf",
            &format!("nameserver {broken}\nnameserver 127.0.0.1\noptions timeout:1\n"),
        );
        machine.says("> ips both.example\n192.0.2.1 2001:db8::1\n> ips missing.example.\nnone\n");
    }
    let machine = Machine::new();
    machine.file(
        "resolv.conf",
        "nameserver 127.0.0.2\nnameserver 127.0.0.4\n",
    );
    machine.says("> host both.example type=1\nerror -3\n");
    machine.file(
        "resolv.conf",
        "nameserver 127.0.0.3\noptions timeout:1 attempts:1\n",
    );
    machine.says("> host both.example type=1\nerror -3\n");
}

#[test]
fn options_of_the_file() {
    let machine = Machine::new();
    let asked = |options: &str, input: &str| {
        machine.file(
            "resolv.conf",
            &format!("nameserver 127.0.0.1\nnameserver ::1\n{options}\n"),
        );
        let outcome = machine.run(&[&built().ours], &[], input)?;
        Some((outcome.ok().out(), machine.asked().join("\n")))
    };
    let one = "host v4.example type=1 family=4\n";
    let Some((out, log)) = asked("options use-vc trust-ad", one) else {
        return;
    };
    assert_eq!(out, format!("> {one}192.0.2.4:0 16 1 6 null\n"));
    assert_eq!(log, "127.0.0.1 tcp v4.example TYPE(A) edns ad");
    let (_, log) = asked("options rotate", &one.repeat(2)).expect("granted");
    assert_eq!(
        log,
        "127.0.0.1 udp v4.example TYPE(A) edns -\n::1 udp v4.example TYPE(A) edns -"
    );
    let (out, log) = asked(
        "search x search.example\noptions ndots:3 single-request",
        "host host type=1\n",
    )
    .expect("granted");
    assert_eq!(out, "> host host type=1\n192.0.2.7:0 16 1 6 null\n");
    assert_eq!(log.lines().count(), 4, "{log}");
    assert!(
        log.contains("host.x ") && log.contains("host.search.example "),
        "{log}"
    );
    let (out, log) = asked("", "host truncated.example type=1 family=4\n").expect("granted");
    assert_eq!(
        out,
        "> host truncated.example type=1 family=4\n192.0.2.4:0 16 1 6 null\n"
    );
    assert_eq!(
        log,
        "127.0.0.1 tcp truncated.example TYPE(A) edns -\n127.0.0.1 udp truncated.example TYPE(A) edns -"
    );
    let env = [("GODEBUG", "netedns0=0")];
    let outcome = machine.run(&[&built().ours], &env, one).expect("granted");
    _ = outcome.ok();
    assert_eq!(
        machine.asked(),
        ["127.0.0.1 udp v4.example TYPE(A) plain -"]
    );
}

#[test]
fn sources_that_cannot_be_asked_are_passed_over() {
    let machine = Machine::new();
    for (line, expect) in [
        (
            "mymachines resolve [!UNAVAIL=return] files myhostname dns",
            "192.0.2.4",
        ),
        ("files mdns4_minimal [NOTFOUND=return] dns", "192.0.2.4"),
        ("files resolve", "192.0.2.4"),
        ("files", "none"),
    ] {
        machine.file("nsswitch.conf", &format!("hosts: {line}\n"));
        machine.says(&format!(
            "> ips v4.example\n{expect}\n> ips only4\n192.0.2.60\n"
        ));
    }
    machine.file("nsswitch.conf", "hosts: dns\n");
    machine
        .says("> ips only4\nnone\n> ips v4.example\n192.0.2.4\n> ips localhost\n127.0.0.1 ::1\n");
}

#[test]
fn files_may_be_missing_huge_or_nonsense() {
    let machine = Machine::new();
    for name in [
        "passwd",
        "group",
        "hosts",
        "services",
        "protocols",
        "nsswitch.conf",
        "resolv.conf",
        "host.conf",
    ] {
        machine.remove(name);
    }
    machine.says(
        "
    > home
    None
    > who me
    none
    > groupsof me 5
    1 1 [5]
    1 1 [5]
    > ips localhost
    127.0.0.1 ::1
    > ips v4.example
    192.0.2.4
    > portof http tcp
    80
    > protocol tcp
    tcp [\"TCP\"] 6
",
    );
    let line = "x".repeat(3 << 20);
    let users: String = (0..100_000)
        .map(|i| format!("u{i}:x:{i}:{i}::/home/u{i}:/bin/sh\n"))
        .collect();
    machine.file("passwd", &format!("{line}\n:::::\n\0:x:1:1\n{users}{line}"));
    let members: String = (0..20_000).map(|i| format!("member{i},")).collect();
    machine.file("group", &format!("{line}\nlarge:x:9:{members}me\n"));
    let addresses: String = (0..2000)
        .map(|i| format!("10.0.{}.{} crowd\n", i / 256, i % 256))
        .collect();
    machine.file("hosts", &format!("{line}\n\0\n1.2.3.4\n::g x\n{addresses}"));
    machine.says(
        "
    > who u99999
    99999 99999 /home/u99999
    > who u100000
    none
    > groupsof me 5
    -1 2 [5]
    2 2 [5, 9]
    > members large
    9
",
    );
    let Some(crowd) = machine.run(&[&built().ours], &[], "host crowd type=1\n") else {
        return;
    };
    assert_eq!(crowd.ok().out().lines().count(), 1 + 512);
}

/// A root directory with nothing but the program and resolv.conf, and then without that.
#[test]
fn an_empty_root_is_enough() {
    let machine = Machine::new();
    let root = machine.0.path().join("root");
    fs::create_dir_all(root.join("etc")).expect("create directory");
    fs::copy(&built().ours, root.join("names")).expect("copy the program");
    let chroot = [Path::new("chroot"), &root, Path::new("/names")];
    let input = "home\nips v4.example\nips localhost\nhost - service=https type=1\nuser root\n";
    let expect = "> home\nNone\n> ips v4.example\n192.0.2.4\n> ips localhost\n127.0.0.1 ::1\n> host - service=https type=1\n\
        [::1]:443 28 1 6 null\n127.0.0.1:443 16 1 6 null\n> user root\nnone\nnone\n";
    for resolv in [Some("nameserver ::1\n"), None] {
        match resolv {
            Some(text) => fs::write(root.join("etc/resolv.conf"), text).expect("write file"),
            None => fs::remove_dir_all(root.join("etc")).expect("remove directory"),
        }
        let Some(outcome) = machine.run(&chroot, &[], input) else {
            return;
        };
        assert_eq!(outcome.ok().out(), expect, "{resolv:?}");
    }
}

#[test]
fn a_thousand_goroutines_that_resolve_keep_a_handful_of_threads() {
    let machine = Machine::new();
    // The servers' socket buffer does not hold so many questions at once.
    machine.file(
        "resolv.conf",
        "nameserver 127.0.0.1\noptions timeout:1 attempts:10\n",
    );
    let input = "many 1000 slow.example\n";
    for (value, threads) in [("", "a handful of threads"), ("std=-net", "a thread each")] {
        let env = [("GODEBUG", value)];
        let Some(outcome) = machine.run(&[&built().on_goroutines], &env, input) else {
            return;
        };
        assert_eq!(
            outcome.ok().out(),
            format!("> {input}1000 found, {threads}\n")
        );
    }
}

/// The modules do crash it: so the test above tests something. Where they are not installed, there is nothing to see.
#[test]
fn glibc_says_what_it_did() {
    let machine = Machine::new();
    let env = [("GODEBUG", "osuser=cgo")];
    let Some(outcome) = machine.run(&[&built().ours], &env, "user nobodyhere\n") else {
        return;
    };
    match outcome.status.code() {
        Some(0) => println!("libnss_systemd is not here, or it has been mended"),
        _ => says(&outcome, &["signal 11"]),
    }
}
