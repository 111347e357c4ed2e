//! The CPU limit of the process's cgroup and its ancestors: what GOMAXPROCS defaults to in a container, as in Go 1.25+.
//!
//! Pure text handling over a reader of files, so that tests give it trees. Handles cgroup v2 (`cpu.max`) and v1 (`cpu.cfs_quota_us`,
//! `cpu.cfs_period_us`); see cgroups(7).

/// Longest path that is looked at.
const PATH: usize = 1024;

/// Reads small files. `path` is NUL-terminated.
pub trait Files {
    /// The beginning of a file.
    fn read<'a>(&mut self, path: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]>;
}

/// A limit in CPUs, as quota and period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    quota: u64,
    period: u64,
}

impl Limit {
    /// The number of Ps that can use it: rounded up, and at least 2, as Go decides.
    fn procs(self) -> u32 {
        u32::try_from(self.quota.div_ceil(self.period))
            .unwrap_or(u32::MAX)
            .max(2)
    }
}

/// GOMAXPROCS for this machine and cgroup: the CPUs, or less when a limit says so.
pub fn gomaxprocs(ncpu: u32, files: &mut impl Files) -> u32 {
    limit(files).map_or(ncpu, |limit| limit.procs().min(ncpu))
}

/// The tightest limit on the way from the process's cgroup to the root.
fn limit(files: &mut impl Files) -> Option<Limit> {
    let mut cgroup = [0; 4096];
    let cgroup = files.read(b"/proc/self/cgroup\0", &mut cgroup)?;
    let mut mounts = [0; 16384];
    let mounts = files.read(b"/proc/self/mountinfo\0", &mut mounts)?;
    let v1 = hierarchy(cgroup, Version::V1)
        .and_then(|path| Some((Version::V1, path, mount(mounts, Version::V1)?)));
    let v2 = || {
        hierarchy(cgroup, Version::V2)
            .and_then(|path| Some((Version::V2, path, mount(mounts, Version::V2)?)))
    };
    let (version, path, mount) = v1.or_else(v2)?;
    // A path outside the mounted part of the hierarchy (a container without its own cgroup namespace) starts at the mount.
    let relative = if mount.root == b"/" {
        path
    } else {
        path.strip_prefix(mount.root).unwrap_or(b"")
    };
    tightest(version, mount.point, relative, files)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// The path of the process in the hierarchy with the CPU controller, from /proc/self/cgroup: lines `id:controllers:path`.
fn hierarchy(text: &[u8], version: Version) -> Option<&[u8]> {
    lines(text).find_map(|line| {
        let mut fields = line.splitn(3, |&b| b == b':');
        let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let ours = match version {
            Version::V1 => controllers.split(|&b| b == b',').any(|c| c == b"cpu"),
            Version::V2 => id == b"0" && controllers.is_empty(),
        };
        ours.then_some(path)
    })
}

struct Mount<'a> {
    root: &'a [u8],
    point: &'a [u8],
}

/// Where that hierarchy is mounted, from /proc/self/mountinfo: `id parent major:minor root point options... - type source super`.
fn mount(text: &[u8], version: Version) -> Option<Mount<'_>> {
    lines(text).find_map(|line| {
        let split = line.windows(3).position(|w| w == b" - ")?;
        let mut head = line[..split].split(|&b| b == b' ').skip(3);
        let (root, point) = (head.next()?, head.next()?);
        let mut tail = line[split + 3..].split(|&b| b == b' ');
        let (kind, options) = (tail.next()?, tail.nth(1)?);
        let ours = match version {
            Version::V1 => kind == b"cgroup" && options.split(|&b| b == b',').any(|o| o == b"cpu"),
            Version::V2 => kind == b"cgroup2",
        };
        ours.then_some(Mount { root, point })
    })
}

fn tightest(
    version: Version,
    point: &[u8],
    mut path: &[u8],
    files: &mut impl Files,
) -> Option<Limit> {
    let mut best: Option<Limit> = None;
    loop {
        while let [rest @ .., b'/'] = path {
            path = rest;
        }
        if let Some(limit) = read_limit(version, &[point, path], files) {
            let tighter = best.is_none_or(|b| {
                u128::from(limit.quota) * u128::from(b.period)
                    < u128::from(b.quota) * u128::from(limit.period)
            });
            best = if tighter { Some(limit) } else { best };
        }
        if path.is_empty() {
            return best;
        }
        path = &path[..path.iter().rposition(|&b| b == b'/').unwrap_or(0)];
    }
}

