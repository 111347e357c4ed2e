//! How an init function is called: by the exported function that `#[init]` and `#[var]` generate, on the main goroutine, one after
//! the other. A panic in it ends the program with its package named.

/// Calls one init function or one variable's initialiser.
#[cfg(feature = "std")]
pub(crate) fn run(init: impl FnOnce()) {
    crate::panics::names::tell();
    #[cfg(panic = "abort")]
    abort::name_package_of_panicking_init();
    if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(init)) {
        crate::goexit::end_main_if_meant(&*payload);
        crate::sys::init_panic(
            crate::panics::message(&*payload),
            (&raw const *payload).cast(),
        );
    }
}

/// Without std nothing unwinds: a panic ends in the program's panic handler.
#[cfg(not(feature = "std"))]
pub(crate) fn run(init: impl FnOnce()) {
    init();
}

/// With `panic = "abort"` nothing is caught, so the package is named from a panic hook.
#[cfg(all(feature = "std", panic = "abort"))]
mod abort {
    use std::boxed::Box;
    use std::panic;
    use std::sync::Once;

    use crate::{goroutine, panics, sys};

    const MAIN_GOROUTINE: u64 = 1;

    /// Puts a hook behind the present one, once. An init that replaces the hook loses the package's name, nothing else.
    pub(super) fn name_package_of_panicking_init() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let previous = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                previous(info);
                if is_init() {
                    sys::init_panic(panics::message_of(info), core::ptr::null());
                }
            }));
        });
    }

    fn is_init() -> bool {
        sys::current_init().is_some()
            && goroutine::current().is_some_and(|goroutine| goroutine.id() == MAIN_GOROUTINE)
    }
}
