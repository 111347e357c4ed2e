//! Why a context is done.

use core::error;
use core::fmt;
use std::sync::Arc;

/// Why a context is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    /// Its handle, or that of a context above, cancelled it.
    Canceled,
    /// Its deadline has passed.
    DeadlineExceeded,
}

/// What was to be told to whoever asks why: any error, shared by the contexts that it ended.
pub type Cause = Arc<dyn error::Error + Send + Sync + 'static>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Canceled => "context canceled",
            Self::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl error::Error for Error {}