fn read_limit(version: Version, dir: &[&[u8]; 2], files: &mut impl Files) -> Option<Limit> {
    let mut read = |name: &[u8], out: &mut [u8; 64]| -> Option<usize> {
        let mut path = [0; PATH];
        let len = join(&[dir[0], dir[1], name], &mut path)?;
        files.read(&path[..len], out).map(<[u8]>::len)
    };
    let (mut a, mut b) = ([0; 64], [0; 64]);
    let limit = match version {
        Version::V2 => {
            let len = read(b"/cpu.max\0", &mut a)?;
            let mut words = a[..len].trim_ascii().split(|&c| c == b' ');
            Limit {
                quota: number(words.next()?)?,
                period: number(words.next()?)?,
            }
        }
        Version::V1 => {
            let quota = read(b"/cpu.cfs_quota_us\0", &mut a)?;
            let period = read(b"/cpu.cfs_period_us\0", &mut b)?;
            Limit {
                quota: number(a[..quota].trim_ascii())?,
                period: number(b[..period].trim_ascii())?,
            }
        }
    };
    (limit.period > 0 && limit.quota > 0).then_some(limit)
}

fn join(parts: &[&[u8]], out: &mut [u8; PATH]) -> Option<usize> {
    let mut at = 0;
    for part in parts {
        out.get_mut(at..at + part.len())?.copy_from_slice(part);
        at += part.len();
    }
    Some(at)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&b| b == b'\n')
}

/// A decimal number; `max` and `-1` (no limit) are none.
fn number(text: &[u8]) -> Option<u64> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(&'static [(&'static str, &'static str)]);

    impl Files for Tree {
        fn read<'a>(&mut self, path: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
            let path =
                core::str::from_utf8(path.strip_suffix(b"\0").expect("terminated")).expect("utf-8");
            let text = self.0.iter().find(|(name, _)| *name == path)?.1.as_bytes();
            buffer[..text.len()].copy_from_slice(text);
            Some(&buffer[..text.len()])
        }
    }

    const V2_MOUNT: (&str, &str) = (
        "/proc/self/mountinfo",
        "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n",
    );

    fn check(tree: &'static [(&'static str, &'static str)], ncpu: u32, expect: u32) {
        assert_eq!(gomaxprocs(ncpu, &mut Tree(tree)), expect);
    }

    #[test]
    fn no_cgroup_means_all_cpus() {
        check(&[], 8, 8);
    }

    #[test]
    fn an_ancestor_may_be_tighter_than_the_leaf() {
        check(
            &[
                ("/proc/self/cgroup", "0::/a/b\n"),
                V2_MOUNT,
                ("/sys/fs/cgroup/a/b/cpu.max", "600000 100000\n"),
                ("/sys/fs/cgroup/a/cpu.max", "350000 100000\n"),
                ("/sys/fs/cgroup/cpu.max", "max 100000\n"),
            ],
            16,
            4,
        );
    }

    #[test]
    fn a_limit_below_two_counts_as_two_and_never_more_than_the_cpus() {
        check(
            &[
                ("/proc/self/cgroup", "0::/a\n"),
                V2_MOUNT,
                ("/sys/fs/cgroup/a/cpu.max", "50000 100000\n"),
            ],
            16,
            2,
        );
        check(
            &[
                ("/proc/self/cgroup", "0::/a\n"),
                V2_MOUNT,
                ("/sys/fs/cgroup/a/cpu.max", "50000 100000\n"),
            ],
            1,
            1,
        );
    }

    #[test]
    fn version_one_has_two_files_and_minus_one_for_no_limit() {
        const MOUNT: (&str, &str) = (
            "/proc/self/mountinfo",
            "31 24 0:27 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
        );
        check(
            &[
                ("/proc/self/cgroup", "4:cpu,cpuacct:/x\n"),
                MOUNT,
                ("/cg/cpu/x/cpu.cfs_quota_us", "250000\n"),
                ("/cg/cpu/x/cpu.cfs_period_us", "100000\n"),
            ],
            8,
            3,
        );
        check(
            &[
                ("/proc/self/cgroup", "4:cpu,cpuacct:/x\n"),
                MOUNT,
                ("/cg/cpu/x/cpu.cfs_quota_us", "-1\n"),
                ("/cg/cpu/x/cpu.cfs_period_us", "100000\n"),
            ],
            8,
            8,
        );
    }

    #[test]
    fn hostile_text_is_no_limit() {
        check(
            &[
                ("/proc/self/cgroup", "0::/a\n"),
                V2_MOUNT,
                ("/sys/fs/cgroup/a/cpu.max", "1 0\n"),
            ],
            8,
            8,
        );
        check(
            &[
                ("/proc/self/cgroup", "::::\n\n0:\n"),
                ("/proc/self/mountinfo", " - \n- - -\n"),
            ],
            8,
            8,
        );
    }
}
