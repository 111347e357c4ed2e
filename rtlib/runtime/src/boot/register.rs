//! Which layer is above which: a layer calls those below it, and is called by them where it has registered (see ARCHITECTURE.md). That is done here, before anything else.

use crate::{netpoll, panic, pthread, signal, watch};

/// While there is one thread, which has not done anything yet.
pub fn all() {
    panic::register();
    #[cfg(debug_assertions)]
    crate::gmp::m::register();
    signal::register();
    netpoll::register_poller();
    pthread::register();
    watch::sysmon::register();
    watch::slow::register();
}
