//! Starting goroutines: `go`, `spawn` and the `Builder` behind both.

use rtlib_abi::api;

use crate::sys;

/// Starts a goroutine that nobody waits for, as Go's `go` statement.
///
/// An unrecovered panic in it ends the program: `panic: …`, the goroutine, exit status 2. (With `panic = "abort"` a panic aborts
/// there, as everywhere.) To get at a result or a panic use [`spawn`].
///
/// ```no_run,standalone_crate
/// rtlib::go(|| println!("hello from goroutine {}", rtlib::current().unwrap().id()));
/// rtlib::yield_now();
/// ```
#[inline(always)]
pub fn go<F>(f: F)
where
    F: FnOnce() + Send + 'static,
{
    Builder::new().go(f);
}

/// Starts a goroutine and returns a handle to wait for its result: `std::thread::spawn`, for goroutines.
///
/// A panic in it is caught, and is what [`join`](crate::JoinHandle::join) returns as an error.
///
/// ```no_run,standalone_crate
/// let sum = rtlib::spawn(|| (1..=100).sum::<u32>());
/// assert_eq!(sum.join().unwrap(), 5050);
/// ```
#[cfg(feature = "std")]
#[inline(always)]
pub fn spawn<F, T>(f: F) -> crate::JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f)
}

/// Starts a goroutine with a stack of another size than the program's default.
///
/// ```no_run,standalone_crate
/// let deep = rtlib::Builder::new().stack_size(64 << 20).spawn(|| {
///     fn depth(n: u32) -> u32 {
///         if n == 0 { 0 } else { 1 + depth(n - 1) }
///     }
///     depth(500_000)
/// });
/// assert_eq!(deep.join().unwrap(), 500_000);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder starts nothing before `go` or `spawn`"]
pub struct Builder {
    stack_size: usize,
    name: Option<Name>,
}

impl Builder {
    /// The program's defaults.
    pub const fn new() -> Self {
        Self {
            stack_size: 0,
            name: None,
        }
    }

    /// What messages of panics, tracebacks, traces and gdb call the goroutine: of a name the first 15 bytes, as with threads of the kernel, and nothing from a NUL on.
    ///
    /// ```no_run,standalone_crate
    /// rtlib::Builder::new().name("accepts").go(|| { /* goroutine 7 [IO wait, "accepts"] */ });
    /// ```
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(Name::new(name));
        self
    }

    /// The size of the stack in bytes, rounded up to the next size class, of which the largest is 1 GiB; 0 is the program's default. Stacks are reserved, not
    /// allocated: a large one costs address space, and memory only as deep as it was used.
    pub const fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// As the function [`go`].
    #[inline(always)]
    pub fn go<F>(self, f: F)
    where
        F: FnOnce() + Send + 'static,
    {
        match self.name {
            None => crate::go::start(f, self.stack_size),
            Some(name) => crate::go::start(name.before(f), self.stack_size),
        }
    }

    /// As the function [`spawn`].
    #[cfg(feature = "std")]
    #[inline(always)]
    pub fn spawn<F, T>(self, f: F) -> crate::JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match self.name {
            None => crate::join::start(f, self.stack_size),
            Some(name) => crate::join::start(name.before(f), self.stack_size),
        }
    }

    /// As [`Scope::spawn`](crate::Scope::spawn).
    #[cfg(feature = "std")]
    #[inline(always)]
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope crate::Scope<'scope, '_>,
        f: F,
    ) -> crate::ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        match self.name {
            None => scope.start(f, self.stack_size),
            Some(name) => scope.start(name.before(f), self.stack_size),
        }
    }
}

/// The name of a goroutine, as a C string.
#[derive(Clone, Copy, Debug)]
struct Name([u8; api::NAME_LEN]);

impl Name {
    /// Cut where a character ends.
    fn new(name: &str) -> Self {
        let name = name.split('\0').next().unwrap_or(name);
        let name = &name[..name.floor_char_boundary(api::NAME_LEN - 1)];
        let mut bytes = [0; api::NAME_LEN];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Self(bytes)
    }

    /// `f` on a goroutine that is called so.
    fn before<T>(self, f: impl FnOnce() -> T) -> impl FnOnce() -> T {
        #[cfg(feature = "std")]
        crate::panics::names::tell();
        move || {
            sys::set_name(self.0);
            #[cfg(feature = "std")]
            crate::panics::names::set(self.0);
            f()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_where_characters_end() {
        for (name, expect) in [
            ("short", &b"short"[..]),
            ("exactly-fifteen", b"exactly-fifteen"),
            ("more-than-fifteen-bytes", b"more-than-fifte"),
            ("fourteen-bytes\u{e9}", b"fourteen-bytes"),
            ("a\0b", b"a"),
            ("", b""),
        ] {
            let bytes = Name::new(name).0;
            assert_eq!(&bytes[..expect.len()], expect);
            assert!(
                bytes[expect.len()..].iter().all(|byte| *byte == 0),
                "{name}"
            );
        }
    }
}
