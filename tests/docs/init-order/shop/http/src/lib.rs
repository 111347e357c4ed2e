//! No inits, and a dependency that has some.

use storage as _;
