//! Starting goroutines: `go`, `spawn` and the `Builder` behind both.

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
}

impl Builder {
    /// The program's defaults.
    pub const fn new() -> Self {
        Self { stack_size: 0 }
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
        crate::go::start(f, self.stack_size);
    }

    /// As the function [`spawn`].
    #[cfg(feature = "std")]
    #[inline(always)]
    pub fn spawn<F, T>(self, f: F) -> crate::JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        crate::join::start(f, self.stack_size)
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
        scope.start(f, self.stack_size)
    }
}
