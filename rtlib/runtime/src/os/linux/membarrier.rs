//! membarrier(2), Linux 4.14: the commands that the runtime uses. The crate of the kernel's numbers has these only as an enum.

use super::sys::__NR_membarrier;
use super::{Errno, call};

const QUERY: usize = 0;
const PRIVATE_EXPEDITED: usize = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED: usize = 1 << 4;

/// Whether the system says that it has the commands below: one that answers 0 to everything has not.
pub fn is_known() -> bool {
    const NEEDED: usize = PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED;
    command(QUERY).is_ok_and(|known| known & NEEDED == NEEDED)
}

/// Before [`expedited`]. Costs milliseconds once there are threads; before, nothing.
pub fn register() -> Result<(), Errno> {
    command(REGISTER_PRIVATE_EXPEDITED).map(drop)
}

/// When this returns, every thread of the process has passed a full memory barrier since it was called.
pub fn expedited() -> Result<(), Errno> {
    command(PRIVATE_EXPEDITED).map(drop)
}

fn command(command: usize) -> Result<usize, Errno> {
    // SAFETY: no memory is involved.
    unsafe { call(__NR_membarrier, [command, 0, 0, 0, 0, 0]) }
}
